"""A time as a sentence gives it, and the schedule that it makes.

sentence_repeats.py, sentence_days.py and sentence_clocks.py read the words; sentence_pieces.py puts them together.
"""

from device.host import civil

_DAY_S = 86400
_DAY_MS = 86400000
PARTS = {"morning": (0, 9), "afternoon": (1, 15), "evening": (1, 18), "night": (6, 21)}
"""Part of the day -> (hours from this one up to 11 are meant as p.m., 0: none; the hour it means on its own)."""
_FIELDS = ("every_ms", "weekdays", "month_days", "month", "nth_weekday", "in_ms", "day", "weekday", "not_today", "date")
_FIELDS += ("clock", "midnight", "part", "vague_hour")


class UnclearTime(Exception):  # noqa: N818 - it is a question back, not an error
    """A time that was recognised but cannot be used; the message asks for what is missing."""


class When:
    """The pieces of a time: at most one that says the day or the repetition, and mostly a clock time."""

    def __init__(self):
        self.every_ms = None
        self.weekdays = None  # 0 = Sunday, recurring
        self.month_days = None  # recurring; "L" is the last day
        self.month = None  # with month_days: once a year
        self.nth_weekday = None  # recurring, as cron writes it: "1#2", "5L"
        self.in_ms = None
        self.day = None  # days since 1970 on the wall
        self.weekday = None  # one coming weekday, 0 = Sunday
        self.not_today = False
        self.date = None  # (day, month, year or None)
        self.clock = None  # (hour, minute)
        self.more_clocks = []
        self.midnight = False  # the clock was said as that word
        self.part = ""  # of the day: a key of PARTS
        self.vague_hour = False  # a bare hour that can be meant as p.m.

    def copy(self):
        """The same pieces, to try more words on."""
        fresh = When()
        for name in _FIELDS:
            setattr(fresh, name, getattr(self, name))
        fresh.more_clocks = list(self.more_clocks)
        return fresh

    def empty(self):
        """Whether nothing was read."""
        return self.clock is None and not self.part and not self.has_day()

    def has_day(self):
        """Whether a day, a length or a repetition was read."""
        return not (
            self.every_ms is None
            and self.weekdays is None
            and self.month_days is None
            and self.nth_weekday is None
            and self.in_ms is None
            and self.day is None
            and self.weekday is None
            and self.date is None
        )

    def repeats(self):
        """Whether this is a schedule that comes again."""
        return not (
            self.every_ms is None and self.weekdays is None and self.month_days is None and self.nth_weekday is None
        )

    def note(self):
        """What was taken for granted, to be said back; "" for nothing."""
        if self.clock is None and self.part:
            return "I took %s as %d:00." % (self.part, PARTS[self.part][1])
        if self.vague_hour and not self.part and self.clock is not None:
            return "I took %d as %02d:%02d; say pm for the afternoon." % (self.clock[0], self.clock[0], self.clock[1])
        if self.month is None and [day for day in self.month_days or () if day != "L" and day > 28]:
            return "Shorter months are left out."
        return ""


