"""`barnacle policy …` with nothing running: it edits policy.toml and judges with the evaluator that decides."""

import json
import socket
from typing import Any, NamedTuple

import pytest

from tests.app.cli.fake_host import FakeHost

API = "https://api.example/v1/messages"


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def policy(barnacle):
    """Runs `barnacle policy …` in a fresh home."""

    def run(*words):
        return Done(*barnacle("policy", *words))

    return run


@pytest.fixture
def names(monkeypatch):
    """What names resolve to; any other does not."""
    table = {}

    def lookup(host, port, **_):
        if host not in table:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in table[host]]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return table


def verdict_on(policy, *args, code=0):
    """The JSON of `policy test`."""
    found = policy("test", *args, "--json")
    assert found.code == code, found
    return json.loads(found.out)


def test_without_a_file_everything_is_denied_and_show_says_so(policy):
    shown = policy("show")
    assert shown.code == 1 and "everything is denied" in shown.err and "policy.toml is missing" in shown.err
    verdict = verdict_on(policy, API, code=1)
    assert (verdict["effect"], verdict["rule"], verdict["version"]) == ("deny", "policy_unreadable", "missing")


def test_a_rule_that_was_allowed_decides_and_its_neighbours_do_not(policy, names):
    names["api.example"] = ["93.184.215.14"]
    added = policy("allow", "https://API.example/v1", "--method", "post", "--name", "api")
    assert added.code == 0 and "rule api added" in added.out and "in force when Barnacle runs" in added.out
    verdict = verdict_on(policy, API, "--method", "POST")
    assert (verdict["effect"], verdict["rule"]) == ("allow", "api")
    assert verdict["addresses"] == [{"address": "93.184.215.14", "class": "public", "denied": None}]
    for url, method in ((API, "GET"), ("https://api.example/v2", "POST"), ("https://api.example:8443/v1", "POST")):
        assert verdict_on(policy, url, "--method", method, code=1)["rule"] == "default_deny"
    assert "is not for GET" in verdict_on(policy, API, code=1)["reason"]


def test_a_name_that_leads_into_the_local_network_is_denied_unless_private(policy, names):
    names["nas.lan"] = ["192.168.1.7"]
    assert policy("allow", "https://nas.lan/").code == 0
    verdict = verdict_on(policy, "https://nas.lan/", code=1)
    assert (verdict["effect"], verdict["rule"]) == ("deny", "address_not_named")
    assert verdict_on(policy, "https://nas.lan/", "--no-resolve")["addresses"] == []
    assert policy("remove", "nas-lan").code == 0
    assert policy("ask", "https://nas.lan/", "--private").code == 0
    assert verdict_on(policy, "https://nas.lan/")["effect"] == "ask"


def test_a_name_with_one_bad_address_among_good_ones_is_denied(policy, names):
    names["api.example"] = ["93.184.215.14", "169.254.169.254"]
    policy("allow", "https://api.example/")
    verdict = verdict_on(policy, "https://api.example/", code=1)
    assert verdict["rule"] == "never" and [bool(one["denied"]) for one in verdict["addresses"]] == [False, True]


def test_a_name_that_does_not_resolve_is_denied_with_that_reason(policy, names):
    policy("allow", "https://gone.example/")
    verdict = verdict_on(policy, "https://gone.example/", code=1)
    assert verdict["rule"] == "no_address" and "does not resolve" in verdict["reason"]
    assert verdict_on(policy, "https://gone.example/", "--no-resolve")["effect"] == "allow"


def test_what_is_not_canonical_is_refused_with_what_to_write(policy):
    shown = policy("test", "https://good.example@evil.example/")
    assert shown.code == 1 and "userinfo" in shown.err and "leave out user and password" in shown.err
    assert verdict_on(policy, "http://2130706433/", code=1)["code"] == "bad_ip"
    added = policy("allow", "https://good.example./")
    assert added.code == 2 and "leave the dot out" in added.err
    assert policy("allow", "https://good.example/?q").code == 2


def test_nothing_opens_metadata_or_barnacles_own_port(policy, names):
    names["localhost"] = ["127.0.0.1"]
    policy("allow", "http://169.254.169.254/")
    policy("allow", "169.254.0.0/16")
    assert verdict_on(policy, "http://169.254.169.254/", code=1)["rule"] == "never"
    policy("allow", "http://localhost:21883/", "--private")
    policy("allow", "http://localhost:8123/", "--private")
    assert verdict_on(policy, "http://localhost:21883/", code=1)["rule"] == "never"
    assert verdict_on(policy, "http://localhost:8123/")["effect"] == "allow"


def test_a_denial_wins_and_a_useless_rule_is_pointed_out(policy):
    policy("deny", "ads.example", "--subdomains")
    added = policy("allow", "https://x.ads.example/")
    assert added.code == 0 and "but ads-example decides about it" in added.out
    assert verdict_on(policy, "https://x.ads.example/", code=1)["rule"] == "ads-example"
    assert verdict_on(policy, "https://ads.example/", code=1)["rule"] == "ads-example"
    assert verdict_on(policy, "https://badads.example/", code=1)["rule"] == "default_deny"


