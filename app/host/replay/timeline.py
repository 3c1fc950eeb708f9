"""Timelines in Barnacle's own schema (docs/replay.md): read, checked and written."""

import json
from pathlib import Path
from typing import Any, cast

from app.errors import UsageError
from app.host.limits import TIMELINE_BYTES

SCHEMA = "barnacle.timeline/1"
Timeline = dict[str, Any]
REMEDY = "give a file that `barnacle record` or `barnacle incident export` wrote, or a NanoClaw replay.json"
_LISTS = ("groups", "messages", "cursors", "tasks", "runs")
_EVENTS = {
    "message": ("body",),
    "command": ("body",),
    "ipc": ("folder", "where", "data"),
    "zone": ("body",),
    "stop": (),
}


def read_json(path: Path) -> Any:
    """The file's JSON. Raises UsageError when it is too large, unreadable or no JSON."""
    try:
        if path.stat().st_size > TIMELINE_BYTES:
            raise UsageError(f"{path} is larger than {TIMELINE_BYTES >> 20} MiB", "split it")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "check the path and its permissions") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}", REMEDY) from None


def check(document: Any, source: str) -> Timeline:
    """`document` as a timeline. Raises UsageError naming `source` and what is wrong."""
    timeline = _mapping(document, f"{source}: its top")
    if timeline.get("schema") != SCHEMA:
        raise UsageError(f"{source} is no timeline of the schema {SCHEMA}", REMEDY)
    phases = timeline.get("phases")
    if not isinstance(phases, list) or not phases:
        raise UsageError(f"{source} has no list `phases`", REMEDY)
    for number, phase in enumerate(cast("list[Any]", phases), 1):
        _check_phase(_mapping(phase, f"{source}: phase {number}"), f"{source}: phase {number}")
    return timeline


def _check_phase(phase: Timeline, where: str) -> None:
    for key in ("start_ms", "end_ms"):
        if not isinstance(phase.get(key), int):
            raise UsageError(f"{where} has no number `{key}`", REMEDY)
    initial = _mapping(phase.get("initial", {}), f"{where}: `initial`")
    if any(not isinstance(initial.get(key, []), list) for key in _LISTS):
        raise UsageError(f"{where}: `initial` has to hold lists: {', '.join(_LISTS)}", REMEDY)
    last = 0
    for event in cast("list[Any]", phase.get("events", [])):
        last = _check_event(_mapping(event, f"{where}: an event"), last, where)


def _check_event(event: Timeline, last: int, where: str) -> int:
    t, kind = event.get("t"), event.get("kind")
    if not isinstance(t, int) or t < last:
        raise UsageError(f"{where}: the time of an event is missing or before the one above it", "order them by `t`")
    if kind not in _EVENTS or any(key not in event for key in _EVENTS[str(kind)]):
        raise UsageError(f"{where}: an event at {t} ms is not of a known kind or not complete", "see docs/replay.md")
    return t


def _mapping(value: Any, what: str) -> Timeline:
    if not isinstance(value, dict):
        raise UsageError(f"{what} is no JSON object", REMEDY)
    return cast("Timeline", value)
