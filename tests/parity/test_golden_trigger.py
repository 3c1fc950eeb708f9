"""NanoClaw's recorded trigger cases, on both interpreters."""

from tests.parity import drive_trigger, golden
from tests.parity.on_micropython import drive_on_micropython


def test_every_case_agrees_on_cpython() -> None:
    result = drive_trigger.drive()
    assert not result.failed, result.failed[:5]
    assert result.passed == len(golden.cases(drive_trigger.PATH)) > 100


def test_every_case_agrees_on_micropython() -> None:
    result = drive_on_micropython("trigger")
    assert not result.failed, result.failed[:5]
    assert result.passed == len(golden.cases(drive_trigger.PATH))
