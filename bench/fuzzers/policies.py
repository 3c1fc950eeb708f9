"""Policies: every decision against a second judge, written from docs/policy.md and as plainly as can be."""

import ipaddress
from random import Random
from typing import Any

from bench.fuzzers.judged import Judge, Wrong, fuzzer
from device.host import addresses, egress, url
from device.host.egress_rules import METHODS

NOW_MS = 1_795_000_000_000
PER_POLICY = 64
OWN_PORT = 21883
NAMES = (
    "a.example",
    "b.a.example",
    "ba.example",
    "example",
    "localhost",
    "x.localhost",
    "metadata.google.internal",
    "nas",
)
ADDRESSES = (
    "8.8.8.8", "192.168.1.7", "10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "192.0.2.1", "2606:4700::1", "::1", "fd00::1", "fd00:ec2::254", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "2002:c0a8:107::1", "64:ff9b::c0a8:107",
)  # fmt: skip
NETWORKS = (
    "192.168.1.0/24",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "::/0",
    "fd00::/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "8.8.8.8/32",
)
PORTS = (80, 443, 8080, OWN_PORT)
PATHS = ("/", "/v1", "/v1/", "/v10", "/v1/a", "/v2")
GROUPS = (None, "main", "home")
ASKED = (*METHODS[:4], "TRACE", "get")
CLOSED = tuple(
    ipaddress.ip_network(spelled)
    for spelled in (
        "169.254.169.0/24",
        "169.254.170.0/24",
        "0.0.0.0/8",
        "224.0.0.0/4",
        "fd00:ec2::/32",
        "ff00::/8",
        "::/128",
    )
)
NEAR = tuple(
    ipaddress.ip_network(spelled)
    for spelled in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@fuzzer("policy", 0.28)
def make() -> Judge:
    """A Judge of decisions; it keeps a policy for some requests and then makes another."""
    return _Policies().judge


class _Policies:
    def __init__(self) -> None:
        self._left = 0
        self._rules: list[dict[str, Any]] = []
        self._overrides: list[dict[str, Any]] = []
        self._ready: Any = None

    def judge(self, rng: Random) -> None:
        """One request against the present policy."""
        if self._left == 0:
            self._renew(rng)
        self._left -= 1
        method, group, target, found = _request(rng)
        asked = {"target": target, "method": method, "group": group, "credential": None}
        decision = egress.decide(asked, self._ready, self._overrides, NOW_MS)
        denial = egress.check_addresses(decision, target, [addresses.parse(one) for one in found])
        effect = (denial or decision).effect
        expected = _expected(self._rules, self._overrides, self._ready.problem, method, group, target, found)
        if effect != expected or decision.version != "v" or not decision.reason:
            where = f"{method} {target.url} for {group} at {found}"
            judged_as = f"{effect} by {(denial or decision).rule}"
            raise Wrong(f"{where}: {judged_as}, expected {expected}; {self._rules} {self._overrides}")

    def _renew(self, rng: Random) -> None:
        self._left = PER_POLICY
        self._rules = [_rule(rng, number) for number in range(int(rng.random() * 7))]
        self._overrides = [_override(rng, number) for number in range(int(rng.random() * 3))]
        problem = "broken" if rng.random() < 0.03 else None
        self._ready = egress.Rules("v", self._rules, problem, (OWN_PORT,))


def _rule(rng: Random, number: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"name": f"r{number}", "effect": rng.choice(("allow", "allow", "ask", "deny"))}
    kind = rng.random()
    if kind < 0.45:
        rule["host"] = rng.choice(NAMES) if rng.random() < 0.7 else rng.choice(ADDRESSES)
        if rule["effect"] != "deny" and rng.random() < 0.5:
            rule["private"] = True
    elif kind < 0.75:
        rule["suffix"] = rng.choice(NAMES)
    else:
        rule["network"] = rng.choice(NETWORKS)
    for key, values, share in (
        ("scheme", ("http", "https"), 0.3),
        ("ports", PORTS, 0.3),
        ("methods", METHODS, 0.3),
        ("paths", PATHS, 0.25),
        ("groups", ("main", "home"), 0.2),
    ):
        if rng.random() < share:
            rule[key] = rng.choice(values) if key == "scheme" else rng.sample(values, 1 + int(rng.random() * 2))
    return rule


def _override(rng: Random, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"o{number}",
        "host": rng.choice(NAMES) if rng.random() < 0.6 else rng.choice(ADDRESSES),
    }
    made["group"] = rng.choice(GROUPS)
    made["port"] = rng.choice((None, *PORTS))
    made["methods"] = rng.choice((None, ["GET"], ["POST", "PUT"]))
    made["end_ms"] = NOW_MS + rng.choice((-1, 0, 1, 60_000, 24 * 3_600_000, 48 * 3_600_000))
    return made


def _request(rng: Random) -> tuple[str, str | None, url.Target, list[str]]:
    if rng.random() < 0.6:
        host = rng.choice(NAMES)
        found = [rng.choice(ADDRESSES) for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 2)))]
    else:
        address = rng.choice(ADDRESSES)
        host, found = (f"[{address}]" if ":" in address else address), [address]
    scheme = rng.choice(("http", "https"))
    port = rng.choice((*PORTS, 443 if scheme == "https" else 80))
    target = url.parse(f"{scheme}://{host}:{port}{rng.choice(PATHS)}")
    return rng.choice(ASKED), rng.choice(GROUPS), target, found


