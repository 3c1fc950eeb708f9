"""NanoClaw's recordings: every case agrees or is rightly exempt, on both interpreters."""

import pytest

from app.host.parity.interpreters import CPYTHON, MICROPYTHON, judge_files
from tests.parity.recordings import PORTABLE_NAMES, recording, verdicts

AGREEING = {"trigger": 290, "format": 106, "schedule": 360, "queue": 45, "ipc_auth": 206}
LAPTOPS = {"db": 46, "mounts": 100, "runner": 50}


@pytest.mark.parametrize("name", PORTABLE_NAMES)
def test_every_case_agrees_or_is_exempt_on_both_interpreters(name: str) -> None:
    file = recording(name)
    (here,), (there,) = judge_files([file], CPYTHON, 2), judge_files([file], MICROPYTHON, 2)
    assert [each for each in here + there if each["verdict"] == "failed"] == []
    assert [each["id"] for each in here] == [case["id"] for case in file.cases]
    assert here == there == list(verdicts(name).values())
    assert sum(each["verdict"] == "passed" for each in here) >= AGREEING[name]


@pytest.mark.parametrize("name", sorted(LAPTOPS))
def test_every_case_of_the_laptops_parts_agrees_or_is_exempt(name: str) -> None:
    file = recording(name)
    (here,) = judge_files([file], CPYTHON, 2)
    assert [each for each in here if each["verdict"] == "failed"] == []
    assert [each["id"] for each in here] == [case["id"] for case in file.cases]
    assert sum(each["verdict"] == "passed" for each in here) >= LAPTOPS[name]


def test_clock_changes_are_mostly_matched_and_differ_only_by_the_rule() -> None:
    marked = [case for case in recording("schedule").cases if "dst" in case.get("quirk", {}).get("name", "")]
    found = [verdicts("schedule")[case["id"]]["verdict"] for case in marked]
    assert found.count("passed") >= 18
    assert found.count("exempt") >= 10
