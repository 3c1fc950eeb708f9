"""The queue under an operator's hand: pause, drop, slots, removal, closing; and its bounds."""

from device.host import limits
from device.host.errors import BarnacleError
from tests.device.host.test_dispatch import Bench
from tests.device.portable_test import raises


def test_the_mailbox_of_tasks_is_bounded_and_says_so():
    bench = Bench()
    bench.queue.message("a")
    for n in range(limits.MAILBOX_TASKS):
        assert bench.queue.task("a", "t%d" % n) == "queued"
    assert bench.queue.task("a", "one more") == "full"
    assert len(bench.state("a")["tasks"]) == limits.MAILBOX_TASKS


def test_no_more_groups_are_kept_than_may_be_registered():
    bench = Bench()
    for n in range(limits.GROUPS):
        assert bench.queue.message("g%d" % n) in ("started", "queued")
    assert bench.queue.message("one more") == "full"
    assert bench.queue.task("one more", "t") == "full"
    assert not bench.queue.pause("one more")
    assert len(bench.queue.snapshot()["waiting"]) == limits.GROUPS - 1
    bench.queue.finished("g0", True)
    assert bench.queue.message("one more") == "queued"


def test_a_paused_group_starts_nothing_and_keeps_its_work():
    bench = Bench()
    assert bench.queue.pause("a")
    assert bench.queue.message("a") == bench.queue.task("a", "t") == "queued"
    assert bench.queue.message("b") == "started"
    bench.queue.finished("b", True)
    assert bench.started == [("b", "messages", None)]
    assert bench.state("a")["state"] == "paused"
    bench.queue.resume("a")
    bench.queue.finished("a", True)
    assert bench.started[1:] == [("a", "task", "t"), ("a", "messages", None)]


def test_pausing_a_waiting_or_running_group_gives_its_turn_to_others():
    bench = Bench()
    for folder in ("a", "b", "c"):
        bench.queue.message(folder)
    bench.queue.message("a")
    bench.queue.pause("b")
    bench.queue.pause("a")
    assert bench.queue.snapshot()["waiting"] == ["c"]
    bench.queue.finished("a", True)
    assert bench.started[-1] == ("c", "messages", None)
    bench.queue.resume("b")
    bench.queue.resume("a")
    assert bench.queue.snapshot()["waiting"] == ["b", "a"]


def test_a_retry_that_comes_due_in_a_pause_waits_for_its_end():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.finished("a", False)
    bench.queue.pause("a")
    assert bench.queue.retry_due(5000) == ["a"]
    assert len(bench.started) == 1
    bench.queue.resume("a")
    assert len(bench.started) == 2 and bench.queue.attempt("a") == 2


def test_resuming_a_group_with_nothing_to_do_forgets_it():
    bench = Bench()
    bench.queue.pause("a")
    bench.queue.resume("a")
    bench.queue.resume("never heard of")
    assert bench.queue.snapshot() == {"slots": {"used": 0, "max": 1}, "groups": {}, "waiting": []}


def test_a_dropped_task_does_not_run_and_leaves_no_trace():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.task("b", "t")
    assert bench.queue.drop_task("b", "t")
    assert not bench.queue.drop_task("b", "t")
    assert bench.queue.snapshot()["waiting"] == []
    bench.queue.finished("a", True)
    assert bench.started == [("a", "messages", None)]


def test_a_running_task_cannot_be_dropped():
    bench = Bench()
    bench.queue.task("a", "t")
    assert not bench.queue.drop_task("a", "t")


def test_more_slots_start_waiting_groups_and_fewer_take_effect_as_runs_end():
    bench = Bench(slots=1)
    for folder in ("a", "b", "c", "d"):
        bench.queue.message(folder)
    bench.queue.set_slots(3)
    assert [folder for folder, _, _ in bench.started] == ["a", "b", "c"]
    bench.queue.set_slots(1)
    bench.queue.message("a")
    bench.queue.finished("a", True)
    bench.queue.finished("b", True)
    assert len(bench.started) == 3 and bench.queue.snapshot()["waiting"] == ["d", "a"]
    bench.queue.finished("c", True)
    assert bench.started[-1] == ("d", "messages", None)


def test_slots_outside_the_bounds_are_refused():
    bench = Bench()
    for slots in (0, -1, limits.SLOTS + 1):
        with raises(BarnacleError):
            bench.queue.set_slots(slots)
        with raises(BarnacleError):
            Bench(slots)


def test_a_removed_groups_work_is_forgotten_and_its_running_run_not_retried():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.message("a")
    bench.queue.task("a", "t")
    bench.queue.remove("a")
    assert bench.queue.finished("a", False) == "done"
    assert bench.queue.next_retry_ms() is None
    assert len(bench.started) == 1
    bench.queue.message("a")
    assert bench.queue.finished("a", False) == "retry"


def test_a_closed_queue_starts_nothing_and_lets_runs_end():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.message("a")
    bench.queue.message("b")
    bench.queue.close()
    assert bench.queue.message("c") == bench.queue.task("c", "t") == "full"
    bench.queue.finished("a", False)
    assert bench.queue.next_retry_ms() is None and bench.queue.retry_due(10**9) == []
    assert len(bench.started) == 1


def test_the_snapshot_tells_states_tasks_and_retry_times():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.finished("a", False)
    bench.queue.task("b", "t")
    bench.queue.task("c", "u")
    seen = bench.queue.snapshot()
    assert seen["slots"] == {"used": 1, "max": 1} and seen["waiting"] == ["c"]
    states = {folder: group["state"] for folder, group in seen["groups"].items()}
    assert states == {"a": "retrying", "b": "running", "c": "waiting"}
    assert seen["groups"]["b"] == {
        "state": "running",
        "messages": False,
        "tasks": [],
        "retry_ms": None,
        "kind": "task",
        "task": "t",
    }
    assert seen["groups"]["a"]["retry_ms"] == 5000
    assert seen["groups"]["c"]["tasks"] == ["u"]
