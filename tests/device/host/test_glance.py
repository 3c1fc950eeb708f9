"""What the screen is shown of the host: the soonest tasks, whatever their number and order."""

from device.host import glance, limits
from device.host.state import State


def state_with(times_ms, status="active"):
    state = State()
    for index, next_ms in enumerate(times_ms):
        task = {"id": "t%03d" % index, "folder": "main", "prompt": "p", "kind": "once", "created_ms": index}
        state.apply("task.set", dict(task, next_ms=next_ms, status=status))
    return state


def shown(state):
    return [task["next_ms"] for task in glance.next_tasks(state)]


def test_the_soonest_tasks_are_shown_soonest_first_in_whatever_order_they_came():
    forwards = list(range(1000, 1200))
    shuffled = [1000 + (37 * n) % 200 for n in range(200)]
    for times_ms in (forwards, list(reversed(forwards)), shuffled):
        assert shown(state_with(times_ms)) == forwards[: limits.NEXT_SHOWN]


def test_of_tasks_due_at_once_those_made_first_are_shown():
    found = glance.next_tasks(state_with([1000] * 100))
    assert [task["id"] for task in found] == ["t%03d" % n for n in range(limits.NEXT_SHOWN)]


def test_paused_completed_and_spent_tasks_are_not_shown():
    state = state_with([None] * 50 + [2000])
    state.apply("task.set", dict(state.tasks["t050"], id="paused", status="paused", next_ms=1))
    assert shown(state) == [2000]
    assert shown(state_with([5, 6], "completed")) == []
