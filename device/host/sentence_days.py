"""Days and times of day in plain English: "tomorrow", "next friday", "on 24 December", "at 5pm".

The readers are as in sentence_repeats.py.
"""

from device.host import civil
from device.host.cron_fields import MONTHS
from device.host.sentence_repeats import EVENINGS, ordinal, weekday
from device.host.sentence_times import UnclearTime

_FULL_MONTHS = ("january", "february", "march", "april", "may", "june", "july")
_FULL_MONTHS += ("august", "september", "october", "november", "december")
_NAMED_CLOCKS = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}


def read_day(low, at, today, when):
    """One day: "tomorrow", "next friday", "on 24 December 2027", "2026-12-24", "on the 24th"."""
    if when.has_day():
        return at
    word = low[at]
    if word in ("today", "tonight", "tomorrow"):
        when.day = today + (1 if word == "tomorrow" else 0)
        part = low[at + 1] if at + 1 < len(low) else ""
        when.evening = EVENINGS.get("night" if word == "tonight" else part, 0)
        return at + 2 if part in EVENINGS else at + 1
    if low[at : at + 3] == ["day", "after", "tomorrow"] or low[at : at + 4] == ["the", "day", "after", "tomorrow"]:
        when.day = today + 2
        return at + (4 if word == "the" else 3)
    if low[at : at + 2] in (["this", "evening"], ["this", "afternoon"]):
        when.day, when.evening = today, 1
        return at + 2
    position = at + 1 if word in ("on", "next", "this", "coming") else at
    if position >= len(low):
        return at
    named = weekday(low[position])
    if named is not None and (position > at or len(low[position]) > 3):
        when.weekday = named
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
            if at < position and ordinal(low[position]):  # on the 24th
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
    return ordinal(word)


def read_clock(low, at, today, when):
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
