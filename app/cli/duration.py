"""Lengths of time as people type them: 90s, 15m, 2h, 1d, 1h30m."""

import argparse
import re

_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
LONGEST_MS = 36_500 * _UNITS_MS["d"]
_WHOLE = re.compile(r"(\d{1,9}[smhdw])+")


def duration_ms(text: str) -> int:
    """For `type=`: milliseconds of a length such as 15m or 1h30m."""
    compact = text.replace(" ", "").lower()
    if not _WHOLE.fullmatch(compact):
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time (write 90s, 15m, 2h, 1d or 1h30m)")
    total = sum(int(part[:-1]) * _UNITS_MS[part[-1]] for part in re.findall(r"\d+[smhdw]", compact))
    if total == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at all")
    if total > LONGEST_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is too long (at most 36500d)")
    return total


def seconds(text: str) -> float:
    """For `type=`: a positive number of seconds, or a length such as 2m."""
    try:
        value = float(text)
    except ValueError:
        return duration_ms(text) / 1000
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 86400 seconds")
    return value


def ago(then_ms: int | None, now_ms: int) -> str:
    """A moment as seen from now: "12 s ago", "in 3 min", "never"."""
    if then_ms is None:
        return "never"
    words = length(abs(then_ms - now_ms))
    if words == "0 s":
        return "now"
    return f"in {words}" if then_ms > now_ms else f"{words} ago"


def length(ms: int) -> str:
    """A rounded length of time: "12 s", "3 min", "5 h", "9 days"."""
    minutes = ms // 60_000
    if minutes < 1:
        return f"{ms // 1000} s"
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} days"
