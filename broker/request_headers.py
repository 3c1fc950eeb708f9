"""Which headers of a client go out with its request, and with which credential.

outgoing(headers, target, credential) -> [(name, value)]      raises BadRequest, Denied
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from broker.egress_core import Target
from broker.errors import BadRequest, Denied

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,128}")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",  # said anew below, as the body's own end depends on it
        "upgrade",
        "expect",
        "http2-settings",
        "host",
        "accept-encoding",
        "via",
        "forwarded",
        "x-real-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-original-host",
    ]
)
_OVERRIDES = frozenset(("x-http-method-override", "x-http-method", "x-method-override"))
_LIKE_A_CREDENTIAL = frozenset(
    [
        "authorization",
        "cookie",
        "api-key",
        "x-api-key",
        "x-goog-api-key",
        "x-auth-token",
        "x-access-token",
        "x-amz-security-token",
    ]
)
_CUTTING = frozenset(("range", "if-range"))  # a part of an answer could end within the secret
_PREFIXES = ("x-forwarded-", "proxy-", "barnacle-")


class Secret(Protocol):
    """A value that shows itself only when it is asked to."""

    def reveal(self) -> str:
        """The value."""
        ...


@dataclass(frozen=True)
class Credential:
    """A secret and the one place that it may go to: exactly this scheme, host and port, in this header."""

    secret: Secret
    scheme: str
    host: str
    port: int
    header: str
    prefix: str = ""

    def fits(self, target: Target) -> bool:
        """Whether the target is the place."""
        return (self.scheme, self.host, self.port) == (target.scheme, target.host, target.port)


def outgoing(
    headers: Iterable[tuple[str, str]], target: Target, credential: Credential | None
) -> list[tuple[str, str]]:
    """The client's end-to-end headers, Host, and the coding that can be read; the credential is not among them yet."""
    listed = [(name.lower(), value) for name, value in headers]
    for name, value in listed:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadRequest("bad_request", "a header holds characters that no header may hold", "send plain text")
        if name in _OVERRIDES:
            raise BadRequest("bad_request", "a header asks for another method", "send the method itself")
    named = {each.strip().lower() for name, value in listed if name == "connection" for each in value.split(",")}
    if "content-length" in named:
        raise BadRequest("bad_request", "Connection names the body's length", "leave Content-Length out of it")
    dropped = _HOP | named
    if credential is not None:
        if not credential.fits(target):
            raise Denied(
                "bad_binding", f"the credential does not belong to {target.origin}", "see: barnacle secret list"
            )
        if any(name == credential.header.lower() for name, _ in listed):
            raise BadRequest("bad_request", f"the request brings its own {credential.header}", "leave the header out")
        dropped = dropped | _LIKE_A_CREDENTIAL | _CUTTING
    kept = [(name, value) for name, value in listed if name not in dropped and not name.startswith(_PREFIXES)]
    streamed = any(name == "accept" and "text/event-stream" in value for name, value in kept)
    coding = "identity" if streamed else "gzip, br"
    chunked = [("transfer-encoding", "chunked")] if any(name == "transfer-encoding" for name, _ in listed) else []
    return [("host", target.authority), ("accept-encoding", coding), *chunked, *kept]


def injected(credential: Credential) -> tuple[str, str]:
    """The header with the secret. Raises Denied when its value could end the header."""
    value = credential.prefix + credential.secret.reveal()
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise Denied(
            "bad_binding", "the credential holds characters that no header may hold", "store it again"
        ) from None
    return credential.header.lower(), value
