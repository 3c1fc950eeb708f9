"""What a lease permits, and the strict reading of it from JSON."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from broker import limits
from broker.egress_core import METHODS, Target, TargetError, parse_url
from broker.errors import BadRequest

PURPOSES = ("model", "fetch", "check")
PROXY_METHODS = (*METHODS, "CONNECT")
_TEXT = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True)
class LeaseScope:
    """One run's permission: exactly this origin, these methods, paths below `path` (at segment boundaries), at most
    `calls` calls and `bytes` bytes both ways, for `ttl_s` seconds. `purpose` is model (an endpoint of config.toml),
    fetch (what the rules allow), check (one harmless call to where a credential belongs) or proxy (see proxy_scope).
    `approval` is the id of an ask that the owner approved for `fetch_url` alone."""

    run: str
    group: str
    purpose: str
    scheme: str
    host: str
    port: int
    methods: tuple[str, ...]
    credential: str | None = None
    path: str = "/"
    calls: int = 1
    bytes: int = 8 * 1024 * 1024
    ttl_s: int = 60
    approval: str | None = None
    fetch_url: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self) | {"methods": list(self.methods)}

    @property
    def origin(self) -> str:
        """For people and the audit log."""
        if self.purpose == "proxy":
            return "what the rules allow"
        return f"{self.scheme}://{self.host}:{self.port}"

    def outside(self, target: Target, method: str) -> str | None:
        """Why a request is not within the scope; None when it is."""
        if self.purpose == "proxy":
            return None if method in self.methods else f"the lease does not allow {method}"
        if (target.scheme, target.host, target.port) != (self.scheme, self.host, self.port):
            return f"the lease is for {self.origin}"
        if method not in self.methods:
            return f"the lease does not allow {method}"
        below = self.path if self.path.endswith("/") else self.path + "/"
        if target.path != self.path and not target.path.startswith(below):
            return "the lease does not allow that path"
        if self.fetch_url is not None and target.url != self.fetch_url:
            return "the lease is for another URL"
        return None


def read_scope(value: Mapping[str, Any]) -> LeaseScope:
    """The scope in a JSON object; raises BadRequest naming the field."""
    known = {field.name for field in fields(LeaseScope)}
    unknown = sorted(set(value) - known)
    if unknown:
        raise _bad(f"unknown field {unknown[0][:40]!r}")
    try:
        given: dict[str, Any] = {**value, "methods": tuple(value.get("methods") or ())}
        scope = LeaseScope(**given)
    except TypeError:
        raise _bad("a field is missing") from None
    _check_texts(scope)
    _check_numbers(scope)
    if scope.purpose not in PURPOSES:
        raise _bad("purpose is none of " + ", ".join(PURPOSES))
    if not 0 < len(scope.methods) <= limits.SCOPE_METHODS or any(one not in METHODS for one in scope.methods):
        raise _bad("methods")
    if scope.purpose in ("model", "check") and scope.approval is not None:
        raise _bad("approval")
    if scope.purpose == "check" and not _harmless(scope):
        raise _bad("a check is one harmless call with a credential")
    if scope.approval is not None and (scope.fetch_url is None or scope.calls != 1):
        raise _bad("an approval is for one URL, once")
    _check_place(scope)
    return scope


def proxy_scope(
    run: str, group: str, *, calls: int = 100, bytes: int = 64 * 1024 * 1024, ttl_s: int = 600
) -> LeaseScope:
    """What a run's forward proxy may do: no credential, and no place of its own, as the rules judge each target."""
    return LeaseScope(run, group, "proxy", "https", "", 0, PROXY_METHODS, calls=calls, bytes=bytes, ttl_s=ttl_s)


def read_proxy_scope(value: Mapping[str, Any]) -> LeaseScope:
    """The same out of a JSON object; raises BadRequest naming the field."""
    try:
        scope = proxy_scope(**value)
    except TypeError:
        raise _bad("a field is missing, or there is one too many") from None
    _check_texts(scope)
    _check_numbers(scope, ("calls", "bytes", "ttl_s"))
    return scope


def _harmless(scope: LeaseScope) -> bool:
    return (
        bool(scope.credential)
        and scope.calls == 1
        and scope.fetch_url is not None
        and scope.methods in (("GET",), ("HEAD",))
    )


def _check_texts(scope: LeaseScope) -> None:
    texts = {"run": scope.run, "group": scope.group, "approval": scope.approval, "credential": scope.credential}
    for name, text in texts.items():
        optional = name in ("approval", "credential") and text is None
        if not optional and not (
            isinstance(text, str) and 0 < len(text) <= limits.SCOPE_TEXT_CHARS and _TEXT.fullmatch(text)
        ):
            raise _bad(name)


def _check_numbers(scope: LeaseScope, names: Sequence[str] = ("calls", "bytes", "ttl_s", "port")) -> None:
    most = {"calls": limits.LEASE_CALLS, "bytes": limits.LEASE_BYTES, "ttl_s": limits.LEASE_TTL_S, "port": 65535}
    for name in names:
        bound, value = most[name], getattr(scope, name)
        if type(value) is not int or not 0 < value <= bound:
            raise _bad(f"{name} is no whole number from 1 to {bound}")


def _check_place(scope: LeaseScope) -> None:
    """Host, path and URL must be in the one spelling that requests have."""
    for name in ("scheme", "host", "path"):
        if not isinstance(getattr(scope, name), str):
            raise _bad(name)
    host = f"[{scope.host}]" if ":" in scope.host else scope.host
    try:
        target = parse_url(f"{scope.scheme}://{host}:{scope.port}{scope.path}")
        url = parse_url(scope.fetch_url).url if scope.fetch_url is not None else None
    except (TargetError, TypeError):
        raise _bad("scheme, host, port, path or fetch_url is not in its one spelling") from None
    found = (target.scheme, target.host, target.port, target.path, url)
    if found != (scope.scheme, scope.host, scope.port, scope.path, scope.fetch_url) or target.query is not None:
        raise _bad("scheme, host, port, path or fetch_url is not in its one spelling")


def _bad(what: str) -> BadRequest:
    return BadRequest("bad_request", f"the lease cannot be given: {what}")
