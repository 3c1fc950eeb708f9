"""The parts of `device/host` that decide about requests, with types: that package has no annotations, by design."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, TypedDict

from device.host.url import TargetError

__all__ = ["Decision", "Request", "Rules", "Target", "TargetError"]

_addresses: Any = import_module("device.host.addresses")
_egress: Any = import_module("device.host.egress")
_rules: Any = import_module("device.host.egress_rules")
_url: Any = import_module("device.host.url")

KEYS: tuple[str, ...] = _rules.KEYS
METHODS: tuple[str, ...] = _rules.METHODS
PORTS: dict[str, int] = _url.PORTS


class Target(Protocol):
    """See device/host/url.py."""

    scheme: str
    host: str
    kind: str
    address: bytes | None
    port: int
    path: str
    query: str | None

    @property
    def authority(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def url(self) -> str: ...


class Rules(Protocol):
    """See device/host/egress_rules.py."""

    version: str
    problem: str | None
    rules: list[dict[str, Any]]


class Decision(Protocol):
    """See device/host/egress.py."""

    effect: str
    rule: str
    reason: str
    version: str
    private: bool

    @property
    def allowed(self) -> bool: ...


class Request(TypedDict):
    """What a decision is about."""

    target: Target
    method: str
    group: str | None
    credential: str | None


def parse_url(text: str) -> Target:
    """The one parse; raises TargetError."""
    return _url.parse(text)


def parse_address(text: str) -> bytes | None:
    """The bytes of a strictly spelled address, or None."""
    return _addresses.parse(text)


def address_text(address: bytes) -> str:
    """The canonical spelling."""
    return _addresses.text(address)


def address_class(address: bytes) -> str:
    """ "public" or the name of the special range."""
    return _addresses.classify(address)


def check_rules(rules: object) -> list[dict[str, Any]]:
    """The rules, checked and copied; raises device.host.errors.Refused."""
    return _rules.check_rules(rules)


def make_rules(
    version: str,
    rules: object,
    problem: str | None = None,
    own_ports: Sequence[int] = (),
    own_addresses: Sequence[bytes] = (),
) -> Rules:
    """Rules ready for judging; raises device.host.errors.Refused."""
    return _rules.Rules(version, rules, problem, own_ports, own_addresses)


def decide(request: Request, rules: Rules, overrides: Sequence[dict[str, Any]], now_ms: int) -> Decision:
    """See device/host/egress.py."""
    return _egress.decide(request, rules, overrides, now_ms)


def check_addresses(decision: Decision, target: Target, found: Sequence[bytes]) -> Decision | None:
    """None when every address may be dialled, else the denial."""
    return _egress.check_addresses(decision, target, found)


def approved(decision: Decision) -> Decision:
    """The same decision after the owner said yes to its ask: what it admits and what it denies stays."""
    asked: Any = decision
    reason = f"{asked.reason}, and the owner said yes"
    return _egress.EgressDecision(
        "allow", asked.rule, reason, asked.version, asked.private, asked.networks, asked.denied, asked.rules
    )


def named_by_owner(reason: str, rules: Rules) -> Decision:
    """The decision for a place that the owner named: allowed, also on the local network; Barnacle's own ports and
    metadata addresses stay closed."""
    return _egress.EgressDecision("allow", "model", reason, rules.version, True, (), (), rules)