def test_the_first_rule_that_opens_wins_and_before_changes_the_order(policy):
    policy("ask", "https://api.example/", "--name", "ask")
    policy("allow", "https://api.example/v1", "--name", "late")
    assert verdict_on(policy, API, "--no-resolve")["effect"] == "ask"
    policy("allow", "https://api.example/v1", "--name", "early", "--before", "ask")
    assert verdict_on(policy, API, "--no-resolve")["rule"] == "early"
    rules = json.loads(policy("show", "--json").out)["rules"]
    assert [rule["name"] for rule in rules] == ["early", "ask", "late"]


def test_hosts_networks_and_groups_become_rules(policy):
    policy("allow", "192.168.1.0/24", "--group", "main")
    policy("allow", "2001:db8::7")
    policy("deny", "http://a.example:8080/x")
    rules = json.loads(policy("show", "--json").out)["rules"]
    assert rules == [
        {"name": "192-168-1-0-24", "effect": "allow", "network": "192.168.1.0/24", "groups": ["main"]},
        {"name": "2001-db8--7", "effect": "allow", "host": "2001:db8::7"},
        {
            "name": "a-example",
            "effect": "deny",
            "host": "a.example",
            "scheme": "http",
            "ports": [8080],
            "paths": ["/x"],
        },
    ]
    url = "https://192.168.1.9/"
    assert verdict_on(policy, url, "--group", "main")["addresses"] == [
        {"address": "192.168.1.9", "class": "private", "denied": None}
    ]
    assert verdict_on(policy, url, code=1)["rule"] == verdict_on(policy, url, "--group", "home", code=1)["rule"]


def test_names_are_made_from_the_host_and_stay_apart(policy):
    for _ in range(2):
        assert policy("allow", "https://api.example/").code == 0
    rules = json.loads(policy("show", "--json").out)["rules"]
    assert [rule["name"] for rule in rules] == ["api-example", "api-example-2"]
    refused = policy("allow", "https://b.example/", "--name", "api-example")
    assert refused.code == 1 and "two rules are named api-example" in refused.err


def test_a_file_that_cannot_be_read_is_left_alone(policy, barnacle):
    policy("allow", "https://api.example/", "--name", "api")
    path = barnacle.home / "policy.toml"
    broken = path.read_text() + "hots = 1\n"
    path.write_text(broken)
    for words in (("show",), ("remove", "api"), ("deny", "b.example")):
        shown = policy(*words)
        assert shown.code == 1 and "rule api: hots is no key" in shown.err
    assert path.read_text() == broken
    assert verdict_on(policy, API, code=1)["rule"] == "policy_unreadable"


def test_private_needs_one_exact_host(policy):
    assert policy("allow", "lan", "--subdomains", "--private").code == 2
    assert policy("allow", "10.0.0.0/8", "--private").code == 2
    assert policy("remove", "gone").code == 1


def test_the_table_shows_each_rule_in_order_and_the_version(policy):
    policy("ask", "http://nas.lan:8080/a", "--private", "--group", "main", "--note", "files")
    shown = policy("show").out
    assert "http 8080 /a main private" in shown and "files" in shown and "version " in shown


def remote(barnacle, host, *words):
    return Done(*barnacle("--mqtt", "box.example:21883", "policy", *words, host=host))


def test_a_remote_appliances_rules_are_judged_and_changed_through_its_host(barnacle):
    rule = {"name": "api", "effect": "allow", "host": "api.example"}
    said: dict[str, Any] = {
        "effect": "deny",
        "rule": "private_address",
        "reason": "no",
        "version": "v1",
        "url": API,
        "remedy": "",
    }
    said["addresses"] = [{"address": "10.0.0.1", "class": "private", "denied": {"rule": "x", "reason": "y"}}]
    answers = {"policy": {"box": None, "broker": {"version": "v1", "rules": [rule], "problem": None}, "same": False}}
    answers |= {"policy.test": said, "policy.add": {"version": "v2"}, "policy.remove": {"version": "v3"}}
    host = FakeHost(answers)
    tested = remote(barnacle, host, "test", API, "--group", "main")
    assert tested.code == 1 and "deny by private_address: no" in tested.out and "10.0.0.1  private" in tested.out
    assert host.asked == [("policy.test", {"url": API, "method": "GET", "group": "main"})]
    assert json.loads(remote(barnacle, host, "test", API, "--json").out)["addresses"] == said["addresses"]
    assert "api" in remote(barnacle, host, "show").out
    added = remote(barnacle, host, "deny", "api.example", "--before", "api")
    assert added.code == 0 and "version v2; in force at once" in added.out
    new = {"name": "api-example", "effect": "deny", "host": "api.example"}
    assert ("policy.add", {"rule": new, "before": "api"}) in host.asked
    assert remote(barnacle, host, "remove", "api").code == 0
    assert ("policy.remove", {"name": "api"}) in host.asked
    assert remote(barnacle, host, "test", API, "--no-resolve").code == 2
    host.answers["policy"] = {"box": None, "broker": None, "same": False}
    assert "not running there" in remote(barnacle, host, "show").err
