"""Moments in the user's zone."""

import time
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Times:
    """Formats moments in one IANA zone; UTC when the name is unknown here."""

    def __init__(self, zone: str) -> None:
        try:
            self._zone: tzinfo = ZoneInfo(zone)
            self.zone = zone
        except (LookupError, ValueError, OSError):
            self._zone, self.zone = UTC, "UTC"

    def local(self, ms: int) -> datetime:
        """The moment as an aware datetime in the zone."""
        return datetime.fromtimestamp(ms / 1000, self._zone)

    def full(self, ms: int | None) -> str:
        """ "Tue 2026-11-24 17:00", "-" for none."""
        return "-" if ms is None else self.local(ms).strftime("%a %Y-%m-%d %H:%M")

    def second(self, ms: int) -> str:
        """ "2026-11-24 17:00:05"."""
        return self.local(ms).strftime("%Y-%m-%d %H:%M:%S")

    def with_offset(self, ms: int) -> str:
        """ "Tue 2026-11-24 17:00 +01:00"."""
        moment = self.local(ms)
        offset = moment.strftime("%z")
        return f"{moment:%a %Y-%m-%d %H:%M} {offset[:3]}:{offset[3:5]}"
