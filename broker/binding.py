"""A credential: a value together with the one place that it may go to, kept as one JSON entry of the keyring.

make_binding(name, …)        the binding of a well-known name, or the one that is given; raises BadRequest
encode(value, binding)       what the keyring holds;  decode(text) reads it back, strictly
"""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, cast

from broker import limits
from broker.egress_core import TargetError, parse_url
from broker.errors import BadRequest
from broker.request_headers import Credential
from broker.secret import Secret

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_HEADER = re.compile(r"[a-z0-9-]{1,64}")
_RESERVED = ("mqtt-password", "audit-key")
_FORBIDDEN_HEADERS = ("host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "expect")


@dataclass(frozen=True)
class Binding:
    """Scheme, host and port that the credential belongs to, and the header that carries it, after `prefix`."""

    scheme: str
    host: str
    port: int
    header: str
    prefix: str = ""


WELL_KNOWN = {
    "anthropic-api-key": Binding("https", "api.anthropic.com", 443, "x-api-key"),
    "openai-api-key": Binding("https", "api.openai.com", 443, "authorization", "Bearer "),
    "openrouter-api-key": Binding("https", "openrouter.ai", 443, "authorization", "Bearer "),
    "mistral-api-key": Binding("https", "api.mistral.ai", 443, "authorization", "Bearer "),
    "groq-api-key": Binding("https", "api.groq.com", 443, "authorization", "Bearer "),
    "deepseek-api-key": Binding("https", "api.deepseek.com", 443, "authorization", "Bearer "),
    "brave-search-api-key": Binding("https", "api.search.brave.com", 443, "x-subscription-token"),
}
TEST_PATHS = {
    "anthropic-api-key": "/v1/models",
    "openai-api-key": "/v1/models",
    "openrouter-api-key": "/api/v1/key",
    "mistral-api-key": "/v1/models",
    "groq-api-key": "/openai/v1/models",
    "deepseek-api-key": "/models",
}
"""What a harmless call asks for, at services that are known: GET of it answers 200 to a good key and 401 to a bad."""


def check_name(name: str) -> None:
    """Raises BadRequest for what is no name of a credential."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise BadRequest(
            "bad_request", f"{name[:60]!r} is no credential's name", "use up to 40 small letters, digits and dashes"
        )


def make_binding(
    name: str,
    address: str | None = None,
    header: str | None = None,
    prefix: str | None = None,
    scheme: str | None = None,
) -> Binding:
    """The binding of `name`. `address` is HOST or HOST:PORT; a well-known name takes none: it stays bound to its
    service. Raises BadRequest."""
    check_name(name)
    known = WELL_KNOWN.get(name)
    given = [one for one in (address, header, prefix, scheme) if one is not None]
    if known is not None:
        if given:
            raise BadRequest(
                "bad_binding", f"{name} belongs to {known.host}", "choose another name for another host or header"
            )
        return known
    if address is None or header is None:
        raise BadRequest(
            "bad_binding",
            f"{name} is no well-known name: say where it belongs",
            'add --host HOST[:PORT] --header NAME [--prefix "Bearer "]; well-known are ' + ", ".join(WELL_KNOWN),
        )
    try:
        target = parse_url(f"{scheme or 'https'}://{address}/")
    except TargetError as error:
        message = str(getattr(error, "message", error))
        raise BadRequest("bad_binding", f"--host {address[:80]!r}: {message}", "write HOST or HOST:PORT") from None
    if target.path != "/" or target.query is not None:
        raise BadRequest("bad_binding", "--host holds more than a host", "write HOST or HOST:PORT")
    return checked(Binding(target.scheme, target.host, target.port, header.lower(), prefix or ""))


def checked(binding: Binding) -> Binding:
    """The binding, when it can be one; raises BadRequest."""
    if not _HEADER.fullmatch(binding.header) or binding.header in _FORBIDDEN_HEADERS:
        raise BadRequest("bad_binding", "that header cannot carry a credential", "for example: --header authorization")
    if len(binding.prefix) > limits.PREFIX_CHARS or not all(" " <= char <= "~" for char in binding.prefix):
        raise BadRequest("bad_binding", "that prefix cannot stand in a header", 'for example: --prefix "Bearer "')
    host = f"[{binding.host}]" if ":" in binding.host else binding.host
    try:
        target = parse_url(f"{binding.scheme}://{host}:{binding.port}/")
    except TargetError:
        target = None
    if target is None or (target.scheme, target.host, target.port) != (binding.scheme, binding.host, binding.port):
        raise BadRequest("bad_binding", "the binding names no host in its one spelling", "see: barnacle secret list")
    return binding


def check_value(name: str, value: str) -> None:
    """Raises BadRequest for a value that no header may hold, or that is too short to be found again in answers."""
    if not value:
        raise BadRequest("bad_request", f"{name} is empty", "type it again, or pipe it in")
    if len(value) < limits.SECRET_MIN_BYTES:
        least = limits.SECRET_MIN_BYTES
        raise BadRequest("bad_request", f"{name} is shorter than {least} characters", "is it the whole value?")
    if len(value) > limits.SECRET_BYTES:
        raise BadRequest("bad_request", f"{name} is longer than {limits.SECRET_BYTES} bytes", "is it only the value?")
    if not all("!" <= char <= "~" for char in value):
        raise BadRequest(
            "bad_request", f"{name} holds a space, a line end or a character that no header may hold", "paste it again"
        )


def encode(value: Secret, binding: Binding) -> str:
    """The keyring's entry."""
    return json.dumps({"value": value.reveal(), **asdict(binding)}, separators=(",", ":"))


def decode(name: str, text: str) -> Credential:
    """The credential of an entry. Raises BadRequest("bad_binding"), which never quotes it."""
    wrong = BadRequest(
        "bad_binding",
        f"the keyring's entry for {name} is not as Barnacle writes it",
        f"run: barnacle secret set {name}",
    )
    try:
        entry: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(entry, dict):
        raise wrong
    fields = cast("dict[str, Any]", entry)
    kinds = {"value": str, "scheme": str, "host": str, "port": int, "header": str, "prefix": str}
    if set(fields) != set(kinds) or any(type(fields[key]) is not kind for key, kind in kinds.items()):
        raise wrong
    value = Secret(fields.pop("value"))
    try:
        binding = checked(Binding(**fields))
        check_value(name, value.reveal())
    except BadRequest:
        raise wrong from None
    return Credential(value, binding.scheme, binding.host, binding.port, binding.header, binding.prefix)
