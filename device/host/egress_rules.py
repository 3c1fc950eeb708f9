"""The owner's rules for requests to the outside: checked, bounded, and made ready for judging.

One rule is {"name", "effect", and exactly one of "host", "suffix", "network"}, narrowed by what else it says:
    name      lower-case letters, digits, - and _; one of its kind
    effect    "allow", "ask" or "deny"
    host      one name or address, exactly
    suffix    a domain: the name itself and everything below it, at a dot
    network   "192.168.1.0/24": addresses written in the URL; in a deny rule also what a name resolves to
    scheme    "https" or "http"; without it "https" for allow and ask, both for deny
    ports     without it the scheme's own port for allow and ask, every port for deny
    methods   without it all of METHODS
    paths     beginnings of the path that end at a /; without it every path
    groups    folders; without it every group
    private   true: the name may resolve to an address of the local network; with an exact host only
    note      the owner's own words
"""

from device.host import addresses, limits, url
from device.host.errors import Refused
from device.host.portable import dumps

EFFECTS = ("allow", "ask", "deny")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TARGETS = ("host", "suffix", "network")
KEYS = (
    "name",
    "effect",
    "host",
    "suffix",
    "network",
    "scheme",
    "ports",
    "methods",
    "paths",
    "groups",
    "private",
    "note",
)
RESERVED = ("never", "default_deny", "policy_unreadable", "override", "model")
LOCALHOST = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def check_rules(rules):
    """The rules, each checked and copied, hosts in lower case; raises Refused (bad_value, too_large) naming rule and
    key."""
    if type(rules) is not list:
        raise Refused("bad_value", "the rules are no list", "write each as a table of its own")
    if len(rules) > limits.EGRESS_RULES:
        raise Refused("too_large", "there are %d rules" % len(rules), "keep to %d" % limits.EGRESS_RULES)
    checked, names = [], set()
    for number in range(len(rules)):
        rule = _Checked(rules[number], number + 1).rule
        if rule["name"] in names:
            raise Refused("bad_value", "two rules are named %s" % rule["name"], "rename one")
        names.add(rule["name"])
        checked.append(rule)
    if len(dumps(checked).encode()) > limits.EGRESS_BYTES:
        message = "the rules take more than %d bytes" % limits.EGRESS_BYTES
        raise Refused("too_large", message, "shorten notes, or use suffixes in place of hosts")
    return checked


class Rules:
    """One version of the policy, ready for judging. `version` names the file's content; a `problem` (a sentence) says
    why nothing can be judged: everything is denied then. `own` are ports of this machine that belong to Barnacle
    itself; no rule opens them on a loopback address or one of `own_addresses` (bytes). Raises Refused."""

    def __init__(self, version, rules, problem=None, own_ports=(), own_addresses=()):
        self.version = version
        self.problem = problem
        self.own_ports = tuple(own_ports)
        self.own_addresses = tuple(own_addresses)
        self.rules = check_rules(rules)
        compiled = [Rule(rule) for rule in self.rules]
        self.denying = [rule for rule in compiled if rule.effect == "deny"]
        self.opening = [rule for rule in compiled if rule.effect != "deny"]


class Rule:
    """One checked rule, ready for judging. `.network` is (address, bits) where the rule names addresses."""

    def __init__(self, rule):
        self.name = rule["name"]
        self.effect = rule["effect"]
        self.private = rule.get("private", False)
        self.host = rule.get("host")
        self.suffix = rule.get("suffix")
        self.network = addresses.parse_network(rule.get("network") or (self.host if "host" in rule else None))
        self._open = self.effect != "deny"
        self._scheme = rule.get("scheme", "https" if self._open else None)
        self._ports = rule.get("ports")
        self._methods = rule.get("methods")
        self._paths = rule.get("paths")
        self._groups = rule.get("groups")

    def names(self, target):
        """Whether the rule speaks of the target's host."""
        if target.address is not None:
            return self.network is not None and addresses.within(target.address, self.network[0], self.network[1])
        if self.host is not None:
            return self.host == target.host
        if self.suffix is None:
            return False
        host = target.host
        if not host.endswith(self.suffix) or (self._open and is_localhost(host)):
            return False
        return len(host) == len(self.suffix) or host[-len(self.suffix) - 1] == "."

    def differs(self, target, method, group):
        """What keeps a rule about this host from applying, in a few words; None when nothing does."""
        if self._scheme is not None and self._scheme != target.scheme:
            return "is for %s only" % self._scheme
        if self._ports is not None:
            if target.port not in self._ports:
                return "is not for port %d" % target.port
        elif self._open and target.port != url.PORTS[target.scheme]:
            return "is not for port %d" % target.port
        if self._methods is not None and method not in self._methods:
            return "is not for %s" % method
        if self._groups is not None and group not in self._groups:
            return "is for other groups"
        if self._paths is not None and not _below(target.path, self._paths):
            return "is for other paths"
        return None


def is_localhost(host):
    """Whether a name means this machine by convention: only a rule that says exactly this name opens it."""
    return host in LOCALHOST or host.endswith(".localhost")


def _below(path, prefixes):
    for prefix in prefixes:
        if path.startswith(prefix) and (prefix[-1] == "/" or path[len(prefix) : len(prefix) + 1] in ("", "/")):
            return True
    return False


class _Checked:
    """One rule's checked copy in `.rule`, or Refused with the rule's name and the key."""

    def __init__(self, given, number):
        self._where = "rule %d" % number
        self.rule = {}
        if type(given) is not dict:
            raise Refused("bad_value", "%s is no table" % self._where, "write it as [[rule]]")
        name = given.get("name")
        if type(name) is str and 0 < len(name) <= limits.NAME_BYTES and _only(name, _NAME):
            self._where = "rule %s" % name
        for key in given:
            if key not in KEYS:
                raise self._no(str(key)[: limits.NAME_BYTES], "is no key of a rule", "one of " + ", ".join(KEYS))
        if self._where != "rule %s" % name:
            raise self._no("name", "is not a short name", "lower-case letters, digits, - and _")
        if name in RESERVED:
            raise self._no("name", "is kept for Barnacle itself", "choose another")
        self.rule["name"] = name
        self._take(given, "effect", EFFECTS)
        self._whom(given)
        if "scheme" in given:
            self._take(given, "scheme", ("https", "http"))
        self._lists(given)
        self._private(given)
        self._note(given)

    def _whom(self, given):
        said = [key for key in TARGETS if key in given]
        if len(said) != 1:
            raise self._no("host", "is not the only one of host, suffix, network", "write exactly one of the three")
        key = said[0]
        value = given[key]
        if key == "network":
            if addresses.parse_network(value) is None or "/" not in value:
                raise self._no(key, "is no network", "such as 192.168.1.0/24, with no bits set beyond it")
            self.rule[key] = value
            return
        try:
            host, kind, _ = url.check_host(value)
        except url.TargetError as error:
            raise self._no(key, "is no host: " + error.message, error.remedy)
        if key == "suffix" and kind != "name":
            raise self._no(key, "is an address", "use host or network for it")
        self.rule[key] = host

    def _lists(self, given):
        for key, good, what in (
            ("ports", _is_port, "numbers from 1 to 65535"),
            ("methods", _is_method, "some of " + ", ".join(METHODS)),
            ("paths", _is_path, "canonical paths such as /v1/messages"),
            ("groups", _is_folder, "folders of groups"),
        ):
            if key not in given:
                continue
            values = given[key]
            if type(values) is not list or not 1 <= len(values) <= limits.EGRESS_VALUES:
                raise self._no(key, "is no list of 1 to %d values" % limits.EGRESS_VALUES, what)
            for value in values:
                if not good(value):
                    raise self._no(key, "holds a value that cannot be", what)
            self.rule[key] = list(values)

    def _private(self, given):
        if "private" not in given:
            return
        if type(given["private"]) is not bool:
            raise self._no("private", "is neither true nor false", "write private = true")
        if given["private"] and ("host" not in given or given["effect"] == "deny"):
            raise self._no("private", "needs an exact host that is allowed or asked for", "name each host")
        self.rule["private"] = given["private"]

    def _note(self, given):
        if "note" not in given:
            return
        note = given["note"]
        if type(note) is not str or len(note.encode()) > limits.EGRESS_NOTE_BYTES or not _printable(note):
            raise self._no("note", "is no single line of %d bytes" % limits.EGRESS_NOTE_BYTES, "shorten it")
        self.rule["note"] = note

    def _take(self, given, key, allowed):
        value = given.get(key)
        if type(value) is not str or value not in allowed:
            raise self._no(key, "is none of " + ", ".join(allowed), "write one of them")
        self.rule[key] = value

    def _no(self, key, what, remedy):
        return Refused("bad_value", "%s: %s %s" % (self._where, key, what), remedy)


def _is_port(value):
    return type(value) is int and 1 <= value <= 65535


def _is_method(value):
    return type(value) is str and value in METHODS


def _is_path(value):
    if type(value) is not str or len(value) > limits.EGRESS_PATH_BYTES:
        return False
    try:
        url.check_path(value)
    except url.TargetError:
        return False
    return True


def _is_folder(value):
    return type(value) is str and 0 < len(value) <= limits.NAME_BYTES and _printable(value)


def _printable(text):
    for char in text:
        if char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff":
            return False
    return True


def _only(text, alphabet):
    for char in text:
        if char not in alphabet:
            return False
    return True
