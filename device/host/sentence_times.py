"""Times in plain English, read from words: "every weekday at 8:30", "in 10 minutes", "on 24 December at 18:00".

`read_pieces` reads as many pieces as follow each other into a When; `schedule_of` makes a task's schedule of one.
"""

from device.host import civil
from device.host.cron_fields import MONTHS, WEEKDAYS

_UNITS = {"second": 1000, "minute": 60000, "hour": 3600000, "day": 86400000, "week": 604800000}
_UNITS.update({"sec": 1000, "min": 60000, "hr": 3600000})
_NUMBERS = ("a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MORE_NUMBERS = {"an": 1, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fortyfive": 45, "sixty": 60}
_FULL_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SHORT_DAYS = {"tues": 2, "wednes": 3, "thur": 4, "thurs": 4}
_FULL_MONTHS = ("january", "february", "march", "april", "may", "june", "july")
_FULL_MONTHS += ("august", "september", "october", "november", "december")
_NAMED_CLOCKS = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
_EVENINGS = {"morning": 0, "afternoon": 1, "evening": 1, "night": 6}
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
        return self.clock is None and not self._has_day()

    def _has_day(self):
        for value in (self.every_ms, self.weekdays, self.month_day, self.in_ms, self.day, self.weekday, self.date):
            if value is not None:
                return True
        return False


def read_pieces(low, at, today, when):
    """Read pieces of a time from the lower-case words `low` at `at` into `when`; the position behind them."""
    while at < len(low):
        start = at
        skipped = at + 1 if low[at] in ("and", "from", "starting") and at > 0 else at
        for reader in (_relative, _every, _day, _clock):
            found = reader(low, skipped, today, when)
            if found > skipped:
                at = found
                break
        if at == start:
            return at
    return at


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


def _relative(low, at, today, when):
    """ "in 10 minutes", "in half an hour", "in 2 hours and 30 minutes"."""
    if low[at] != "in" or when.in_ms is not None:
        return at
    if low[at + 1 : at + 4] == ["half", "an", "hour"]:
        when.in_ms = 1800000
        return at + 4
    total, position = 0, at + 1
    while True:
        start = position + 1 if total and low[position : position + 1] == ["and"] else position
        length_ms, following = _length(low, start)
        if length_ms is None:
            break
        total, position = total + length_ms, following
    if not total:
        return at
    when.in_ms = total
    return position


def _length(low, at):
    """(ms, next position) of "10 minutes" or "10min", or (None, at)."""
    if at >= len(low):
        return None, at
    word = low[at]
    digits = len(word) - len(word.lstrip("0123456789"))
    if 0 < digits < len(word):
        unit_ms = _unit(word[digits:].lstrip("-")) or {"m": 60000, "h": 3600000, "s": 1000, "d": 86400000}.get(
            word[digits:]
        )
        return (int(word[:digits]) * unit_ms, at + 1) if unit_ms and digits < 7 else (None, at)
    count = _number(word)
    unit_ms = _unit(low[at + 1]) if at + 1 < len(low) else None
    return (count * unit_ms, at + 2) if count and unit_ms else (None, at)


def _number(word):
    if word.isdigit() and len(word) < 7:
        return int(word)
    if word in _NUMBERS:
        return max(1, _NUMBERS.index(word))
    return _MORE_NUMBERS.get(word.replace("-", ""))


def _unit(word):
    return _UNITS.get(word) or (_UNITS.get(word[:-1]) if word.endswith("s") else None)


def _every(low, at, today, when):
    """Everything that repeats: "every 15 minutes", "daily", "every monday and friday", "on the 1st of every month"."""
    word = low[at]
    if word in ("hourly", "daily", "weekly"):
        if word == "weekly":
            raise UnclearTime('On which day? Say for example "every monday at 9:00".')
        _take_every(when, _UNITS["hour" if word == "hourly" else "day"])
        return at + 1
    position = at + 1 if word == "on" else at
    found = _month_day(low, position, when)
    if found > position:
        return found
    if word not in ("every", "each"):
        days, following = _weekdays(low, position, True)
        if days is None:
            return at
        when.weekdays = days
        return following
    return _after_every(low, at, when)


