"""Nothing depends on ids, file names, order or numbers: any folder of recordings is judged the same."""

import copy
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from app.host.parity.golden import judge_folder
from tests.parity.recordings import FOLDER, PORTABLE_NAMES, recording, verdicts


def write(folder: Path, name: str, cases: list[dict], **changes) -> None:
    whole = json.loads((FOLDER / f"{name}.json").read_text())
    (folder / f"{name}-part.json").write_text(json.dumps({**whole, **changes, "cases": cases, "count": len(cases)}))


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
def test_a_renumbered_shuffled_part_is_judged_as_the_whole(tmp_path: Path, interpreter: str) -> None:
    chance = random.Random(7)
    expected: Counter[str] = Counter()
    for name in PORTABLE_NAMES:
        part = chance.sample(recording(name).cases, len(recording(name).cases) // 2)
        expected.update(verdicts(name)[case["id"]]["verdict"] for case in part)
        write(tmp_path, name, [{**case, "id": f"other-{at}"} for at, case in enumerate(part)])
    report = judge_folder(tmp_path, interpreter, [], 2)
    assert report.agrees
    assert report.counts == {"passed": expected["passed"], "failed": 0, "exempt": expected["exempt"]}


def test_a_file_that_does_not_say_what_it_is_is_recognised_by_its_cases(tmp_path: Path) -> None:
    for name in PORTABLE_NAMES:
        write(tmp_path, name, recording(name).cases[:3], fixture=None)
        path = tmp_path / f"{name}-part.json"
        whole = json.loads(path.read_text())
        del whole["fixture"]
        path.rename(tmp_path / f"{name[::-1]}.json").write_text(json.dumps(whole))
    report = judge_folder(tmp_path, "cpython", [], 2)
    assert report.agrees
    assert sorted(file.fixture for file in report.files) == PORTABLE_NAMES


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
def test_one_changed_case_among_many_is_reported_with_both_values(tmp_path: Path, interpreter: str) -> None:
    cases = copy.deepcopy(recording("queue").cases[:5])
    cases[3]["max_active"] += 1
    write(tmp_path, "queue", cases)
    report = judge_folder(tmp_path, interpreter, [], 2)
    assert not report.agrees
    (failure,) = report.files[0].failures
    assert (failure["id"], failure["where"]) == (cases[3]["id"], "max_active")
    assert int(failure["expected"]) == int(failure["got"]) + 1


def test_the_same_case_marked_as_a_surprise_of_another_name_is_not_excused(tmp_path: Path) -> None:
    marked = next(case for case in recording("ipc_auth").cases if "folder_not_validated" in str(case.get("quirk")))
    renamed = {**marked, "quirk": {**marked["quirk"], "name": "same_group_first"}}
    write(tmp_path, "db", recording("db").cases[:1])
    write(tmp_path, "ipc_auth", [marked])
    assert judge_folder(tmp_path, "cpython", [], 2).counts["exempt"] == 1
    write(tmp_path, "ipc_auth", [{**renamed, "tables": {**marked["tables"], "registered_groups": []}}])
    assert judge_folder(tmp_path, "cpython", [], 2).counts["failed"] == 1


def test_what_has_no_driver_or_is_driven_elsewhere_does_not_count_as_passed(tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text('{"fixture": "telepathy", "cases": [{"id": "a"}]}')
    report = judge_folder(tmp_path, "cpython", [], 1)
    assert not report.agrees
    assert report.files[0].skipped == "not judged: no driver for telepathy"
    write(tmp_path, "format", recording("format").cases[:2])
    assert not judge_folder(tmp_path, "cpython", [], 1).agrees
    (tmp_path / "new.json").write_text('{"fixture": "replay", "cases": [{"id": "a"}]}')
    report = judge_folder(tmp_path, "cpython", [], 1)
    assert report.agrees and report.counts["passed"] == 2
    assert report.files[1].skipped == "driven by `barnacle replay`"
    assert not judge_folder(tmp_path, "cpython", ["new"], 1).agrees
    write(tmp_path, "format", [])
    assert not judge_folder(tmp_path, "cpython", ["format-part"], 1).agrees


def test_the_laptops_parts_are_not_judged_in_micropython_and_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "db", recording("db").cases[:1])
    assert not judge_folder(tmp_path, "micropython", [], 1).agrees
    write(tmp_path, "trigger", recording("trigger").cases[:1])
    report = judge_folder(tmp_path, "micropython", [], 1)
    assert report.agrees and report.counts == {"passed": 1, "failed": 0, "exempt": 0}
