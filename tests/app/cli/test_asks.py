import asyncio
import json

import pytest

from app.host.operator_client import OperatorRefused
from tests.app.cli.fake_host import NOW_MS, Event, FakeHost

ASK = {
    "id": "ask-1-k3x9",
    "n": 1,
    "folder": "family",
    "run": "run-1",
    "tool": "http_fetch",
    "args": "list=\x1b[2Jgroceries",
    "host": "shop.example",
    "port": 443,
    "method": "POST",
    "url": "https://shop.example/cart",
    "why": "the rule shop asks about shop.example",
    "created_ms": NOW_MS,
    "expires_ms": NOW_MS + 120_000,
    "state": "open",
    "answer": None,
    "by": None,
    "presence": False,
}
DENIED = ASK | {"id": "ask-0-old1", "state": "denied", "answer": "deny", "by": "owner:local"}
OVERRIDE = {
    "id": "override-1-zz",
    "group": "family",
    "host": "new.example",
    "port": 443,
    "methods": ["GET"],
    "reason": "trying \x1b]0;x\x07it",
    "by": "owner:local",
    "start_ms": NOW_MS,
    "end_ms": NOW_MS + 3_600_000,
}


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("app.cli.asks.now_ms", lambda: NOW_MS + 75_000)


def test_asks_show_what_waits_and_how_long_without_terminal_codes(barnacle):
    code, out, _ = barnacle("asks", host=FakeHost({"asks": [ASK]}))
    assert code == 0
    assert "http_fetch POST shop.example" in out and "45 s" in out and "\x1b" not in out


def test_asks_with_nothing_waiting_say_so(barnacle):
    assert "nothing waits for you" in barnacle("asks", host=FakeHost({"asks": []}))[1]
    assert json.loads(barnacle("asks", "--json", host=FakeHost({"asks": []}))[1]) == []


def test_all_asks_show_who_answered(barnacle):
    host = FakeHost({"asks": [DENIED, ASK]})
    _, out, _ = barnacle("asks", "--all", host=host)
    assert host.asked == [("asks", {"all": True})] and "denied by owner:local" in out
    assert json.loads(barnacle("asks", "--json", host=host)[1]) == [ASK]


def test_following_shows_asks_as_they_come(barnacle, monkeypatch):
    host = FakeHost({"asks": [ASK]}, [Event("audit", {}), Event("ask.set", DENIED)])
    monkeypatch.setattr(host, "events", _ending(host.events))
    code, out, _ = barnacle("asks", "--follow", "--json", host=host)
    assert code == 0 and [json.loads(line)["id"] for line in out.splitlines()] == [ASK["id"], DENIED["id"]]
    _, out, _ = barnacle("asks", "--follow", host=host)
    assert "asks  http_fetch POST shop.example" in out and "denied" in out and "\x1b" not in out


def _ending(events):
    async def ended():
        found = events()
        while True:
            try:
                async with asyncio.timeout(0.05):
                    yield await anext(found)
            except TimeoutError:
                return

    return ended


@pytest.mark.parametrize(
    ("argv", "answer", "said"),
    [
        (["approve", "k3x9"], "once", "approved"),
        (["approve", "k3x9", "--for", "15m"], "15min", "open for 15 minutes"),
        (["deny", "k3x9"], "deny", "denied"),
    ],
)
def test_an_answer_goes_to_the_box(barnacle, argv, answer, said):
    result = {"id": ASK["id"], "state": "approved", "answer": answer, "by": "owner:local", "presence": False}
    host = FakeHost({"ask.answer": result})
    code, out, _ = barnacle(*argv, host=host)
    assert (code, host.asked) == (0, [("ask.answer", {"id": "k3x9", "answer": answer})])
    assert ASK["id"] in out and said in out
    assert json.loads(barnacle(*argv, "--json", host=host)[1]) == result


def test_a_late_answer_fails_with_the_remedy(barnacle):
    refused = OperatorRefused("expired", "nobody answered ask-1 in time", "have the assistant try again")
    code, _, err = barnacle("approve", "ask-1", host=FakeHost({"ask.answer": refused}))
    assert code == 1 and err.endswith("in time; have the assistant try again\n")


def test_an_override_is_added_with_its_scope_and_end(barnacle):
    host = FakeHost({"override.add": OVERRIDE})
    argv = ["override", "add", "new.example", "--for", "1h", "--reason", "trying it"]
    code, out, _ = barnacle(*argv, "--group", "family", "--port", "443", "--method", "get", host=host)
    assert code == 0 and "new.example:443 GET for family is open until" in out
    wish = {"host": "new.example", "minutes": 60, "reason": "trying it", "group": "family", "port": 443}
    assert host.asked == [("override.add", wish | {"methods": ["GET"]})]
    host.asked.clear()
    assert json.loads(barnacle(*argv, "--json", host=host)[1]) == OVERRIDE
    assert host.asked == [("override.add", {"host": "new.example", "minutes": 60, "reason": "trying it"})]


def test_overrides_are_listed_and_removed(barnacle):
    host = FakeHost({"overrides": [OVERRIDE], "override.remove": {"id": OVERRIDE["id"]}})
    _, out, _ = barnacle("override", "list", host=host)
    assert "new.example:443 GET for family" in out and "\x1b" not in out
    assert json.loads(barnacle("override", "list", "--json", host=host)[1]) == [OVERRIDE]
    assert barnacle("override", "remove", "zz", host=host)[:2] == (0, f"{OVERRIDE['id']} ended\n")
    assert host.asked[-1] == ("override.remove", {"id": "zz"})
    assert "no exceptions" in barnacle("override", "list", host=FakeHost({"overrides": []}))[1]
