"""What a rule may say, and what is refused with the rule's name and the key."""

from device.host import limits
from device.host.egress_rules import EFFECTS, KEYS, METHODS, Rule, Rules, check_rules
from device.host.errors import Refused
from tests.device.portable_test import raises


def rule(**changes):
    whole = {"name": "api", "effect": "allow", "host": "api.example"}
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not None}


def refusal(*rules):
    with raises(Refused) as caught:
        check_rules(list(rules))
    assert caught.error is not None and caught.error.remedy
    return caught.error


def refused_key(**changes):
    """The key that the refusal of such a rule names; its twin without the change passes."""
    check_rules([rule()])
    message = refusal(rule(**changes)).message
    assert message.startswith("rule api: "), message
    return message[len("rule api: ") :].split(" ")[0]


def test_a_rule_may_say_everything_there_is():
    whole = rule(
        host="NAS.lan",
        scheme="http",
        ports=[80, 8080],
        methods=["GET", "HEAD"],
        paths=["/", "/v1", "/a%20b/"],
        groups=["main"],
        private=True,
        note="the file server, über alles",
    )
    checked = check_rules([whole])
    assert checked == [dict(whole, host="nas.lan")]
    assert checked[0] is not whole and checked[0]["ports"] is not whole["ports"]
    assert check_rules(checked) == checked
    assert set(whole) | {"suffix", "network"} == set(KEYS)


def test_every_effect_and_method_is_taken():
    for effect in EFFECTS:
        assert check_rules([rule(effect=effect)])[0]["effect"] == effect
    assert check_rules([rule(methods=list(METHODS))])[0]["methods"] == list(METHODS)


def test_an_unknown_key_is_refused_by_name():
    assert refused_key(hosts=["a"]) == "hosts"
    assert refused_key(Path="/") == "Path"


def test_exactly_one_of_host_suffix_and_network_is_said():
    for changes in ({"host": None}, {"suffix": "example"}, {"network": "10.0.0.0/8"}):
        assert refused_key(**changes) == "host"
    assert check_rules([rule(host=None, suffix="example")])
    assert check_rules([rule(host=None, network="10.0.0.0/8")])


def test_a_host_that_is_no_canonical_host_is_refused():
    for host in ("", "*.example", ".example", "a.", "a b", "bücher.example", "127.1", "a/b", "a:80", "[::1]", "u@a", 7):
        assert refused_key(host=host) == "host", host
    for host in ("xn--bcher-kva.example", "127.0.0.1", "::1", "nas"):
        assert check_rules([rule(host=host)])[0]["host"] == host


def test_a_suffix_is_a_name():
    for suffix in ("10.0.0.1", "::1", "*.example", ".example", "0.10", ""):
        assert refused_key(host=None, suffix=suffix) == "suffix", suffix


def test_a_network_is_canonical_and_has_no_bits_beyond():
    bad = ("10.0.0.1/8", "10.0.0.0", "10/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0/-1", "FD00::/8")
    for network in bad + ("fd00:0::/8", "::/129", 8, "10.0.0.0/8/8", "10.0.0.0/8 "):
        assert refused_key(host=None, network=network) == "network", network
    for network in ("10.0.0.0/8", "0.0.0.0/0", "192.168.1.7/32", "fd00::/8", "::/0"):
        assert check_rules([rule(host=None, network=network)])


def test_effects_schemes_and_flags_are_words_of_their_own():
    for key, values in (
        ("effect", ("Allow", "permit", "", True, 7)),
        ("scheme", ("ftp", "HTTPS", "", "https://", 1)),
        ("private", ("true", 1, 0)),
    ):
        for value in values:
            assert refused_key(**{key: value}) == key, value


def test_private_needs_an_exact_host_that_is_opened():
    assert refused_key(host=None, suffix="lan", private=True) == "private"
    assert refused_key(host=None, network="10.0.0.0/8", private=True) == "private"
    assert refused_key(effect="deny", private=True) == "private"
    assert check_rules([rule(private=True)]) and check_rules([rule(host=None, suffix="lan", private=False)])


def test_lists_hold_what_they_should():
    for key, values in (
        ("ports", ([], [0], [65536], ["80"], [True], 80, (80,))),
        ("methods", ([], ["get"], ["TRACE"], ["CONNECT"], ["GET "], "GET")),
        ("paths", ([], ["v1"], ["/a/../b"], ["/%2e"], ["/a//b"], ["/a?b"], ["/a b"], ["/a;b"], "/")),
        ("groups", ([], [""], ["a\n"], [None], "main")),
    ):
        for value in values:
            assert refused_key(**{key: value}) == key, value


def test_names_are_short_plain_and_unique():
    for name in ("", "API", "a b", "a\n", "ü", 7, None, "n" * (limits.NAME_BYTES + 1)):
        message = refusal(rule(name=name)).message
        assert message.startswith("rule 1: name "), message
    for name in ("never", "default_deny", "override", "model", "policy_unreadable"):
        assert refusal(rule(name=name)).message.startswith("rule %s: name " % name)
    assert refusal(rule(), rule(host="b")).message == "two rules are named api"


def test_what_is_no_list_of_tables_is_refused():
    for rules in (None, {}, "x", ({},)):
        with raises(Refused):
            check_rules(rules)
    assert refusal(rule(), "x").message == "rule 2 is no table"
    assert check_rules([]) == []


def test_the_number_and_size_of_rules_is_bounded():
    rules = [{"name": "r%d" % n, "effect": "deny", "host": "h%d" % n} for n in range(limits.EGRESS_RULES)]
    assert len(check_rules(rules)) == limits.EGRESS_RULES
    assert refusal(*(rules + [rule()])).code == "too_large"
    noted = [dict(one, note="n" * limits.EGRESS_NOTE_BYTES) for one in rules[:20]]
    assert len(check_rules(noted)) == 20
    error = refusal(*[dict(one, note="n" * limits.EGRESS_NOTE_BYTES) for one in rules[:30]])
    assert error.code == "too_large" and str(limits.EGRESS_BYTES) in error.message


def test_the_lists_and_texts_of_a_rule_are_bounded():
    most = limits.EGRESS_VALUES
    assert check_rules([rule(ports=list(range(1, most + 1)))])
    assert refused_key(ports=list(range(1, most + 2))) == "ports"
    longest = "/" + "a" * (limits.EGRESS_PATH_BYTES - 1)
    assert check_rules([rule(paths=[longest])])
    assert refused_key(paths=[longest + "a"]) == "paths"
    assert check_rules([rule(note="n" * limits.EGRESS_NOTE_BYTES)])
    assert refused_key(note="n" * (limits.EGRESS_NOTE_BYTES + 1)) == "note"
    assert refused_key(note="\xfc" * limits.EGRESS_NOTE_BYTES) == "note"
    assert refused_key(note="a\nb") == "note"
    assert refused_key(groups=["g" * (limits.NAME_BYTES + 1)]) == "groups"


def test_rules_that_were_not_checked_cannot_be_judged_by():
    with raises(Refused):
        Rules("v", [{"name": "x", "effect": "allow"}])
    assert Rules("v", [rule()]).opening[0].host == "api.example"
    assert Rule(check_rules([rule(effect="deny")])[0]).effect == "deny"
