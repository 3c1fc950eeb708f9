"""NanoClaw's recorded authorization matrix, on both interpreters."""

from tests.parity import drive_authorization, golden
from tests.parity.on_micropython import drive_on_micropython

CASES = len(golden.cases(drive_authorization.PATH))


def test_every_case_agrees_on_cpython() -> None:
    result = drive_authorization.drive()
    assert not result.failed, result.failed[:3]
    assert result.passed + len(result.exempt) == CASES
    assert result.passed >= 190


def test_every_case_but_raw_files_agrees_on_micropython() -> None:
    there = drive_on_micropython("authorization")
    raw = [case for case in golden.cases(drive_authorization.PATH) if drive_authorization.has_raw_file(case)]
    assert not there.failed, there.failed[:3]
    assert there.passed + len(there.exempt) == CASES - len(raw)
    assert sorted(there.exempt) == sorted(drive_authorization.drive().exempt)
    assert len(raw) <= 12
