"""Times of schedules: from the command line's words to the box's values."""

import re
from datetime import UTC, datetime
from typing import Any

from app.cli.times import now_ms
from app.errors import UsageError
from app.host.box_time import BoxZone

_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2}:\d{2})(:\d{2})?")


def local_time(text: str) -> str:
    """A local time as the box reads it ("2026-11-24T17:00:00"). Raises UsageError."""
    found = _LOCAL.fullmatch(text.strip())
    try:
        moment = datetime.strptime(f"{found[1]} {found[2]}", "%Y-%m-%d %H:%M") if found else None
    except ValueError:
        moment = None
    if found is None or moment is None or (found[3] or ":00") > ":59":
        raise UsageError(f"{text!r} is no time", "write '2026-11-24 17:00', in local time")
    return moment.strftime("%Y-%m-%dT%H:%M") + (found[3] or ":00")


def utc_time(ms: int) -> str:
    """A moment as the box reads it, to the second (rounded up)."""
    return datetime.fromtimestamp(-(-ms // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def understand(words: str, zone_name: str) -> dict[str, Any]:
    """kind and value of plain words such as "weekdays at 8:30". Raises UsageError when they mean no time."""
    found = BoxZone(zone_name).understand(words, now_ms())
    if found is None:
        hint = 'say it like "weekdays at 8:30", "every 2 hours" or "tomorrow at 17:00", or use --cron'
        raise UsageError(f"--when {words!r} is not understood", hint)
    return {"kind": found[0], "value": found[1]}
