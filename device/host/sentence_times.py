"""A time as a sentence gives it, and the schedule that it makes.

sentence_repeats.py and sentence_days.py read the words; sentence_pieces.py puts them together.
"""

from device.host import civil

_DAY_S = 86400


class UnclearTime(Exception):  # noqa: N818 - it is a question back, not an error
    """A time that was recognised but cannot be used; the message asks for what is missing."""


class When:
    """The pieces of a time: at most one that says the day or the repetition, and mostly a clock time."""

    def __init__(self):
        self.every_ms = None
        self.weekdays = None  # 0 = Sunday, recurring
        self.month_day = None  # recurring; "L" is the last day
        self.in_ms = None
        self.day = None  # days since 1970 on the wall
        self.weekday = None  # one coming weekday, 0 = Sunday
        self.not_today = False
        self.date = None  # (day, month, year or None)
        self.clock = None  # (hour, minute)
        self.evening = 0  # hours from this one up to 11 are meant as p.m.; 0: none

    def empty(self):
        """Whether nothing was read."""
        return self.clock is None and not self.has_day()

    def has_day(self):
        """Whether a day, a distance or a repetition was read."""
        for value in (self.every_ms, self.weekdays, self.month_day, self.in_ms, self.day, self.weekday, self.date):
            if value is not None:
                return True
        return False


def schedule_of(when, now_ms, zone):
    """(kind, value) of a task for this time. Raises UnclearTime when something is missing, doubled or past."""
    if when.in_ms is not None:
        return "once", _utc_text((now_ms + when.in_ms) // 1000)
    if when.every_ms is not None:
        if when.clock is None:
            return "interval", str(when.every_ms)
        if when.every_ms != 86400000:
            raise UnclearTime('I can\'t combine "every …" of that length with a time of day.')
        hour, minute = _clock_of(when)
        return "cron", "%d %d * * *" % (minute, hour)
    if when.clock is None:
        raise UnclearTime('At what time? Say it with the time, for example "… at 8:30".')
    hour, minute = _clock_of(when)
    if when.weekdays is not None:
        days = "*" if len(when.weekdays) == 7 else ",".join([str(day) for day in sorted(when.weekdays)])
        days = "1-5" if days == "1,2,3,4,5" else days
        return "cron", "%d %d * * %s" % (minute, hour, days)
    if when.month_day is not None:
        return "cron", "%d %d %s * *" % (minute, hour, when.month_day)
    return "once", _utc_text(_moment_ms(when, now_ms, zone) // 1000)


def _clock_of(when):
    hour, minute = when.clock
    return (hour + 12 if when.evening and when.evening <= hour < 12 else hour), minute


def _moment_ms(when, now_ms, zone):
    """The one moment that a day and a clock time mean, never in the past."""
    hour, minute = _clock_of(when)
    today = (now_ms // 1000 + zone.offset_s(now_ms)) // _DAY_S
    days, step = _days(when, today)
    for day in days:
        year, month, number = civil.date_from_days(day)
        moment = zone.utc_ms(year, month, number, hour, minute)
        if moment > now_ms and not (step and day == today and when.not_today):
            return moment
    raise UnclearTime("That time has passed already.")


def _days(when, today):
    """(the days to try in turn, whether they repeat)."""
    if when.date is not None:
        return _dated(when.date, today), False
    if when.day is not None:
        return [when.day], False
    if when.weekday is not None:
        ahead = (when.weekday - (today + 4)) % 7
        return [today + ahead, today + ahead + 7], True
    return [today, today + 1], True


def _dated(date, today):
    day, month, year = date
    this_year, this_month, _ = civil.date_from_days(today)
    if month is None:  # "on the 24th": this month or one of the next that has such a day
        tried = [((this_month - 1 + ahead) % 12 + 1, this_year + (this_month - 1 + ahead) // 12) for ahead in range(3)]
    else:
        tried = [(month, year)] if year is not None else [(month, this_year + ahead) for ahead in range(9)]
    found = [civil.days_from_date(y, m, day) for m, y in tried if day <= civil.month_length(y, m)]
    if not found:
        raise UnclearTime("There is no such date.")
    return found


def _utc_text(utc_s):
    days, seconds = divmod(utc_s, _DAY_S)
    date = civil.date_from_days(days)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (date + (seconds // 3600, seconds // 60 % 60, seconds % 60))