def _after_every(low, at, when):
    following = low[at + 1] if at + 1 < len(low) else ""
    if following in ("other", "second", "2nd") and at + 2 < len(low) and _unit(low[at + 2]):
        _take_every(when, 2 * (_unit(low[at + 2]) or 0))
        return at + 3
    if following in _EVENINGS:
        _take_every(when, _UNITS["day"])
        when.evening = _EVENINGS[following]
        return at + 2
    if following == "month":
        _, end = _ordinal_day(low, at + 2, when)
        if end == at + 2:
            raise UnclearTime('On which day of the month? Say for example "on the 1st of every month at 10:00".')
        return end
    if _unit(following):
        _take_every(when, _unit(following) or 0)
        return at + 2
    days, position = _weekdays(low, at + 1, False)
    if days is not None:
        when.weekdays = days
        return position
    length_ms, position = _length(low, at + 1)
    if length_ms is None:
        return at
    _take_every(when, length_ms)
    return position


def _take_every(when, length_ms):
    when.every_ms = length_ms


def _weekdays(low, at, plural):
    """({weekdays}, next position) of "weekday", "monday and thursday", "mon, wed"; with `plural` only "mondays"."""
    if at < len(low):
        if low[at] == "weekdays" or (low[at] == "weekday" and not plural):
            return set((1, 2, 3, 4, 5)), at + 1
        if low[at] == "weekends" or (low[at] == "weekend" and not plural):
            return set((0, 6)), at + 1
    found = set()
    position = at
    while position < len(low):
        start = position + 1 if found and low[position] in ("and", "or", "&") else position
        day = _weekday(low[start]) if start < len(low) else None
        if day is None or (plural and not (low[start].endswith("days"))):
            break
        found.add(day)
        position = start + 1
    return (found, position) if found else (None, at)


def _weekday(word):
    """0 = Sunday, or None."""
    for name in (word, word[:-1] if word.endswith("s") else word):
        if name in _FULL_DAYS:
            return _FULL_DAYS.index(name)
        if name in WEEKDAYS:
            return WEEKDAYS.index(name)
        if name in _SHORT_DAYS:
            return _SHORT_DAYS[name]
    return None


def _month_day(low, at, when):
    """ "the 1st of every month", "the last day of each month"."""
    day, end = _ordinal_day(low, at, None)
    if day is None or low[end : end + 1] != ["of"]:
        return at
    if low[end + 1 : end + 3] not in (["every", "month"], ["each", "month"], ["the", "month"]):
        return at
    when.month_day = day
    return end + 3


def _ordinal_day(low, at, when):
    """(day of the month or "L", next position) of "the 1st"; (None, at)."""
    position = at
    while position < len(low) and low[position] in ("on", "the"):
        position += 1
    if low[position : position + 2] == ["last", "day"]:
        day, position = "L", position + 2
    else:
        day = _ordinal(low[position]) if position < len(low) else None
        position += 1
    if day is None:
        return None, at
    if when is not None:
        when.month_day = day
    return day, position


def _ordinal(word):
    if word[-2:] in ("st", "nd", "rd", "th") and word[:-2].isdigit() and len(word) < 5 and 1 <= int(word[:-2]) <= 31:
        return int(word[:-2])
    return 1 if word == "first" else None


def _day(low, at, today, when):
    """One day: "tomorrow", "next friday", "on 24 December 2027", "2026-12-24", "on the 24th"."""
    if when._has_day():
        return at
    word = low[at]
    if word in ("today", "tonight", "tomorrow"):
        when.day = today + (1 if word == "tomorrow" else 0)
        part = low[at + 1] if at + 1 < len(low) else ""
        when.evening = _EVENINGS.get("night" if word == "tonight" else part, 0)
        return at + 2 if part in _EVENINGS else at + 1
    if low[at : at + 3] == ["day", "after", "tomorrow"] or low[at : at + 4] == ["the", "day", "after", "tomorrow"]:
        when.day = today + 2
        return at + (4 if word == "the" else 3)
    if low[at : at + 2] in (["this", "evening"], ["this", "afternoon"]):
        when.day, when.evening = today, 1
        return at + 2
    position = at + 1 if word in ("on", "next", "this", "coming") else at
    if position >= len(low):
        return at
    weekday = _weekday(low[position])
    if weekday is not None and (position > at or len(low[position]) > 3):
        when.weekday = weekday
        when.not_today = word == "next"
        return position + 1
    return _date(low, at, position, when)


