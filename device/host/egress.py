"""Whether a request may leave: one evaluator for the box, the credential broker and the command line.

What decides, in this order:
    never               deny   metadata addresses, 0.0.0.0/8 and multicast, Barnacle's own ports, methods such as TRACE
    policy_unreadable   deny   there are no rules that could be read
    override            allow  one that is in force opens what follows, never what came before
    a deny rule         deny   any that applies
    an allow, ask rule  as it says: the first in order that applies
    default_deny        deny   everything else
A decision about a name is one half: `check_addresses` with what it resolved to is the other.
"""

from device.host import addresses, limits
from device.host.egress_rules import METHODS, Rules, check_rules, is_localhost
from device.host.portable import const

__all__ = ("EgressDecision", "Rules", "check_addresses", "check_rules", "decide")

_SKEW_MS = const(5 * 60 * 1000)  # an override's end was made by another machine's clock
_NEVER = (addresses.METADATA, "this_network", "multicast")
_NEAR = ("private", "link_local", "cgnat", "unique_local", "site_local")
_METADATA_NAMES = (
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
)


class EgressDecision:
    """`.effect` "allow", "ask" or "deny"; `.rule` what decided; `.reason` a sentence; `.version` of the policy;
    `.private` whether the named host may have an address of the local network. `networks` are [(address, bits)] that
    are admitted by name, `denied` [(rule, (address, bits))] that are not; `rules` tell Barnacle's own ports."""

    def __init__(self, effect, rule, reason, version, private=False, networks=(), denied=(), rules=None):
        self.effect = effect
        self.rule = rule
        self.reason = reason
        self.version = version
        self.private = private
        self.networks = networks
        self.denied = denied
        self.rules = rules

    @property
    def allowed(self):
        """Whether the effect is "allow"."""
        return self.effect == "allow"

    def __repr__(self):
        return "EgressDecision(%s by %s)" % (self.effect, self.rule)


def decide(request, rules, overrides, now_ms):
    """The EgressDecision on {"target": Target, "method", "group": folder or None, "credential"}. `rules` is a Rules,
    `overrides` a list of {"id", "group", "host", "port", "methods", "end_ms", …}, None meaning any in the middle
    three; `now_ms` the wall clock."""
    target, method, group = request["target"], request["method"], request["group"]
    never = _never(target, method, rules)
    if never is not None:
        return _deny("never", never, rules)
    if rules.problem is not None:
        return _deny("policy_unreadable", "everything is denied: " + rules.problem, rules)
    opening = missed = None
    for rule in rules.opening:
        if not rule.names(target):
            continue
        differs = rule.differs(target, method, group)
        if differs is None:
            opening = rule
            break
        missed = missed or "; the rule %s %s" % (rule.name, differs)
    for override in overrides:
        if _applies(override, target, method, group, now_ms):
            return _opened_by(override, target, opening, rules)
    denied = []
    for rule in rules.denying:
        if rule.network is None and not rule.names(target):
            continue
        if rule.differs(target, method, group) is not None:
            continue
        if rule.names(target):
            return _deny(rule.name, "the rule %s denies %s" % (rule.name, target.host), rules)
        denied.append((rule.name, rule.network))
    if opening is None:
        if not rules.rules:
            missed = "; there are no rules at all"
        return _deny("default_deny", "no rule allows %s %s%s" % (method, target.origin, missed or ""), rules)
    verb = "allows" if opening.effect == "allow" else "asks about"
    return EgressDecision(
        opening.effect,
        opening.name,
        "the rule %s %s %s" % (opening.name, verb, target.host),
        rules.version,
        opening.private,
        [opening.network] if opening.network is not None else (),
        denied,
        rules,
    )


def check_addresses(decision, target, found):
    """None when every address that the target's host resolved to may be dialled, else the denying EgressDecision.
    `found` is a list of bytes; none at all is a denial too."""
    if decision.effect == "deny":
        return decision
    if not found:
        return _deny("no_address", "%s has no address" % target.host, decision)
    for address in found:
        denial = _judge_address(decision, target, address)
        if denial is not None:
            return denial
    return None


def _judge_address(decision, target, address):
    if type(address) is not bytes or len(address) not in (4, 16):
        return _deny("never", "%s resolved to something that is no address" % target.host, decision)
    if target.address is not None and target.address != address:
        return _deny("never", "%s is to be dialled in place of %s" % (addresses.text(address), target.host), decision)
    kind = addresses.classify(address)
    shown = "%s is %s (%s)" % (target.host, addresses.text(address), kind)
    if kind in _NEVER:
        return _deny("never", shown + ", which nothing opens", decision)
    if decision.rules is not None and _is_own(address, kind, target.port, decision.rules):
        return _deny("never", "%s: port %d is Barnacle's own" % (shown, target.port), decision)
    for name, network in decision.denied:
        if addresses.within(address, network[0], network[1]):
            return _deny(name, "the rule %s denies it: %s" % (name, shown), decision)
    if kind == addresses.PUBLIC or _admits(decision, target, address, kind):
        return None
    return _deny("address_not_named", shown + ", which %s does not admit" % decision.rule, decision)


def _admits(decision, target, address, kind):
    for network in decision.networks:
        if addresses.within(address, network[0], network[1]):
            return True
    if not decision.private:
        return False
    if target.address is not None:
        return True
    if not addresses.is_itself(address):
        return False
    return kind in _NEAR or (kind == "loopback" and is_localhost(target.host))


def _never(target, method, rules):
    if method not in METHODS:
        return "the method is none of " + ", ".join(METHODS)
    if target.address is None:
        if target.host in _METADATA_NAMES:
            return "%s is a cloud's metadata service, which nothing opens" % target.host
        if is_localhost(target.host) and target.port in rules.own_ports:
            return "port %d is Barnacle's own" % target.port
        return None
    kind = addresses.classify(target.address)
    if kind in _NEVER:
        return "%s is %s, which nothing opens" % (target.host, kind)
    if _is_own(target.address, kind, target.port, rules):
        return "port %d is Barnacle's own" % target.port
    return None


def _is_own(address, kind, port, rules):
    return port in rules.own_ports and (kind == "loopback" or addresses.plain(address) in rules.own_addresses)


def _applies(override, target, method, group, now_ms):
    end_ms = override.get("end_ms")
    if type(end_ms) is not int or not 0 < end_ms - now_ms <= limits.OVERRIDE_MINUTES * 60000 + _SKEW_MS:
        return False  # over, or further away than any override lasts: a clock was set back
    if override.get("host") != target.host:
        return False
    port, methods, group_only = override.get("port"), override.get("methods"), override.get("group")
    if port is not None and port != target.port:
        return False
    if methods is not None and method not in methods:
        return False
    return group_only is None or group_only == group


def _opened_by(override, target, opening, rules):
    networks = []
    if target.address is not None:
        networks.append((addresses.plain(target.address), len(addresses.plain(target.address)) * 8))
    if opening is not None and opening.network is not None:
        networks.append(opening.network)
    return EgressDecision(
        "allow",
        "override",
        "the override %s opens %s" % (override["id"], target.host),
        rules.version,
        opening is not None and opening.private,
        networks,
        (),
        rules,
    )


def _deny(rule, reason, where):
    return EgressDecision("deny", rule, reason, where.version)
