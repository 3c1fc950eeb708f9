"""Cases that end or hold up their interpreter fail; the others are judged."""

import stat
import sys
from pathlib import Path

import pytest

from app.errors import ProblemError
from app.host.parity import interpreters
from app.host.parity.golden_file import GoldenFile
from app.host.parity.interpreters import MICROPYTHON, check_interpreter, judge_files

STAND_IN = """#!{python}
import json, os, sys, time
chunk, results = sys.argv[4:6]
with open(results, "a") as out:
    for case in json.load(open(chunk))["cases"]:
        if case["id"] == "crash":
            out.write('{{"id": "cra')
            out.flush()
            print("MemoryError: out of memory", file=sys.stderr)
            os._exit(9)
        if case["id"] == "hang":
            time.sleep(60)
        out.write(json.dumps({{"id": case["id"], "verdict": "passed"}}) + "\\n")
        out.flush()
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "micropython"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(interpreters, "INTERPRETER", path)
    monkeypatch.setattr(interpreters, "START_S", 1)
    monkeypatch.setattr(interpreters, "GOLDEN_CASE_S", 1)


def test_a_case_that_ends_its_interpreter_fails_and_the_others_are_judged(stand_in: None) -> None:
    cases = [{"id": id_} for id_ in ("a", "crash", "b")]
    (found,) = judge_files([GoldenFile("x.json", "trigger", {}, cases)], MICROPYTHON, 1)
    assert [(each["id"], each["verdict"]) for each in found] == [("a", "passed"), ("crash", "failed"), ("b", "passed")]
    assert found[1]["got"] == "ended its interpreter (9): MemoryError: out of memory"


def test_a_case_that_does_not_end_fails_and_the_others_are_judged(stand_in: None) -> None:
    cases = [{"id": "hang"}, {"id": "b"}]
    (found,) = judge_files([GoldenFile("x.json", "trigger", {}, cases)], MICROPYTHON, 1)
    assert [each["verdict"] for each in found] == ["failed", "passed"]
    assert "did not end within" in found[0]["got"]


def test_a_missing_interpreter_is_said_before_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "INTERPRETER", tmp_path / "none")
    check_interpreter("cpython")
    with pytest.raises(ProblemError, match="is not there"):
        check_interpreter(MICROPYTHON)