def _date(low, at, position, when):
    parts = low[position].split("-")
    if len(parts) == 3 and all(part.isdigit() and len(part) < 5 for part in parts):
        year, month, day = [int(part) for part in parts]
        when.date = _checked(day, month, year)
        return position + 1
    if low[position] == "the" and position + 1 < len(low):
        position += 1
    month = _month(low[position])
    if month is not None:  # December 24(th)
        day = _day_number(low[position + 1]) if position + 1 < len(low) else None
        end = position + 2
    else:
        day, end = _day_number(low[position]), position + 1
        if low[end : end + 1] == ["of"]:
            end += 1
        month = _month(low[end]) if end < len(low) else None
        if day is not None and month is None:
            if at < position and _ordinal(low[position]):  # on the 24th
                when.date = (day, None, None)
                return position + 1
            return at
        end += 1
    if day is None:
        return at
    year = None
    if end < len(low) and low[end].isdigit() and len(low[end]) == 4 and 2000 <= int(low[end]) < 2200:
        year, end = int(low[end]), end + 1
    when.date = _checked(day, month, year)
    return end


def _checked(day, month, year):
    if not 1 <= month <= 12 or not 1 <= day <= civil.month_length(2000 if year is None else year, month):
        raise UnclearTime("There is no such date.")
    return day, month, year


def _month(word):
    if word in _FULL_MONTHS:
        return _FULL_MONTHS.index(word) + 1
    return MONTHS.index(word) + 1 if word in MONTHS else 9 if word == "sept" else None


def _day_number(word):
    if word.isdigit() and len(word) < 3 and 1 <= int(word) <= 31:
        return int(word)
    return _ordinal(word)


def _clock(low, at, today, when):
    """ "at 17:00", "at 5pm", "5 pm", "at 9", "noon", "at half past 8", "8 o'clock"."""
    if when.clock is not None:
        return at
    position = at + 1 if low[at] in ("at", "by") else at
    if position >= len(low):
        return at
    word = low[position]
    if word in _NAMED_CLOCKS:
        when.clock = _NAMED_CLOCKS[word]
        return position + 1
    past = {"half": 30, "quarter": 15}.get(word)
    if past and low[position + 1 : position + 2] == ["past"] and position + 2 < len(low):
        word, position = low[position + 2], position + 2
        if not word.isdigit():
            return at
        word = "%s:%d" % (word, past)
    return _clock_word(low, at, position, word, when)


def _clock_word(low, at, position, word, when):
    following = low[position + 1] if position + 1 < len(low) else ""
    suffix = ""
    for ending in ("am", "pm", "a.m", "p.m", "h"):
        if word.endswith(ending) and word[: -len(ending)].replace(":", "").replace(".", "").isdigit():
            word, suffix = word[: -len(ending)], ending[0]
    end = position + 1
    if not suffix and following in ("am", "pm", "a.m", "p.m", "o'clock", "oclock"):
        suffix, end = following[0], end + 1
    hour, colon, minute = word.partition(":" if ":" in word else ".")
    if not hour.isdigit() or len(hour) > 2 or (colon and not (minute.isdigit() and len(minute) == 2)):
        return at
    if not colon and not suffix and low[at] not in ("at", "by"):
        return at  # a bare number is a time only behind "at"
    if not suffix and colon == "." and low[at] not in ("at", "by"):
        return at
    when.clock = _time_of_day(int(hour), int(minute or "0"), suffix)
    if low[end : end + 1] == ["sharp"]:
        end += 1
    if low[end : end + 3] in (["in", "the", "evening"], ["in", "the", "afternoon"]) and 1 <= when.clock[0] < 12:
        when.clock = (when.clock[0] + 12, when.clock[1])
    return end + 3 if low[end : end + 2] == ["in", "the"] and len(low) >= end + 3 else end


def _time_of_day(hour, minute, suffix):
    if suffix in ("a", "p"):
        if not 1 <= hour <= 12:
            raise UnclearTime("There is no such time of day.")
        hour = hour % 12 + (12 if suffix == "p" else 0)
    if hour > 23 or minute > 59:
        raise UnclearTime("There is no such time of day.")
    return hour, minute


def _utc_text(utc_s):
    days, seconds = divmod(utc_s, _DAY_S)
    date = civil.date_from_days(days)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (date + (seconds // 3600, seconds // 60 % 60, seconds % 60))