def schedule_of(when, now_ms, zone):
    """(kind, value) of a task for this time. Raises UnclearTime when something is missing, doubled or past."""
    if when.in_ms is not None and when.clock is None and not when.part:
        return "once", _utc_text((now_ms + when.in_ms) // 1000)
    if when.every_ms is not None and when.clock is None and not when.part:
        return "interval", str(when.every_ms)
    if when.every_ms is not None and when.every_ms != _DAY_MS:
        raise UnclearTime(_LENGTH_AND_CLOCK)
    if when.clock is None and not when.part:
        raise UnclearTime('At what time? Say it with the time, for example "… at 8:30".')
    if when.repeats():
        return "cron", _cron(when)
    if when.more_clocks:
        raise UnclearTime("One reminder has one time. Please say it in two sentences.")
    return "once", _utc_text(_moment_ms(when, now_ms, zone) // 1000)


_LENGTH_AND_CLOCK = (
    'I can\'t combine "every …" of that length with a time of day: such a schedule counts from now. '
    'Leave the time out, or say for example "every day at 9:00" or "every monday at 9:00".'
)


def _cron(when):
    clocks = [_clock_of(when)] + [_shifted(when, clock) for clock in when.more_clocks]
    hours, minute = sorted(set([hour for hour, _ in clocks])), clocks[0][1]
    if [clock for clock in clocks if clock[1] != minute]:
        raise UnclearTime("Those times need two schedules. Please say it in two sentences.")
    clock = "%d %s" % (minute, ",".join([str(hour) for hour in hours]))
    if when.nth_weekday is not None:
        return "%s * * %s" % (clock, when.nth_weekday)
    if when.month_days is not None:
        days = ",".join([str(day) for day in when.month_days])
        return "%s %s %s *" % (clock, days, "*" if when.month is None else when.month)
    if when.every_ms is not None:
        return clock + " * * *"
    days = "*" if len(when.weekdays) == 7 else ",".join([str(day) for day in sorted(when.weekdays)])
    return "%s * * %s" % (clock, "1-5" if days == "1,2,3,4,5" else days)


def _clock_of(when):
    return (PARTS[when.part][1], 0) if when.clock is None else _shifted(when, when.clock)


def _shifted(when, clock):
    hour, minute = clock
    threshold = PARTS[when.part][0] if when.part else 0
    if hour == 12 and when.part in ("evening", "night"):
        raise UnclearTime('Say "noon", "midnight", "12:00" or "0:00".')
    return (hour + 12 if threshold and threshold <= hour < 12 else hour), minute


def _moment_ms(when, now_ms, zone):
    """The one moment that a day and a clock time mean, never in the past."""
    hour, minute = _clock_of(when)
    today = (now_ms // 1000 + zone.offset_s(now_ms)) // _DAY_S
    days, step = _days(when, today)
    if when.midnight and when.has_day():
        if when.day != today:
            raise UnclearTime('Midnight before or after that day? Say "0:00" for its start or "23:59" for its end.')
        days = [today + 1]
    for day in days:
        year, month, number = civil.date_from_days(day)
        moment = zone.utc_ms(year, month, number, hour, minute)
        if moment > now_ms and not (step and day == today and when.not_today):
            return moment
    raise UnclearTime("That time has passed already.")


def _days(when, today):
    """(the days to try in turn, whether they repeat)."""
    if when.in_ms is not None:
        if when.in_ms % _DAY_MS:
            raise UnclearTime('I can\'t combine "in …" of that length with a time of day. Say one of the two.')
        return [today + when.in_ms // _DAY_MS], False
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


def rescheduled(task, when, now_ms, zone):
    """(kind, value) of a task that moves to `when`; what `when` leaves out stays. Raises UnclearTime."""
    if when.repeats() or when.in_ms is not None:
        _keep_clock(task, when, zone)
        return schedule_of(when, now_ms, zone)
    if task["kind"] == "interval":
        raise UnclearTime('That task repeats by a length. Say the whole schedule, for example "to every day at 9:00".')
    if task["kind"] == "cron":
        if when.has_day():
            raise UnclearTime('That task repeats. Say the whole schedule, for example "to every monday at 9:00".')
        fields = task["value"].split()
        if len(fields) != 5 or when.more_clocks or not (fields[0].isdigit() and fields[1].isdigit()):
            raise UnclearTime('Say the whole schedule, for example "to every day at 9:00".')
        hour, minute = _clock_of(when)
        return "cron", " ".join([str(minute), str(hour)] + fields[2:])
    if not when.has_day() and task["next_ms"] is not None and task["next_ms"] > now_ms:
        when.day = (task["next_ms"] // 1000 + zone.offset_s(task["next_ms"])) // _DAY_S
    _keep_clock(task, when, zone)
    return schedule_of(when, now_ms, zone)


def postponed(task, in_ms, now_ms):
    """(kind, value) of a task that waits `in_ms` longer. Raises UnclearTime for one that repeats."""
    if task["kind"] != "once":
        raise UnclearTime("I can't put off a single run of a task that repeats. Pause it and resume it later.")
    return "once", _utc_text((max(now_ms, task["next_ms"] or 0) + in_ms) // 1000)


def _keep_clock(task, when, zone):
    """Give `when` the task's own time of day where it has none and needs one."""
    if when.clock is not None or when.part or when.every_ms is not None or when.in_ms is not None:
        return
    fields = task["value"].split()
    if task["kind"] == "cron" and len(fields) == 5 and fields[0].isdigit() and fields[1].isdigit():
        when.clock = (int(fields[1]), int(fields[0]))
    elif task["kind"] == "once" and task["next_ms"] is not None:
        when.clock = zone.local(task["next_ms"])[3:5]


def _utc_text(utc_s):
    days, seconds = divmod(utc_s, _DAY_S)
    date = civil.date_from_days(days)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (date + (seconds // 3600, seconds // 60 % 60, seconds % 60))
