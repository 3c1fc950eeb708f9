"""Egress is denied by default; what opens it, in which order, and what nothing opens."""

from device.host import addresses, egress, limits, policy_state, url
from device.host.egress import EgressDecision, Rules, check_addresses, decide
from tests.device.portable_test import raises
from tests.egress_cases import API, CASES, NOW_MS, OWN_PORTS, POLICIES, judge


class State:
    def __init__(self, body):
        self.policy = body


def ask(text, rules, overrides=(), method="GET", group: object = "main", now_ms=NOW_MS):
    request = {"target": url.parse(text), "method": method, "group": group, "credential": None}
    return decide(request, rules, list(overrides), now_ms)


def check(decision, text, *spelled):
    return check_addresses(decision, url.parse(text), [addresses.parse(one) for one in spelled])


def test_every_case_of_the_corpus_is_judged_as_it_says():
    wrong = []
    for name, policy, request, verdict in CASES:
        rules, problem, overrides = POLICIES[policy]
        found = judge(Rules("v", rules, problem, OWN_PORTS), overrides, request)
        if found != verdict:
            wrong.append((name, found, verdict))
    assert not wrong, wrong


def test_the_box_judges_the_corpus_alike_with_rules_that_came_over_the_bus():
    wrong = []
    for name, policy, request, verdict in CASES:
        rules, problem, overrides = POLICIES[policy]
        args = {"version": "v", "rules": rules, "problem": problem}
        records, _ = policy_state.set_policy(None, args, None)
        in_force = policy_state.PolicyState(State(records[0][1])).rules
        found = judge(in_force, overrides, request)
        if found != verdict and verdict[1] != "never" and "own port" not in name:  # the box does not know those ports
            wrong.append((name, found, verdict))
        if found[0] != verdict[0] and not ("own port" in name or "same by address" in name):
            wrong.append((name, found, verdict))
    assert not wrong, wrong


def test_the_corpus_has_every_verdict_and_its_names_are_unique():
    effects = {verdict[0] for _, _, _, verdict in CASES}
    assert effects == {"allow", "ask", "deny"} and len({case[0] for case in CASES}) == len(CASES)
    assert sum([1 for case in CASES if case[3][0] != "deny"]) > 20


def test_a_planted_evaluator_that_forgets_the_addresses_is_caught_by_the_corpus():
    caught = 0
    for _, policy, request, verdict in CASES:
        rules, problem, overrides = POLICIES[policy]
        try:
            decision = ask(request[0], Rules("v", rules, problem, OWN_PORTS), overrides, request[1], request[2])
        except url.TargetError:
            continue
        caught += decision.effect != verdict[0]
    assert caught > 10


def test_a_decision_carries_the_version_and_a_reason():
    for rules in (Rules("abc", [API]), Rules("abc", []), Rules("abc", [], "it is gone")):
        for text in ("https://api.example/v1", "https://b.example/", "http://169.254.169.254/"):
            decision = ask(text, rules)
            assert decision.version == "abc" and decision.reason and decision.rule in repr(decision)
            assert decision.allowed == (decision.effect == "allow")
            denial = check(decision, text, "169.254.169.254")
            assert denial is not None and denial.version == "abc" and denial.reason


def test_a_denial_by_default_says_what_a_rule_for_that_host_misses():
    rules = Rules("v", [API])
    for text, method, group, said in (
        ("http://api.example/v1", "GET", None, "is for https only"),
        ("https://api.example:81/v1", "GET", None, "is not for port 81"),
        ("https://api.example/v1", "PUT", None, "is not for PUT"),
        ("https://api.example/v2", "GET", None, "is for other paths"),
    ):
        assert said in ask(text, rules, (), method, group).reason
    narrow = Rules("v", [dict(API, groups=["home"])])
    assert "is for other groups" in ask("https://api.example/v1", narrow).reason
    assert "no rules at all" in ask("https://api.example/v1", Rules("v", [])).reason


def test_a_problem_denies_everything_and_is_said():
    decision = ask("https://api.example/v1", Rules("v", [API], "line 3 is no TOML"))
    assert (decision.effect, decision.rule) == ("deny", "policy_unreadable") and "line 3" in decision.reason
    assert ask("https://api.example/v1", Rules("v", [API])).allowed


def test_an_endpoint_that_the_owner_named_may_be_local_and_never_metadata():
    named = EgressDecision("allow", "model", "named in config.toml", "v", True)
    for text, spelled in (
        ("http://ollama.lan:11434/", "192.168.1.7"),
        ("http://localhost:11434/", "127.0.0.1"),
        ("http://127.0.0.1:11434/", "127.0.0.1"),
        ("https://api.example/", "93.184.215.14"),
    ):
        assert check(named, text, spelled) is None, text
    for text, spelled in (("http://ollama.lan/", "127.0.0.1"), ("http://ollama.lan/", "169.254.169.254")):
        assert check(named, text, spelled) is not None


def test_barnacles_own_ports_are_closed_at_every_address_of_this_machine():
    mine = addresses.parse("192.168.1.2")
    rule = {"name": "all", "effect": "allow", "network": "0.0.0.0/0", "scheme": "http", "ports": [21883, 80]}
    rules = Rules(
        "v", [rule, {"name": "six", "effect": "allow", "network": "::/0", "scheme": "http"}], None, (21883,), (mine,)
    )
    for text in ("http://192.168.1.2:21883/", "http://[::ffff:192.168.1.2]:21883/", "http://127.9.9.9:21883/"):
        assert ask(text, rules).rule == "never", text
    for text in ("http://192.168.1.2/", "http://192.168.1.3:21883/", "http://127.9.9.9/"):
        assert ask(text, rules).rule == "all", text
    by_name = EgressDecision("allow", "model", "", "v", True, (), (), rules)
    assert check(by_name, "http://box.lan:21883/", "192.168.1.2") is not None
    assert check(by_name, "http://box.lan:21884/", "192.168.1.2") is None


def test_what_is_no_address_is_never_dialled():
    decision = ask("https://api.example/v1", Rules("v", [API]))
    for found in ([None], ["1.1.1.1"], [b""], [b"\1\1\1"], [bytes(5)], [bytearray(b"\1\1\1\1")]):
        denial = check_addresses(decision, url.parse("https://api.example/v1"), found)
        assert denial is not None and denial.rule == "never"
    assert check(decision, "https://api.example/v1", "1.1.1.1") is None


def test_a_malformed_override_opens_nothing():
    whole = POLICIES["open"][2][0]
    text = "https://open.example/"
    assert ask(text, Rules("v", []), [whole]).allowed
    for override in (
        {},
        dict(whole, end_ms=None),
        dict(whole, end_ms="9"),
        dict(whole, end_ms=1e15),
        dict(whole, host=None),
    ):
        assert not ask(text, Rules("v", []), [override]).allowed, override
    assert not ask(text, Rules("v", []), [dict(whole, methods=[])]).allowed


def test_a_clock_set_back_does_not_lengthen_an_override():
    whole = POLICIES["open"][2][0]
    day_ms = limits.OVERRIDE_MINUTES * 60000
    for now_ms, allowed in (
        (whole["end_ms"] - 1, True),
        (whole["end_ms"], False),
        (whole["end_ms"] - day_ms, True),
        (whole["end_ms"] - 2 * day_ms, False),
        (0, False),
    ):
        assert ask("https://open.example/", Rules("v", []), [whole], "GET", None, now_ms).allowed == allowed


def test_localhost_needs_a_rule_that_says_exactly_its_name():
    wide = Rules("v", [{"name": "wide", "effect": "allow", "suffix": "localhost", "scheme": "http"}])
    for text in ("http://localhost/", "http://a.localhost/"):
        assert ask(text, wide).rule == "default_deny"
    named = {"name": "named", "effect": "allow", "host": "a.localhost", "scheme": "http", "private": True}
    decision = ask("http://a.localhost/", Rules("v", [named]))
    assert decision.allowed and check(decision, "http://a.localhost/", "127.0.0.1") is None
    assert (
        ask("http://localhost/", Rules("v", [dict(named, effect="deny", host="localhost", private=False)])).rule
        == "named"
    )


def test_all_rules_there_may_be_are_judged_in_order():
    many = [{"name": "r%d" % n, "effect": "allow", "suffix": "h%d.example" % n} for n in range(limits.EGRESS_RULES)]
    rules = Rules("v", many)
    for n in range(limits.EGRESS_RULES):
        assert ask("https://x.h%d.example/" % n, rules).rule == "r%d" % n


def test_the_target_of_a_request_was_parsed():
    with raises(AttributeError):
        decide({"target": "https://api.example/", "method": "GET", "group": None}, Rules("v", [API]), [], 0)
    assert egress.check_rules([API]) == [API]