def _expected(
    rules: list[dict[str, Any]],
    overrides: list[dict[str, Any]],
    problem: str | None,
    method: str,
    group: str | None,
    target: url.Target,
    found: list[str],
) -> str:
    if method not in METHODS or target.host == "metadata.google.internal" or problem is not None or not found:
        return "deny"
    dialled = [_plain(ipaddress.ip_address(one)) for one in found]
    if any(_closed(one) or (target.port == OWN_PORT and one.is_loopback) for one in dialled):
        return "deny"
    if target.port == OWN_PORT and (target.host == "localhost" or target.host.endswith(".localhost")):
        return "deny"
    fits = [rule for rule in rules if _narrow(rule, method, group, target)]
    opening = next((rule for rule in fits if rule["effect"] != "deny" and _names(rule, target)), None)
    overridden = any(_overrides(one, method, group, target) for one in overrides)
    if not overridden:
        denying = [rule for rule in fits if rule["effect"] == "deny"]
        if opening is None or any(_names(rule, target) or _reaches(rule, dialled) for rule in denying):
            return "deny"
    admitted = all(_public(one) or _admitted(one, opening, overridden, target) for one in dialled)
    effect = "allow" if overridden or opening is None else opening["effect"]
    return effect if admitted else "deny"


def _names(rule: dict[str, Any], target: url.Target) -> bool:
    if target.address is not None:
        spelled = rule.get("network") or (rule["host"] if rule.get("host") in ADDRESSES else None)
        return spelled is not None and _inside(_plain(ipaddress.ip_address(target.address)), spelled)
    if "host" in rule:
        return rule["host"] == target.host
    if "suffix" not in rule:
        return False
    local = target.host == "localhost" or target.host.endswith(".localhost")
    if local and rule["effect"] != "deny":
        return False
    return f".{target.host}".endswith(f".{rule['suffix']}")


def _narrow(rule: dict[str, Any], method: str, group: str | None, target: url.Target) -> bool:
    opens = rule["effect"] != "deny"
    schemes = [rule["scheme"]] if "scheme" in rule else (["https"] if opens else ["http", "https"])
    ports = rule.get("ports") or ([{"http": 80, "https": 443}[target.scheme]] if opens else [target.port])
    if target.scheme not in schemes or target.port not in ports or method not in rule.get("methods", METHODS):
        return False
    if "groups" in rule and group not in rule["groups"]:
        return False
    whole = target.path.split("/")
    return any(_below(whole, path) for path in rule.get("paths", ["/"]))


def _below(whole: list[str], prefix: str) -> bool:
    parts = prefix.split("/")
    if parts[-1] == "":
        return whole[: len(parts) - 1] == parts[:-1] and len(whole) >= len(parts)
    return whole[: len(parts)] == parts


def _overrides(override: dict[str, Any], method: str, group: str | None, target: url.Target) -> bool:
    left_ms = override["end_ms"] - NOW_MS
    return (
        0 < left_ms < 25 * 3_600_000
        and override["host"] == target.host
        and override["port"] in (None, target.port)
        and (override["methods"] is None or method in override["methods"])
        and override["group"] in (None, group)
    )


def _admitted(one: Address, opening: dict[str, Any] | None, overridden: bool, target: url.Target) -> bool:
    if overridden and target.address is not None:
        return True
    if opening is None:
        return False
    spelled = opening.get("network") or (opening["host"] if opening.get("host") in ADDRESSES else None)
    if spelled is not None and _inside(one, spelled):
        return True
    if not opening.get("private"):
        return False
    local = target.host == "localhost" or target.host.endswith(".localhost")
    return target.address is not None or any(one in network for network in NEAR) or (local and one.is_loopback)


def _reaches(rule: dict[str, Any], dialled: list[Address]) -> bool:
    spelled = rule.get("network") or (rule["host"] if rule.get("host") in ADDRESSES else None)
    return spelled is not None and any(_inside(one, spelled) for one in dialled)


def _inside(one: Address, spelled: str) -> bool:
    head, slash, bits = spelled.partition("/")
    base = _plain(ipaddress.ip_address(head))
    return one in ipaddress.ip_network(f"{base}/{bits}" if slash else f"{base}/{base.max_prefixlen}")


def _plain(one: Address) -> Address:
    mapped = getattr(one, "ipv4_mapped", None)
    return mapped or one


def _closed(one: Address) -> bool:
    return any(one in network for network in CLOSED) or str(one) == "64:ff9b::a9fe:a9fe"


def _public(one: Address) -> bool:
    return str(one) in ("8.8.8.8", "2606:4700::1")
