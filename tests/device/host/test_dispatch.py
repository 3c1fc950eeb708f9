"""Who runs when: order, slots and retries of the queue; tests/parity compares it with NanoClaw's recordings."""

from device.host import limits
from device.host.dispatch import Dispatch
from device.host.errors import BarnacleError
from tests.device.portable_test import raises


class Bench:
    """A Dispatch on a clock of its own, with the runs it started."""

    def __init__(self, slots=1):
        self.now = 0
        self.started = []
        self.queue = Dispatch(slots, self._start, lambda: self.now)

    def _start(self, folder, kind, task_id):
        self.started.append((folder, kind, task_id))

    def state(self, folder):
        return self.queue.snapshot()["groups"][folder]


def test_a_group_runs_once_at_a_time_and_its_messages_are_taken_together():
    bench = Bench(slots=2)
    assert bench.queue.message("a") == "started"
    assert bench.queue.message("a") == bench.queue.message("a") == "queued"
    assert bench.queue.finished("a", True) == "done"
    assert bench.started == [("a", "messages", None)] * 2
    bench.queue.finished("a", True)
    assert bench.queue.snapshot()["groups"] == {}


def test_own_tasks_go_before_own_messages_and_both_before_waiting_groups():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.message("b")
    bench.queue.message("a")
    assert bench.queue.task("a", "t1") == "queued"
    for folder in ("a", "a", "a", "b"):
        bench.queue.finished(folder, True)
    assert [kind for _, kind, _ in bench.started] == ["messages", "task", "messages", "messages"]
    assert bench.started[1:] == [("a", "task", "t1"), ("a", "messages", None), ("b", "messages", None)]


def test_waiting_groups_are_served_in_order_of_arrival():
    bench = Bench()
    for folder in ("a", "b", "c"):
        bench.queue.message(folder)
    bench.queue.task("d", "t")
    assert bench.queue.snapshot()["waiting"] == ["b", "c", "d"]
    for folder in ("a", "b", "c"):
        bench.queue.finished(folder, True)
    assert [folder for folder, _, _ in bench.started] == ["a", "b", "c", "d"]


def test_a_task_that_waits_or_runs_is_not_queued_again():
    bench = Bench()
    assert bench.queue.task("a", "t") == "started"
    assert bench.queue.task("a", "t") == "duplicate"
    assert bench.queue.task("a", "u") == "queued"
    assert bench.queue.task("a", "u") == "duplicate"
    bench.queue.finished("a", True)
    assert bench.queue.task("a", "t") == "queued"


def test_a_users_message_is_piped_only_into_a_run_of_messages():
    bench = Bench(slots=2)
    assert not bench.queue.can_pipe("a")
    bench.queue.message("a")
    bench.queue.task("b", "t")
    assert bench.queue.can_pipe("a") and not bench.queue.can_pipe("b")
    bench.queue.finished("a", True)
    assert not bench.queue.can_pipe("a")


def test_a_failed_run_is_tried_again_after_doubling_waits_and_given_up_after_five():
    bench = Bench()
    bench.queue.message("a")
    waits = []
    for attempt in range(1, limits.RETRIES + 1):
        assert bench.queue.attempt("a") == attempt
        assert bench.queue.finished("a", False) == "retry"
        due_ms = bench.queue.next_retry_ms()
        assert due_ms is not None
        waits.append(due_ms - bench.now)
        assert bench.queue.retry_due(due_ms - 1) == []
        bench.now = due_ms
        assert bench.queue.retry_due(bench.now) == ["a"]
    assert waits == [5000, 10000, 20000, 40000, 80000]
    assert bench.queue.finished("a", False) == "gave_up"
    assert bench.queue.next_retry_ms() is None
    assert bench.queue.message("a") == "started" and bench.queue.attempt("a") == 1


def test_pending_messages_wait_for_the_retry_and_then_run_once():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.message("a")
    assert bench.queue.finished("a", False) == "retry"
    assert bench.queue.message("a") == "queued"
    assert len(bench.started) == 1 and bench.state("a")["state"] == "retrying"
    bench.now = 5000
    assert bench.queue.retry_due(5000) == ["a"]
    bench.queue.finished("a", True)
    assert len(bench.started) == 2
    assert bench.queue.next_retry_ms() is None


def test_tasks_of_a_group_in_backoff_run_at_once_and_its_messages_still_wait():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.message("a")
    bench.queue.finished("a", False)
    assert bench.queue.task("a", "t") == "started"
    bench.queue.finished("a", True)
    assert bench.started == [("a", "messages", None), ("a", "task", "t")]
    assert bench.state("a")["retry_ms"] == 5000


def test_a_retry_that_comes_due_while_a_task_runs_follows_the_task():
    bench = Bench()
    bench.queue.message("a")
    bench.queue.finished("a", False)
    bench.queue.task("a", "t")
    assert bench.queue.retry_due(5000) == ["a"]
    assert len(bench.started) == 2
    bench.queue.finished("a", False)
    assert bench.started[2] == ("a", "messages", None)


def test_retries_due_together_come_in_the_order_they_were_planned():
    bench = Bench(slots=3)
    for folder in ("c", "a", "b"):
        bench.queue.message(folder)
    for folder in ("c", "a", "b"):
        bench.queue.finished(folder, False)
    assert bench.queue.retry_due(5000) == ["c", "a", "b"]


def test_a_failed_task_is_not_retried_here():
    bench = Bench()
    bench.queue.task("a", "t")
    assert bench.queue.finished("a", False) == "done"
    assert bench.queue.next_retry_ms() is None


def test_an_end_that_belongs_to_no_run_is_an_error():
    bench = Bench()
    with raises(BarnacleError):
        bench.queue.finished("a", True)
    bench.queue.message("a")
    bench.queue.finished("a", True)
    with raises(BarnacleError):
        bench.queue.finished("a", True)
    assert bench.queue.snapshot()["slots"] == {"used": 0, "max": 1}
