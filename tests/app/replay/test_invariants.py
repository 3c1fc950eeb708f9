"""What must hold in every replay: each rule sees it when it is broken."""

import pytest

from app.host.replay.invariants import violations

GROUP = {"folder": "main", "jid": "main@x", "trigger": "@Andy", "requires_trigger": False, "paused": False}


def message(n, **fields):
    return {"n": n, "id": f"m{n}", "folder": "main", "text": "hi", "from_me": False, "t": n, **fields}


def run(t, ended, ids, **fields):
    base = {"t": t, "ended": ended, "folder": "main", "kind": "messages", "state": "done", "messages": ids}
    return {**base, **fields}


def broken(stored, runs, pending=(), out=(), slots=2):
    timeline = {"phases": [{"end_ms": 1000, "settings": {"slots": slots}, "events": []}]}
    final = {"pending": [{"folder": "main", "ids": list(pending)}], "groups": [GROUP]}
    played = {"stored": stored, "runs": runs, "out": list(out), "final": final}
    return [found.where for found in violations(timeline, {"phases": [played]})]


def test_messages_that_are_settled_once_in_order_break_nothing():
    assert broken([message(1), message(2), message(3)], [run(1, 5, ["m1"]), run(6, 9, ["m2", "m3"])]) == []


def test_a_message_that_is_neither_settled_nor_pending_is_lost():
    assert broken([message(1), message(2)], [run(1, 5, ["m1"])]) == ["invariant.message.m2"]


def test_a_message_that_is_settled_twice_is_seen():
    found = broken([message(1)], [run(1, 5, ["m1"]), run(6, 9, ["m1"])])
    assert "invariant.message.m1" in found and "invariant.order" in found


def test_a_failed_run_settles_only_what_it_had_answered():
    failed = run(1, 5, ["m1"], state="failed")
    assert broken([message(1)], [failed, run(6, 9, ["m1"])]) == []
    assert "invariant.message.m1" in broken([message(1)], [failed, run(6, 9, ["m1"])], out=[{"run": 0}])


def test_messages_out_of_the_order_of_arrival_are_seen():
    assert broken([message(1), message(2)], [run(1, 5, ["m2"]), run(6, 9, ["m1"])]) == ["invariant.order"]


def test_two_runs_of_a_group_at_once_and_too_many_runs_are_seen():
    stored = [message(1), message(2)]
    assert broken(stored, [run(1, 9, ["m1"]), run(5, 9, ["m2"])]) == ["invariant.overlap"]
    assert broken(stored, [run(1, 9, ["m1"]), run(5, 9, ["m2"], folder="b")], slots=1)[:1] == ["invariant.slots"]


def test_work_that_waits_for_nothing_is_stuck():
    assert broken([message(1)], [], pending=["m1"]) == ["invariant.stuck.main"]


@pytest.mark.parametrize("state", ["failed", None])
def test_work_that_is_tried_again_or_goes_on_is_not_stuck(state):
    assert broken([message(1)], [run(1, 5, ["m1"], state=state)], pending=["m1"]) == []


def test_a_run_that_a_stop_cuts_short_settles_what_it_had_answered():
    final = {"pending": [], "groups": [GROUP]}
    cut = {"stored": [message(1)], "runs": [run(1, None, ["m1"], state=None)], "out": [{"run": 0}], "final": final}
    after = {"stored": [], "runs": [], "out": [], "final": final}
    phase = {"end_ms": 1000, "events": [{"t": 9, "kind": "stop"}]}
    timeline = {"phases": [phase, {"end_ms": 1000, "events": []}]}
    assert violations(timeline, {"phases": [cut, after]}) == []
    cut["out"] = []
    assert [found.where for found in violations(timeline, {"phases": [cut, after]})] == ["invariant.message.m1"]
