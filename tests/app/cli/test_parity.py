import json
from pathlib import Path

import pytest

from app.host.limits import GOLDEN_JOBS

CASES = [
    {"id": "one", "op": "escapeXml", "text": "<", "output": "&lt;"},
    {"id": "two", "op": "escapeXml", "text": "&", "output": "&amp;"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "golden"
    made.mkdir()
    return made


def write(folder: Path, cases: list[dict], fixture: str = "format", name: str = "any.json") -> None:
    (folder / name).write_text(json.dumps({"fixture": fixture, "cases": cases}))


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
def test_agreement_is_told_per_file_and_in_all(barnacle, folder, interpreter):
    write(folder, CASES)
    code, out, errors = barnacle("parity", "golden", str(folder), "--interpreter", interpreter)
    assert (code, errors) == (0, "")
    assert out == "any.json  2 passed, 0 failed, 0 exempt\n2 passed, 0 failed, 0 exempt\n"


def test_a_failure_is_told_with_id_expected_and_got_and_exit_code_1(barnacle, folder):
    write(folder, [CASES[0], {**CASES[1], "output": "\x1b[31m&"}])
    code, out, _ = barnacle("parity", "golden", str(folder))
    assert code == 1
    assert out.splitlines() == [
        "any.json  1 passed, 1 failed, 0 exempt",
        "  two at output",
        "    expected '\\x1b[31m&'",
        "    got      '&amp;'",
        "1 passed, 1 failed, 0 exempt",
    ]


def test_long_values_are_cut(barnacle, folder):
    write(folder, [{**CASES[0], "text": "<" * 5000}])
    code, out, _ = barnacle("parity", "golden", str(folder))
    assert code == 1
    assert max(len(line) for line in out.splitlines()) < 600


def test_json_says_the_same(barnacle, folder):
    write(folder, [CASES[0], {**CASES[1], "output": "&"}])
    quirk = {"kind": "bug", "name": "ascii_word_boundary", "fixed_matches": True}
    marked = {"id": "x", "trigger": "José", "text": "@José", "matches": False, "quirk": quirk}
    write(folder, [marked], "trigger", "other.json")
    write(folder, [marked], "replay", "replay.json")
    code, out, _ = barnacle("parity", "golden", str(folder), "--json")
    assert code == 1
    said = json.loads(out)
    assert (said["agrees"], said["passed"], said["failed"], said["exempt"]) == (False, 1, 1, 1)
    first, second, third = said["files"]
    assert first["failures"] == [{"id": "two", "where": "output", "expected": "'&'", "got": "'&amp;'"}]
    assert second["exemptions"] == [{"quirk": "ascii_word_boundary", "marked": 1, "unmarked": 0}]
    assert second["exempt_cases"] == [{"id": "x", "quirk": "ascii_word_boundary", "marked": True}]
    assert third["not_judged"] == "driven by `barnacle replay`"


def test_nothing_judged_is_a_failure(barnacle, folder):
    write(folder, CASES, "telepathy")
    code, out, _ = barnacle("parity", "golden", str(folder))
    assert code == 1
    assert "not judged: no driver for telepathy" in out
    assert out.splitlines()[-1] == "nothing was judged"


def test_bad_input_is_one_line_and_exit_code_2(barnacle, folder):
    assert barnacle("parity", "golden", str(folder / "none"))[0] == 2
    (folder / "x.json").write_text("{")
    code, out, errors = barnacle("parity", "golden", str(folder))
    assert (code, out) == (2, "")
    assert errors.count("\n") == 1
    assert "x.json is no JSON" in errors
    write(folder, CASES)
    assert barnacle("parity", "golden", str(folder), "--file", "any")[0] == 0
    assert barnacle("parity", "golden", str(folder), "--file", "none")[0] == 2
    for jobs in ("0", str(GOLDEN_JOBS + 1), "x"):
        assert barnacle("parity", "golden", str(folder), "--jobs", jobs)[0] == 2
