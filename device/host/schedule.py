"""When a task runs: `cron` in the zone, `interval` in milliseconds, `once` at a time. As NanoClaw reads the values.

`describe` and `say_time` (schedule_words.py) say it in words.
"""

from device.host import date_text
from device.host.cron import Cron, CronError
from device.host.cron_fields import leading_number
from device.host.errors import Refused
from device.host.limits import INTERVAL_MAX_MS, INTERVAL_MIN_MS, VALUE_BYTES
from device.host.schedule_words import describe, say_date, say_time

__all__ = ("KINDS", "ScheduleError", "after_run", "describe", "first", "preview", "say_date", "say_time")

KINDS = ("cron", "interval", "once")
_PREVIEWS = 100


class ScheduleError(Refused):
    """A schedule that is not accepted: code "bad_value", what is wrong and what to write instead."""

    def __init__(self, message, remedy=""):
        super().__init__("bad_value", message, remedy)


def first(kind, value, now_ms, zone):
    """When a new task runs first (utc_ms). Raises ScheduleError for a kind or value that is not accepted.

    An interval counts from now (parseInt: "5m" is 5 milliseconds). A `once` time in the past is accepted and is due.
    """
    if kind not in KINDS:
        raise ScheduleError("unknown kind of schedule %r" % (kind,), "use one of: " + ", ".join(KINDS))
    if not isinstance(value, str) or not value or len(value.encode()) > VALUE_BYTES:
        raise ScheduleError("a schedule's value is a text of 1 to %d bytes" % VALUE_BYTES)
    if kind == "cron":
        return _first_cron(value, now_ms, zone)
    if kind == "interval":
        return now_ms + _interval_ms(value)
    due_ms = date_text.utc_ms(value, zone)
    if due_ms is None:
        raise ScheduleError("cannot read the time %r" % value, "write it as 2026-11-24T17:00 (local time)")
    return due_ms


def after_run(kind, value, due_ms, now_ms, zone):
    """When a task runs again after the run that was due at `due_ms` and ended at `now_ms`; None if never.

    Counted from the end of the run, so that times missed meanwhile are not made up for; intervals drift by the run's
    length, as NanoClaw's do. None as well for a stored value that cannot be read.
    """
    if kind == "interval":
        interval_ms = leading_number(value)
        return None if interval_ms is None else now_ms + interval_ms
    if kind != "cron":
        return None
    try:
        return Cron(value).next_ms(now_ms, zone, min(due_ms, now_ms))
    except CronError:
        return None


def preview(kind, value, now_ms, zone, count):
    """The next `count` (at most 100) runs from now, as utc_ms. Raises ScheduleError as `first` does."""
    found = [first(kind, value, now_ms, zone)]
    if kind == "once":
        return found
    cron = Cron(value) if kind == "cron" else None
    while len(found) < min(count, _PREVIEWS):
        following = cron.next_ms(found[-1], zone) if cron else after_run(kind, value, found[-1], found[-1], zone)
        if following is None:
            break
        found.append(following)
    return found


def _first_cron(value, now_ms, zone):
    try:
        due_ms = Cron(value).next_ms(now_ms, zone)
    except CronError as error:
        raise ScheduleError(
            "cannot use the cron expression %r: %s" % (value, error),
            'write minute hour day month weekday, e.g. "30 8 * * 1-5"',
        )
    if due_ms is None:
        raise ScheduleError("the cron expression %r never comes true" % value)
    return due_ms


def _interval_ms(value):
    interval_ms = leading_number(value)
    if interval_ms is None:
        raise ScheduleError("the interval %r is not a number" % value, "write milliseconds: 900000 is 15 minutes")
    if not INTERVAL_MIN_MS <= interval_ms <= INTERVAL_MAX_MS:
        raise ScheduleError(
            "the interval %r is not between %d and %d milliseconds" % (value, INTERVAL_MIN_MS, INTERVAL_MAX_MS),
            "write milliseconds: 900000 is 15 minutes",
        )
    return interval_ms
