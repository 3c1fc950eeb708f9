"""NanoClaw's recorded queue cases, on both interpreters."""

from tests.parity import drive_queue, golden
from tests.parity.on_micropython import drive_on_micropython

CASES = len(golden.cases(drive_queue.PATH))


def test_every_case_agrees_on_cpython() -> None:
    result = drive_queue.drive()
    assert not result.failed, result.failed[:3]
    assert result.passed + len(result.exempt) == CASES
    assert result.passed >= 45  # a repair acts in the others: ten marked cases and many random timelines


def test_the_judge_of_repaired_timelines_reproduces_every_recording() -> None:
    result = drive_queue.drive_model()
    assert not result.failed, result.failed[:3]
    assert result.passed == CASES


def test_every_repair_is_shown_by_a_case() -> None:
    names = {line.split()[1] for line in drive_queue.drive().exempt}
    assert names == {"drain_ignores_backoff", "piped_into_task", "running_task_not_deduped"}


def test_every_case_agrees_on_micropython() -> None:
    here, there = drive_queue.drive(), drive_on_micropython("queue")
    assert not there.failed, there.failed[:3]
    assert there.passed == here.passed
    assert sorted(there.exempt) == sorted(here.exempt)
