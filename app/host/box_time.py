"""Schedules and zones as the box computes them, with types: device/host has no annotations, by design."""

from importlib import import_module
from typing import Any

from app.errors import UsageError

_date_text: Any = import_module("device.host.date_text")
_schedule: Any = import_module("device.host.schedule")
_sentences: Any = import_module("device.host.sentences")
_tz: Any = import_module("device.host.tz")
HOUR_MS = 3_600_000


class BoxZone:
    """One IANA zone. Raises UsageError for an unknown name."""

    def __init__(self, name: str) -> None:
        from app.host.zone_rules import ZoneNameError, posix_rule

        try:
            self._zone: Any = _tz.Zone(posix_rule(name))
        except ZoneNameError as error:
            message, _, remedy = str(error).partition("; ")
            raise UsageError(message, remedy) from None

    def next_runs(self, expression: str, after_ms: int, count: int) -> list[int]:
        """When a cron expression comes true after `after_ms`; raises the box's own refusal of a bad one."""
        return _schedule.preview("cron", expression, after_ms, self._zone, count)

    def preview(self, kind: str, value: str, now_ms: int, count: int) -> list[int]:
        """The next `count` runs of a schedule of any kind; raises the box's own refusal of a bad one."""
        return _schedule.preview(kind, value, now_ms, self._zone, count)

    def words(self, kind: str, value: str) -> str:
        """A schedule in words ("every weekday at 08:30")."""
        return _schedule.describe(kind, value, self._zone)

    def utc_ms(self, local: str) -> int:
        """The moment of a local time that was checked before."""
        return _date_text.utc_ms(local, self._zone)

    def understand(self, words: str, now_ms: int) -> tuple[str, str] | None:
        """kind and value of plain words; None when they mean no time."""
        # one understanding for chat, voice and this: asked as the sentence that people would say
        request = _sentences.understand(f"remind me {words} to x", now_ms, self._zone)
        return (request.kind, request.value) if request.verb == "add" and request.prompt == "x" else None

    def clock_change(self, ms: int) -> str:
        """What a change of clocks around `ms` means for a run then; "" on ordinary days."""
        moments: tuple[int, ...] = self._zone.utc_candidates(*self._zone.local(ms)[:6])
        if len(moments) == 2:
            which = "first" if moments[0] == ms else "second"
            return f"the clock shows this time twice that night; this is the {which}"
        before, after = self._offset_s(ms - 3 * HOUR_MS), self._offset_s(ms + 3 * HOUR_MS)
        if before < after and self._offset_s(ms - HOUR_MS) < self._offset_s(ms):
            return "clocks have just gone forward; a time in the skipped hour runs after it"
        if before != after:
            return f"clocks go {'forward' if after > before else 'back'} that night"
        return ""

    def _offset_s(self, ms: int) -> int:
        return self._zone.offset_s(ms)
