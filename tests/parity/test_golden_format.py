"""NanoClaw's recorded format cases, on both interpreters."""

from tests.parity import drive_format, golden
from tests.parity.on_micropython import drive_on_micropython


def test_every_case_agrees_on_cpython() -> None:
    result = drive_format.drive()
    assert not result.failed, result.failed[:5]
    assert result.passed == len(golden.cases(drive_format.PATH)) > 100


def test_every_case_agrees_on_micropython() -> None:
    result = drive_on_micropython("format")
    assert not result.failed, result.failed[:5]
    assert result.passed == len(golden.cases(drive_format.PATH))
