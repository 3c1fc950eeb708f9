import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import UsageError
from app.host import limits
from app.host.parity import golden_file
from app.host.parity.chunk import chunk_text, chunks
from app.host.parity.golden_file import GoldenFile, read_file, read_folder

CASE = {"id": "a", "trigger": "@A", "text": "x", "matches": False}


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ([], "no JSON object"),
        ({"fixture": "trigger"}, "no list `cases`"),
        ({"fixture": "trigger", "cases": {}}, "no list `cases`"),
        ({"fixture": "trigger", "cases": [1]}, "case number 1"),
        ({"fixture": "trigger", "cases": [{"id": 5}]}, "case number 1"),
        ({"fixture": "trigger", "cases": [CASE, CASE]}, "same id"),
        ({"fixture": "trigger", "cases": [{**CASE, "quirk": {}}]}, "quirk of case a"),
        ({"fixture": "trigger", "cases": [{"id": "a", "text": "x", "matches": True}]}, "no `trigger`"),
        ({"cases": [{"id": "a", "x": 1}]}, "what it is a recording of"),
        ({"fixture": 5, "cases": [CASE]}, "what it is a recording of"),
    ],
)
def test_what_is_no_golden_file_is_named_in_one_line(tmp_path: Path, content: Any, said: str) -> None:
    path = written(tmp_path / "x.json", content)
    with pytest.raises(UsageError) as caught:
        read_file(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_folders_and_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        read_folder(tmp_path / "none", [])
    with pytest.raises(UsageError, match="no golden file"):
        read_folder(tmp_path, [])
    written(tmp_path / "b.json", {"fixture": "trigger", "cases": [CASE]})
    written(tmp_path / "a.json", {"fixture": "trigger", "cases": [CASE]})
    written(tmp_path / "notes.txt", "x")
    assert [file.name for file in read_folder(tmp_path, [])] == ["a.json", "b.json"]
    assert [file.name for file in read_folder(tmp_path, ["b"])] == ["b.json"]
    assert [file.name for file in read_folder(tmp_path, ["b.json"])] == ["b.json"]
    with pytest.raises(UsageError, match=r"no c\.json"):
        read_folder(tmp_path, ["b", "c"])


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x.json", {"fixture": "trigger", "cases": [CASE]})
    monkeypatch.setattr(golden_file, "GOLDEN_FILE_BYTES", path.stat().st_size)
    assert read_file(path).cases == [CASE]
    monkeypatch.setattr(golden_file, "GOLDEN_FILE_BYTES", path.stat().st_size - 1)
    with pytest.raises(UsageError, match="larger than"):
        read_file(path)


def test_chunks_keep_order_and_bound_and_a_longer_case_goes_alone() -> None:
    sizes = [1000, limits.GOLDEN_CHUNK_BYTES // 2, limits.GOLDEN_CHUNK_BYTES // 2, limits.GOLDEN_CHUNK_BYTES * 2, 10]
    cases: list[dict[str, Any]] = [{"id": str(at), "text": "x" * size} for at, size in enumerate(sizes)]
    pieces = list(chunks(cases))
    assert [case["id"] for piece in pieces for case in piece] == ["0", "1", "2", "3", "4"]
    assert [len(piece) for piece in pieces] == [2, 1, 1, 1]
    assert list(chunks([])) == []


def test_a_chunk_is_plain_text_with_what_the_laptop_adds() -> None:
    cases: list[dict[str, Any]] = [
        {"id": "a", "tz": "Europe/Berlin", "text": "\U0001f916 \ud83d"},
        {"id": "b", "tz": "UTC", "files": {"1.json": "{bad", "2.json": '{"a": 1}', "3.json": {"a": 2}}},
    ]
    text = chunk_text(GoldenFile("x.json", "ipc_auth", {"notes": "n"}, cases), cases)
    assert "\U0001f916 \\ud83d" in text
    whole = json.loads(text)
    assert whole["fixture"] == "ipc_auth"
    assert whole["document"]["notes"] == "n"
    assert whole["document"]["zone_rules"] == {"Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3", "UTC": "UTC0"}
    assert whole["cases"][0] == cases[0]
    assert whole["cases"][1]["read"] == {"1.json": [], "2.json": [{"a": 1}]}
    with pytest.raises(UsageError, match="no time zone"):
        chunk_text(GoldenFile("x.json", "schedule", {}, cases), [{"id": "c", "tz": "Moon/Base"}])
