"""Times, sizes and untrusted text in the words and widths the dashboard uses. Pure functions."""

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def now_ms() -> int:
    """UTC wall time in milliseconds."""
    return int(datetime.now(UTC).timestamp() * 1000)


def clock(ms: int, zone: str) -> str:
    """`ms` as HH:MM:SS in the zone."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime("%H:%M:%S")


def when(ms: int | None, now: int, zone: str) -> str:
    """A moment, short: 17:00 today, Mon 17:00 within a week, 24 Nov 17:00 beyond; a dash for none."""
    if ms is None:
        return "–"
    moment = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    today = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).date()
    days = (moment.date() - today).days
    if days == 0:
        return moment.strftime("%H:%M")
    return moment.strftime("%a %H:%M") if 0 < days < 7 else moment.strftime("%d %b %H:%M")


def until(ms: int | None, now: int) -> str:
    """How far a moment is from now: `in 5 min`, `3 h ago`, `now`; empty for none."""
    if ms is None:
        return ""
    gap = abs(ms - now)
    if gap < MINUTE_MS:
        return "now" if gap < 1000 else _direction(f"{gap // 1000} s", ms > now)
    for size, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if gap >= size:
            return _direction(f"{gap // size} {name}", ms > now)
    return "now"


def age(seconds: float) -> str:
    """An age in one unit: 4 s, 3 min, 2 h."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h"


def size(count: int | None) -> str:
    """Bytes as 512 B, 640 KB, 1.4 MB; a dash for unknown."""
    if count is None:
        return "–"
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"


def dollars(micro_usd: int) -> str:
    """Millionths of a dollar as "$1.23", the cents rounded up."""
    cents = -(-micro_usd // 10_000)
    return f"${cents // 100}.{cents % 100:02}"


def plain(text: object, limit: int = 0) -> str:
    """Untrusted text for a terminal: control characters become spaces; at most `limit` characters if given."""
    cleaned = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in str(text))
    if limit and len(cleaned) > limit:
        return cleaned[: limit - 1] + "…"
    return cleaned


def plain_lines(text: object) -> str:
    """Like `plain`, but line breaks stay."""
    return "\n".join(plain(line) for line in str(text).splitlines())


def _direction(amount: str, future: bool) -> str:
    return f"in {amount}" if future else f"{amount} ago"
