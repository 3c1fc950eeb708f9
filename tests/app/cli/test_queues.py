"""What runs and waits on the command line: shown, tried again, dropped, cancelled."""

import json

import pytest

from app.cli.output import Output
from app.host.operator_client import OperatorRefused
from tests.app.cli.fake_host import NOW_MS, FakeHost, Terminal

QUEUE = {
    "slots": {"used": 1, "max": 2},
    "groups": {"family": {"state": "retrying", "depth": 2, "retry_ms": NOW_MS + 10**12, "run": None}},
    "waiting": [],
}
CONTENTS = {
    "folder": "family",
    "messages": [{"n": 4, "id": "m4", "sender_name": "Ada", "text": "water?\x1b[2J", "ts_ms": NOW_MS}],
    "runs": [
        {"id": "r1", "state": "running", "task": None, "started_ms": NOW_MS},
        {"id": "r2", "state": "queued", "task": "task-3f2", "queued_ms": NOW_MS, "due_ms": None},
    ],
    "refused": [{"ts_ms": NOW_MS, "what": "message.send", "rule": "full", "reason": "32 wait already", "detail": ""}],
}
DROPPED = {"folder": "family", "messages": 1, "runs": 2}


def test_a_group_shows_what_waits_and_what_it_refused(barnacle):
    host = FakeHost({"queues": QUEUE, "queue": CONTENTS})
    code, out, _ = barnacle("queues", "family", host=host)
    assert code == 0 and host.asked[-1] == ("queue", {"folder": "family"})
    assert "family retrying, tries again in" in out and "runs for" in out and "answers messages" in out
    assert "m4" in out and "asked for" in out and "task task-3f2" in out and "32 wait already · full" in out
    assert "\x1b" not in out and "r1" not in out


def test_a_group_as_json_has_its_place_in_the_queue_too(barnacle):
    host = FakeHost({"queues": QUEUE, "queue": CONTENTS})
    _, out, _ = barnacle("queues", "family", "--json", host=host)
    assert json.loads(out) == CONTENTS | {"queue": QUEUE["groups"]["family"]}


def test_the_word_show_can_be_left_out_and_a_group_may_be_called_so(barnacle):
    for words in (("queues",), ("queues", "show"), ("queues", "--json"), ("queues", "--mqtt", "127.0.0.1:1")):
        host = FakeHost({"queues": QUEUE})
        assert barnacle(*words, host=host)[0] == 0
        assert host.asked == [("queues", {})]
    host = FakeHost({"run.cancel": {"run": "r1", "folder": "show"}})
    assert barnacle("queues", "cancel", "show", host=host)[0] == 0
    assert host.asked == [("run.cancel", {"folder": "show"})]


def test_a_narrow_terminal_is_not_overrun(barnacle, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    barnacle("queues", "family", host=FakeHost({"queues": QUEUE, "queue": CONTENTS}), out=Output(terminal))
    assert (
        max(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) for line in terminal.getvalue().split("\n")) <= 60
    )


def test_retry_asks_the_box_and_a_refusal_has_its_remedy(barnacle):
    host = FakeHost({"queue.retry": {"folder": "family"}})
    assert barnacle("queues", "retry", "family", host=host)[:2] == (
        0,
        "family is tried again as soon as there is a slot\n",
    )
    assert host.asked == [("queue.retry", {"folder": "family"})]
    refusal = OperatorRefused("bad_value", "nothing of group family waits for a retry", "see `barnacle queues`")
    code, _, errors = barnacle("queues", "retry", "family", host=FakeHost({"queue.retry": refusal}))
    assert code == 1 and "see `barnacle queues`" in errors


def test_one_is_dropped_by_its_id(barnacle):
    host = FakeHost({"queue.drop": DROPPED | {"runs": 0}})
    assert barnacle("queues", "drop", "family", "m4", host=host)[:2] == (0, "dropped 1 message of family\n")
    assert host.asked == [("queue.drop", {"folder": "family", "id": "m4"})]


@pytest.mark.parametrize("words", [(), ("m4", "--all")])
def test_drop_wants_an_id_or_all(barnacle, words):
    host = FakeHost()
    assert barnacle("queues", "drop", "family", *words, host=host)[0] == 2
    assert host.asked == []


def test_dropping_all_wants_to_be_confirmed(barnacle, monkeypatch):
    host = FakeHost({"queue.drop": DROPPED})
    monkeypatch.setattr("sys.stdin", Terminal())
    for answer, code in (("", 1), ("n", 1), ("Y", 0)):
        monkeypatch.setattr("builtins.input", lambda question, answer=answer: answer)
        assert barnacle("queues", "drop", "family", "--all", host=host)[0] == code
    assert host.asked == [("queue.drop", {"folder": "family", "all": True})]


def test_without_a_terminal_all_is_dropped_only_with_yes(barnacle):
    host = FakeHost({"queue.drop": DROPPED})
    code, _, errors = barnacle("queues", "drop", "family", "--all", host=host)
    assert code == 2 and "--yes" in errors and host.asked == []
    code, out, _ = barnacle("queues", "drop", "family", "--all", "--yes", host=host)
    assert (code, out) == (0, "dropped 1 message and 2 task runs of family\n")
