"""Cases of egress decisions that box and credential broker must judge alike, on both interpreters.

CASES are (name, policy, request, verdict): `policy` names one of POLICIES; `request` is (url, method, group, addresses
that the name resolves to); `verdict` is (effect, rule). Every attack has the allowed twin beside it.
`judge` is the whole way of a request: parse, decide, check the addresses.
"""

from device.host import addresses, egress, url

NOW_MS = 1795000000000
OWN_PORTS = (21883,)
PUBLIC = ("93.184.215.14",)

API = {"name": "api", "effect": "allow", "host": "api.example", "methods": ["GET", "POST"], "paths": ["/v1", "/files/"]}
TREE = {"name": "tree", "effect": "allow", "suffix": "good.example"}
NAS = {"name": "nas", "effect": "ask", "host": "nas.lan", "scheme": "http", "ports": [8080], "private": True}
NETWORK = {"name": "lan", "effect": "allow", "network": "192.168.1.0/24", "groups": ["main"]}
SIX = {"name": "six", "effect": "allow", "host": "fd12::7"}
LOCAL = {
    "name": "local",
    "effect": "allow",
    "host": "localhost",
    "scheme": "http",
    "ports": [8123, 21883],
    "private": True,
}
ADS = {"name": "ads", "effect": "deny", "suffix": "ads.good.example"}
ADMIN = {"name": "admin", "effect": "deny", "host": "api.example", "paths": ["/v1/admin"]}
GREEDY = {"name": "greedy", "effect": "allow", "network": "0.0.0.0/0", "scheme": "http"}
GREEDY_6 = {"name": "greedy6", "effect": "allow", "network": "::/0", "scheme": "http"}
DOMAINS = {"name": "domains", "effect": "allow", "suffix": "internal", "scheme": "http"}
NO_TEN = {"name": "no-ten", "effect": "deny", "network": "10.0.0.0/8"}
ASK_FIRST = {"name": "ask-first", "effect": "ask", "host": "order.example"}
ALLOW_LATER = {"name": "allow-later", "effect": "allow", "suffix": "example"}
META = {"name": "meta", "effect": "allow", "host": "169.254.169.254", "scheme": "http", "private": True}

OVERRIDE = {"id": "o1", "group": None, "host": "open.example", "port": None, "methods": None, "reason": "test"}
OVERRIDE.update({"by": "owner", "start_ms": NOW_MS - 1000, "end_ms": NOW_MS + 60000})


def _override(**changes):
    made = dict(OVERRIDE)
    made.update(changes)
    return made


# name -> (rules, problem, overrides)
POLICIES = {
    "empty": ([], None, []),
    "broken": ([], "line 3 is no TOML", [OVERRIDE]),
    "usual": ([API, TREE, NAS, NETWORK, SIX, LOCAL, ADS, ADMIN, NO_TEN], None, []),
    "greedy": ([GREEDY, GREEDY_6, DOMAINS, META], None, []),
    "ordered": ([ASK_FIRST, ALLOW_LATER], None, []),
    "open": (
        [NAS, ADMIN],
        None,
        [
            OVERRIDE,
            _override(id="o2", host="port.example", port=8443, methods=["GET"]),
            _override(id="o3", host="group.example", group="home"),
            _override(id="o4", host="over.example", end_ms=NOW_MS),
            _override(id="o5", host="far.example", end_ms=NOW_MS + 48 * 3600000),
            _override(id="o6", host="169.254.169.254"),
            _override(id="o7", host="192.168.1.9"),
            _override(id="o8", host="nas.lan"),
            _override(id="o9", host="api.example"),
            _override(id="o10", host="localhost"),
            _override(id="o11", host="127.0.0.1"),
        ],
    ),
}
_API = "https://api.example/v1/messages"

