"""A golden file: read, and checked as far as its driver relies on it.

It says itself what it is (`fixture`), whatever its name; one that does not is recognised by what its cases hold.
"""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from app.errors import UsageError
from app.host.limits import GOLDEN_FILE_BYTES
from app.host.parity.judges.drivers import CPYTHON_ONLY, PORTABLE, driver

Case = dict[str, Any]
REMEDY = "give a folder of recordings such as tests/golden"


@dataclass(frozen=True)
class GoldenFile:
    """`fixture` names its kind; `document` is everything but the cases."""

    name: str
    fixture: str
    document: dict[str, Any]
    cases: list[Case]

    @property
    def has_driver(self) -> bool:
        """Whether Barnacle knows how to judge it."""
        module = PORTABLE.get(self.fixture) or CPYTHON_ONLY.get(self.fixture)
        return module is not None and find_spec(module) is not None

    @property
    def portable(self) -> bool:
        """Whether it is judged in MicroPython as well."""
        return self.fixture in PORTABLE


def read_folder(folder: Path, names: list[str]) -> list[GoldenFile]:
    """The golden files of a folder in order of name, or those named ("queue" or "queue.json"). Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", REMEDY)
    paths = sorted(folder.glob("*.json"))
    if names:
        wanted = {name if name.endswith(".json") else f"{name}.json" for name in names}
        missing = sorted(wanted - {path.name for path in paths})
        if missing:
            raise UsageError(f"there is no {missing[0]} in {folder}", f"see: ls {folder}")
        paths = [path for path in paths if path.name in wanted]
    if not paths:
        raise UsageError(f"there is no golden file (*.json) in {folder}", REMEDY)
    return [read_file(path) for path in paths]


def read_file(path: Path) -> GoldenFile:
    """One golden file. Raises UsageError, naming the file and what is wrong with it."""
    whole = _mapping(_parse(path))
    if whole is None:
        raise UsageError(f"{path}: its top is no JSON object", REMEDY)
    listed = whole.pop("cases", None)
    if not isinstance(listed, list):
        raise UsageError(f"{path}: there is no list `cases` at its top", REMEDY)
    cases = [_checked_case(path, at, case) for at, case in enumerate(cast("list[Any]", listed), 1)]
    if len({case["id"] for case in cases}) != len(cases):
        raise UsageError(f"{path}: two cases have the same id", "give every case an id of its own")
    file = GoldenFile(path.name, _fixture(path, whole, cases), whole, cases)
    lacking = _lacking(file.fixture, cases) if file.has_driver else None
    if lacking is not None:
        raise UsageError(f"{path}: {lacking}, which the driver of {file.fixture} needs", "record it again")
    return file


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > GOLDEN_FILE_BYTES:
            raise UsageError(f"{path} is larger than {GOLDEN_FILE_BYTES >> 20} MiB", "split it")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}", "record it again") from None


def _mapping(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _checked_case(path: Path, number: int, value: Any) -> Case:
    case = _mapping(value)
    if case is None or not isinstance(case.get("id"), str):
        raise UsageError(f"{path}: case number {number} is no object with an `id`", REMEDY)
    quirk = _mapping(case.get("quirk", {"name": ""}))
    if quirk is None or not isinstance(quirk.get("name"), str):
        raise UsageError(f"{path}: the quirk of case {case['id']} has no name", "a quirk is {kind, name, note}")
    return case


def _fixture(path: Path, document: dict[str, Any], cases: list[Case]) -> str:
    named = document.get("fixture")
    if isinstance(named, str):
        return named
    fitting = [name for name in PORTABLE if cases and _lacking(name, cases) is None]
    if named is not None or len(fitting) != 1:
        raise UsageError(f"{path}: nothing says what it is a recording of", 'add "fixture", for example "queue"')
    return fitting[0]


def _lacking(fixture: str, cases: list[Case]) -> str | None:
    """What the driver of `fixture` misses, in words."""
    needs: tuple[str, ...] = getattr(driver(fixture), "NEEDS", ())
    return next((f"case {case['id']} has no `{key}`" for case in cases for key in needs if key not in case), None)
