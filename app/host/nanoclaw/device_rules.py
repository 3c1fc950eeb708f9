"""The box's own rules that NanoClaw's rows are held against, with types: device/host has no annotations, by design."""

from importlib import import_module
from typing import Any, Final

from device.host.errors import Refused

_date_text: Any = import_module("device.host.date_text")
_groups: Any = import_module("device.host.groups")
_limits: Any = import_module("device.host.limits")
_schedule: Any = import_module("device.host.schedule")
_tz: Any = import_module("device.host.tz")

KINDS: Final[tuple[str, ...]] = _schedule.KINDS
TASKS: Final[int] = _limits.TASKS
NAME_BYTES: Final[int] = _limits.NAME_BYTES
PROMPT_BYTES: Final[int] = _limits.PROMPT_BYTES
ID_BYTES: Final[int] = _limits.ID_BYTES
RING_BYTES: Final[int] = _limits.RING_BYTES
MESSAGE_BYTES: Final[int] = _limits.MESSAGE_BYTES
IMPORT_MESSAGES: Final[int] = _limits.IMPORT_MESSAGES
UTC: Final[Any] = _tz.Zone("UTC0")


def utc_ms(text: Any) -> int | None:
    """The moment that a stored text means (texts without a zone: UTC); None when it is none."""
    return _date_text.utc_ms(text, UTC) if isinstance(text, str) and text else None


def folder_problem(folder: Any) -> str | None:
    """Why the box does not take a folder name; None when it does."""
    try:
        _groups.check_folder(folder)
    except Refused as refusal:
        return str(getattr(refusal, "message", refusal))
    return None


def group_problem(group: dict[str, Any], existing: dict[str, Any]) -> str | None:
    """Why the box does not take a new group besides `existing` {folder: group}; None when it does, and `existing` then
    holds it."""
    try:
        existing[group["folder"]] = _groups.new_group(group, 0, existing)
    except Refused as refusal:
        return str(getattr(refusal, "message", refusal))
    return None


def schedule_problem(kind: Any, value: Any) -> str | None:
    """Why the box does not take a schedule; None when it does."""
    try:
        _schedule.first(kind, value, 0, UTC)
    except Refused as refusal:
        return str(getattr(refusal, "message", refusal))
    return None