CASES = (
    ("deny by default", "empty", (_API, "GET", "main", PUBLIC), ("deny", "default_deny")),
    (
        "an unreadable policy denies, overrides too",
        "broken",
        ("https://open.example/", "GET", None, PUBLIC),
        ("deny", "policy_unreadable"),
    ),
    (
        "never comes before an unreadable policy",
        "broken",
        ("http://169.254.169.254/", "GET", None, ()),
        ("deny", "never"),
    ),
    ("a rule allows", "usual", (_API, "POST", "home", PUBLIC), ("allow", "api")),
    ("case does not matter in the host", "usual", ("https://API.Example/v1", "GET", None, PUBLIC), ("allow", "api")),
    ("another method", "usual", (_API, "DELETE", "main", PUBLIC), ("deny", "default_deny")),
    ("TRACE", "greedy", ("http://1.1.1.1/", "TRACE", "main", ("1.1.1.1",)), ("deny", "never")),
    ("CONNECT", "greedy", ("http://1.1.1.1/", "CONNECT", "main", ("1.1.1.1",)), ("deny", "never")),
    ("a method in lower case", "usual", (_API, "get", "main", PUBLIC), ("deny", "never")),
    (
        "plain http where https is meant",
        "usual",
        ("http://api.example/v1", "GET", None, PUBLIC),
        ("deny", "default_deny"),
    ),
    ("an odd port", "usual", ("https://api.example:8443/v1", "GET", None, PUBLIC), ("deny", "default_deny")),
    ("a path at its segment", "usual", ("https://api.example/v1", "GET", None, PUBLIC), ("allow", "api")),
    ("a path beyond its segment", "usual", ("https://api.example/v10", "GET", None, PUBLIC), ("deny", "default_deny")),
    ("a path below a folder", "usual", ("https://api.example/files/a", "GET", None, PUBLIC), ("allow", "api")),
    (
        "the folder without its slash",
        "usual",
        ("https://api.example/files", "GET", None, PUBLIC),
        ("deny", "default_deny"),
    ),
    ("another case in the path", "usual", ("https://api.example/V1", "GET", None, PUBLIC), ("deny", "default_deny")),
    (
        "a denied path wins over an allowed one",
        "usual",
        ("https://api.example/v1/admin/x", "GET", None, PUBLIC),
        ("deny", "admin"),
    ),
    ("beside the denied path", "usual", ("https://api.example/v1/administer", "GET", None, PUBLIC), ("allow", "api")),
    ("dots in the path", "usual", ("https://api.example/v1/../admin", "GET", None, PUBLIC), ("deny", "bad_path")),
    (
        "encoded dots in the path",
        "usual",
        ("https://api.example/v1/%2e%2e/admin", "GET", None, PUBLIC),
        ("deny", "bad_path"),
    ),
    ("an empty segment", "usual", ("https://api.example/v1//admin", "GET", None, PUBLIC), ("deny", "bad_path")),
    ("a path parameter", "usual", ("https://api.example/v1;/admin", "GET", None, PUBLIC), ("deny", "bad_path")),
    ("an encoded slash", "usual", ("https://api.example/v1%2Fadmin", "GET", None, PUBLIC), ("deny", "bad_path")),
    (
        "a denied path in an escaped spelling",
        "usual",
        ("https://api.example/v1/%61dmin", "GET", None, PUBLIC),
        ("deny", "bad_path"),
    ),
    ("userinfo", "usual", ("https://api.example@evil.example/v1", "GET", None, PUBLIC), ("deny", "userinfo")),
    ("backslash", "usual", ("https://api.example\\@evil.example/v1", "GET", None, PUBLIC), ("deny", "backslash")),
    ("hash before at", "usual", ("https://api.example#@evil.example/", "GET", None, PUBLIC), ("deny", "fragment")),
    (
        "question mark before at",
        "usual",
        ("https://api.example?@evil.example/", "GET", None, PUBLIC),
        ("deny", "bad_path"),
    ),
    ("a trailing dot", "usual", ("https://api.example./v1", "GET", None, PUBLIC), ("deny", "trailing_dot")),
    ("the apex of a suffix", "usual", ("https://good.example/", "GET", None, PUBLIC), ("allow", "tree")),
    ("below a suffix", "usual", ("https://a.b.good.example/", "GET", None, PUBLIC), ("allow", "tree")),
    ("suffix trick: evilgood", "usual", ("https://evilgood.example/", "GET", None, PUBLIC), ("deny", "default_deny")),
    (
        "suffix trick: good.evil",
        "usual",
        ("https://good.example.evil.example/", "GET", None, PUBLIC),
        ("deny", "default_deny"),
    ),
    (
        "a look-alike is another name",
        "usual",
        ("https://xn--pi-7kc.example/v1", "GET", None, PUBLIC),
        ("deny", "default_deny"),
    ),
    ("a denied subdomain", "usual", ("https://x.ads.good.example/", "GET", None, PUBLIC), ("deny", "ads")),
    ("a denied subdomain by http", "usual", ("http://ads.good.example:81/", "GET", None, PUBLIC), ("deny", "ads")),
    ("beside the denied subdomain", "usual", ("https://bads.good.example/", "GET", None, PUBLIC), ("allow", "tree")),
    ("ask", "usual", ("http://nas.lan:8080/x", "PUT", "home", ("192.168.1.7",)), ("ask", "nas")),
    (
        "a private name in a carrier grade network",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("100.64.1.1",)),
        ("ask", "nas"),
    ),
    (
        "a private name may be unique local",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("fd12::9",)),
        ("ask", "nas"),
    ),
    (
        "a private name is not this machine",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("127.0.0.1",)),
        ("deny", "address_not_named"),
    ),
    (
        "a private name is no other tunnel",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("64:ff9b::c0a8:107",)),
        ("deny", "address_not_named"),
    ),
    (
        "localhost is no tunnel",
        "usual",
        ("http://localhost:8123/", "GET", None, ("2002:7f00:1::1",)),
        ("deny", "address_not_named"),
    ),
    (
        "a private name is not 6to4",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("2002:c0a8:107::1",)),
        ("deny", "address_not_named"),
    ),
    (
        "a private name and a denied network",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("10.0.0.7",)),
        ("deny", "no-ten"),
    ),
    (
        "a denied network behind a mapped address",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("::ffff:10.0.0.7",)),
        ("deny", "no-ten"),
    ),
    (
        "a public name in the local network",
        "usual",
        (_API, "GET", None, ("192.168.1.7",)),
        ("deny", "address_not_named"),
    ),
    (
        "answers that mix public and private",
        "usual",
        (_API, "GET", None, ("93.184.215.14", "10.0.0.1")),
        ("deny", "no-ten"),
    ),
    (
        "answers that mix public and loopback",
        "usual",
        (_API, "GET", None, ("::1", "93.184.215.14")),
        ("deny", "address_not_named"),
    ),
    (
        "several public answers",
        "usual",
        (_API, "GET", None, ("93.184.215.14", "2606:4700::1", "8.8.8.8")),
        ("allow", "api"),
    ),
    ("no answer", "usual", (_API, "GET", None, ()), ("deny", "no_address")),
    ("CNAME to metadata", "usual", (_API, "GET", None, ("169.254.169.254",)), ("deny", "never")),
    (
        "a private name of metadata",
        "usual",
        ("http://nas.lan:8080/", "GET", None, ("fd00:ec2::254",)),
        ("deny", "never"),
    ),
    ("a name of no network", "usual", (_API, "GET", None, ("0.0.0.0",)), ("deny", "never")),
    ("a name of multicast", "usual", (_API, "GET", None, ("224.0.0.1",)), ("deny", "never")),
    ("NAT64 of private", "usual", (_API, "GET", None, ("64:ff9b::c0a8:107",)), ("deny", "address_not_named")),
    ("NAT64 of public", "usual", (_API, "GET", None, ("64:ff9b::808:808",)), ("allow", "api")),
    ("6to4 of private", "usual", (_API, "GET", None, ("2002:a00:1::1",)), ("deny", "address_not_named")),
    ("Teredo of private", "usual", (_API, "GET", None, ("2001:0:808:808::f5ff:fffe",)), ("deny", "address_not_named")),
    ("documentation addresses", "usual", (_API, "GET", None, ("192.0.2.1",)), ("deny", "address_not_named")),
    ("a named network", "usual", ("https://192.168.1.9/", "GET", "main", ("192.168.1.9",)), ("allow", "lan")),
    (
        "a named network as mapped",
        "usual",
        ("https://[::ffff:192.168.1.9]/", "GET", "main", ("::ffff:192.168.1.9",)),
        ("allow", "lan"),
    ),
    (
        "a named network for another group",
        "usual",
        ("https://192.168.1.9/", "GET", "home", ("192.168.1.9",)),
        ("deny", "default_deny"),
    ),
    (
        "a named network for nobody",
        "usual",
        ("https://192.168.1.9/", "GET", None, ("192.168.1.9",)),
        ("deny", "default_deny"),
    ),
    (
        "beside the named network",
        "usual",
        ("https://192.168.2.9/", "GET", "main", ("192.168.2.9",)),
        ("deny", "default_deny"),
    ),
    ("a named address", "usual", ("https://[fd12::7]/", "GET", None, ("fd12::7",)), ("allow", "six")),
    ("another address", "usual", ("https://[fd12::8]/", "GET", None, ("fd12::8",)), ("deny", "default_deny")),
    ("another address dialled", "usual", ("https://[fd12::7]/", "GET", None, ("fd12::8",)), ("deny", "never")),
    ("short IPv4", "usual", ("https://192.168.265/", "GET", "main", ()), ("deny", "bad_ip")),
    ("decimal IPv4", "usual", ("https://3232235785/", "GET", "main", ()), ("deny", "bad_ip")),
    ("octal IPv4", "usual", ("https://0300.0250.1.9/", "GET", "main", ()), ("deny", "bad_ip")),
    ("localhost by name", "usual", ("http://localhost:8123/", "GET", None, ("127.0.0.1", "::1")), ("allow", "local")),
    ("localhost's own port", "usual", ("http://localhost:21883/", "GET", None, ("127.0.0.1",)), ("deny", "never")),
    (
        "this machine by address is another name",
        "usual",
        ("http://127.0.0.1:8123/", "GET", None, ("127.0.0.1",)),
        ("deny", "default_deny"),
    ),
    (
        "everything, metadata",
        "greedy",
        ("http://169.254.169.254/", "GET", "main", ("169.254.169.254",)),
        ("deny", "never"),
    ),
    (
        "everything, metadata as mapped",
        "greedy",
        ("http://[::ffff:169.254.169.254]/", "GET", None, ()),
        ("deny", "never"),
    ),
    ("everything, metadata by NAT64", "greedy", ("http://[64:ff9b::a9fe:a9fe]/", "GET", None, ()), ("deny", "never")),
    ("everything, metadata by 6to4", "greedy", ("http://[2002:a9fe:a9fe::]/", "GET", None, ()), ("deny", "never")),
    ("everything, metadata of IPv6", "greedy", ("http://[fd00:ec2::254]/", "GET", None, ()), ("deny", "never")),
    (
        "everything, metadata by name",
        "greedy",
        ("http://metadata.google.internal/", "GET", None, PUBLIC),
        ("deny", "never"),
    ),
    ("everything, another name below", "greedy", ("http://files.internal/", "GET", None, PUBLIC), ("allow", "domains")),
    ("everything, no network", "greedy", ("http://0.0.0.0/", "GET", None, ()), ("deny", "never")),
    ("everything, no address of IPv6", "greedy", ("http://[::]/", "GET", None, ()), ("deny", "never")),
    ("everything, the named private", "greedy", ("http://10.0.0.1/", "GET", None, ("10.0.0.1",)), ("allow", "greedy")),
    ("everything, no names", "greedy", ("http://api.example/", "GET", None, ("10.0.0.1",)), ("deny", "default_deny")),
    ("the first that fits", "ordered", ("https://order.example/", "GET", None, PUBLIC), ("ask", "ask-first")),
    ("the next that fits", "ordered", ("https://other.example/", "GET", None, PUBLIC), ("allow", "allow-later")),
    ("an override opens", "open", ("https://open.example:444/x", "DELETE", "home", PUBLIC), ("allow", "override")),
    (
        "an override opens no local address",
        "open",
        ("https://open.example/", "GET", None, ("192.168.1.7",)),
        ("deny", "address_not_named"),
    ),
    ("an override's port", "open", ("https://port.example:8443/", "GET", None, PUBLIC), ("allow", "override")),
    ("beside an override's port", "open", ("https://port.example/", "GET", None, PUBLIC), ("deny", "default_deny")),
    (
        "beside an override's methods",
        "open",
        ("https://port.example:8443/", "POST", None, PUBLIC),
        ("deny", "default_deny"),
    ),
    ("an override's group", "open", ("https://group.example/", "GET", "home", PUBLIC), ("allow", "override")),
    (
        "another group than an override's",
        "open",
        ("https://group.example/", "GET", "main", PUBLIC),
        ("deny", "default_deny"),
    ),
    ("an override that is over", "open", ("https://over.example/", "GET", None, PUBLIC), ("deny", "default_deny")),
    ("an override from beyond a day", "open", ("https://far.example/", "GET", None, PUBLIC), ("deny", "default_deny")),
    ("an override aimed at metadata", "open", ("http://169.254.169.254/", "GET", None, ()), ("deny", "never")),
    (
        "an override of a name, metadata behind it",
        "open",
        ("https://open.example/", "GET", None, ("169.254.169.254",)),
        ("deny", "never"),
    ),
    (
        "an override names a local address",
        "open",
        ("http://192.168.1.9/", "GET", None, ("192.168.1.9",)),
        ("allow", "override"),
    ),
    (
        "an override of a private ask",
        "open",
        ("http://nas.lan:8080/", "GET", None, ("192.168.1.7",)),
        ("allow", "override"),
    ),
    (
        "an override of a denied path",
        "open",
        ("https://api.example/v1/admin", "GET", None, PUBLIC),
        ("allow", "override"),
    ),
    (
        "an override aimed at Barnacle's own port",
        "open",
        ("http://localhost:21883/", "GET", None, ("127.0.0.1",)),
        ("deny", "never"),
    ),
    ("the same by address", "open", ("http://127.0.0.1:21883/", "GET", None, ("127.0.0.1",)), ("deny", "never")),
    (
        "beside Barnacle's own port",
        "open",
        ("http://127.0.0.1:8123/", "GET", None, ("127.0.0.1",)),
        ("allow", "override"),
    ),
)


def judge(rules, overrides, request):
    """(effect, rule) of a request, all the way; a URL that is not canonical is denied by its code."""
    text, method, group, found = request
    try:
        target = url.parse(text)
    except url.TargetError as error:
        return "deny", error.code
    asked = {"target": target, "method": method, "group": group, "credential": None}
    decision = egress.decide(asked, rules, overrides, NOW_MS)
    denial = egress.check_addresses(decision, target, [addresses.parse(address) for address in found])
    said = denial or decision
    return said.effect, said.rule
