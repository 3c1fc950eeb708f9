"""Lengths and repetitions in plain English: "in 10 minutes", "every monday and thursday", "on the 1st of every month".

A reader takes the lower-case words, a position, today (days since 1970) and the When to fill; it returns the position
behind what it read, or the same position.
"""

from device.host.cron_fields import WEEKDAYS
from device.host.sentence_times import UnclearTime

_UNITS = {"second": 1000, "minute": 60000, "hour": 3600000, "day": 86400000, "week": 604800000}
_UNITS.update({"sec": 1000, "min": 60000, "hr": 3600000})
_NUMBERS = ("a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MORE_NUMBERS = {"an": 1, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fortyfive": 45, "sixty": 60}
_FULL_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SHORT_DAYS = {"tues": 2, "wednes": 3, "thur": 4, "thurs": 4}
EVENINGS = {"morning": 0, "afternoon": 1, "evening": 1, "night": 6}


def read_relative(low, at, today, when):
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


def read_repeat(low, at, today, when):
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
    if following in EVENINGS:
        _take_every(when, _UNITS["day"])
        when.evening = EVENINGS[following]
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
        day = weekday(low[start]) if start < len(low) else None
        if day is None or (plural and not (low[start].endswith("days"))):
            break
        found.add(day)
        position = start + 1
    return (found, position) if found else (None, at)


def weekday(word):
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
        day = ordinal(low[position]) if position < len(low) else None
        position += 1
    if day is None:
        return None, at
    if when is not None:
        when.month_day = day
    return day, position


def ordinal(word):
    """The day of the month that "1st" … "31st" or "first" names, else None."""
    if word[-2:] in ("st", "nd", "rd", "th") and word[:-2].isdigit() and len(word) < 5 and 1 <= int(word[:-2]) <= 31:
        return int(word[:-2])
    return 1 if word == "first" else None
