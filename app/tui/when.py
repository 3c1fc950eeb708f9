"""When a task runs, as people write it in one line: a cron expression, a length, a local time, or plain words."""

import argparse
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.cli.duration import duration_ms
from app.cli.schedule_words import local_time
from app.cli.times import Times
from app.errors import ProblemError, UsageError
from app.host.box_time import BoxZone
from app.host.device_core import BarnacleError
from app.tui import limits

RUNS_SHOWN = 5
_CRON = re.compile(r"\S+( +\S+){4,5}")
_CRON_START = re.compile(r"[\d*]")
_AT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{1,2}:\d{2}(:\d{2})?")


@dataclass(frozen=True)
class Preview:
    """A schedule in words and its coming runs: (UTC ms, note; "" on days without a change of clocks)."""

    words: str
    runs: list[tuple[int, str]]


def read(text: str, zone: BoxZone, now_ms: int) -> tuple[str, str]:
    """kind and value of what was typed. Raises UsageError when it means no time."""
    text = text.strip()
    if _AT.fullmatch(text):
        return "once", local_time(text)
    if _CRON.fullmatch(text) and _CRON_START.match(text):
        return "cron", text
    try:
        return "interval", str(duration_ms(text.removeprefix("every ")))
    except argparse.ArgumentTypeError:
        found = zone.understand(text, now_ms)
    if found is None:
        raise UsageError("not understood", "say “weekdays at 8:30”, “every 2 hours” or “tomorrow at 17:00”")
    return found


def preview(kind: str, value: str, zone: BoxZone, now_ms: int) -> Preview:
    """What the box will make of a schedule; raises ProblemError saying what is wrong with it."""
    try:
        times = zone.preview(kind, value, now_ms, RUNS_SHOWN)
        words = zone.words(kind, value)
    except BarnacleError as error:
        raise ProblemError(str(getattr(error, "message", error)), str(getattr(error, "remedy", ""))) from None
    if not times:
        raise ProblemError("this time never comes", "choose another one")
    return Preview(words, [(ms, zone.clock_change(ms)) for ms in times])


@lru_cache(maxsize=limits.WORDS)
def words(kind: str, value: str, zone: str) -> str:
    """A schedule in words; as it is stored when it cannot be read here."""
    try:
        return BoxZone(zone).words(kind, value)
    except (UsageError, BarnacleError):
        return f"{kind} {value}"


def shown(kind: str, value: str, times: Times) -> str:
    """A value as people edit it: a length in units, a moment in local time, a cron expression as it is."""
    if kind == "interval" and value.isdigit():
        return _units(int(value))
    if kind == "once" and value.endswith("Z"):
        moment = datetime.strptime(value[:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z")
        return f"{times.local(round(moment.timestamp() * 1000)):%Y-%m-%d %H:%M:%S}"
    return value.replace("T", " ") if kind == "once" else value


def stored(kind: str, text: str) -> str:
    """The value the box takes for what was typed for this kind; raises UsageError."""
    text = text.strip()
    if kind == "interval":
        if text.isdigit():
            return text
        try:
            return str(duration_ms(text))
        except argparse.ArgumentTypeError as error:
            raise UsageError(str(error), "for example 45m or 1h30m") from None
    if kind == "once" and not text.endswith("Z"):
        return local_time(text)
    return text


def _units(ms: int) -> str:
    text, left = "", ms
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if left >= size:
            text += f"{left // size}{unit}"
            left %= size
    return text if not left and text else str(ms)
