"""Golden files in pieces that one interpreter judges, as text that both interpreters read alike."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from app.errors import UsageError
from app.host.limits import GOLDEN_CHUNK_BYTES
from app.host.parity.golden_file import Case, GoldenFile
from app.host.zone_rules import ZoneNameError, posix_rule

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def chunks(cases: list[Case]) -> Iterator[list[Case]]:
    """The cases in pieces whose text is at most GOLDEN_CHUNK_BYTES, or one case."""
    piece: list[Case] = []
    used = 0
    for case in cases:
        weight = len(json.dumps(case))
        if piece and used + weight > GOLDEN_CHUNK_BYTES:
            yield piece
            piece, used = [], 0
        piece.append(case)
        used += weight
    if piece:
        yield piece


def chunk_text(file: GoldenFile, cases: list[Case]) -> str:
    """A chunk for judges/child.py, in plain UTF-8: MicroPython takes an escaped surrogate pair for two characters.

    With it goes what the laptop does for a box: it knows the rules of time zones (`zone_rules` of the document) and
    reads the JSON files that containers write (`read` of a case, see judges/judge_ipc_auth.py). Raises UsageError."""
    document = {**file.document, "zone_rules": zone_rules(file, cases)}
    chunk = {"fixture": file.fixture, "document": document, "cases": [_with_files_read(case) for case in cases]}
    text = json.dumps(chunk, ensure_ascii=False)
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def zone_rules(file: GoldenFile, cases: list[Case]) -> dict[str, str]:
    """The POSIX rule of each zone that a case names. Raises UsageError for one that does not exist."""
    names = {case["tz"] for case in cases if isinstance(case.get("tz"), str)}
    try:
        return {name: posix_rule(name) for name in sorted(names)}
    except ZoneNameError as error:
        raise UsageError(f"{file.name}: {error}", "record it in an IANA zone") from None


def _with_files_read(case: Case) -> Case:
    files = case.get("files")
    if not isinstance(files, dict):
        return case
    texts = {name: text for name, text in cast("dict[str, Any]", files).items() if isinstance(text, str)}
    return {**case, "read": {name: _read(text) for name, text in texts.items()}}


def _read(text: str) -> list[Any]:
    """[what it means], or [] for a text that is no JSON."""
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []
