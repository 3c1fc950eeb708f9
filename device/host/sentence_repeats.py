"""Repetitions in plain English: "every monday and thursday", "every 1st and 15th", "on the last friday of the month".

A reader takes the lower-case words, a position, today (days since 1970) and the When to fill; it returns the position
behind what it read, or the same position.
"""

from device.host.sentence_dates import read_date
from device.host.sentence_numbers import DAY_MS, WEEK_MS, length, number, ordinal, unit, weekday
from device.host.sentence_times import PARTS, UnclearTime

_ADVERBS = {"hourly": 3600000, "daily": DAY_MS, "nightly": DAY_MS, "weekly": WEEK_MS}
_YEARLY = ("yearly", "annually")
_ASK_DAY = 'On which day? Say for example "every monday at 9:00".'
_ASK_MONTH_DAY = 'On which day of the month? Say for example "on the 1st of every month at 10:00".'
_ASK_TIMES = 'At which times? Say for example "every day at 8:00 and 20:00".'
_MONTHS = (
    'I can\'t count several months or years. Say for example "every 2 weeks" or "every month on the 1st at 9:00"; '
    "on the laptop: barnacle schedule add … --cron '0 9 1 */3 *'."
)
_ALTERNATE = (
    "I can't do every other %s: a schedule starts over with each month. "
    'Say "every 2 weeks" (counted from now), or name the days, for example "every monday at 9:00".'
)


def read_repeat(low, at, today, when):
    """Everything that repeats: "every 15 minutes", "daily", "every monday and friday", "on the 1st of every month"."""
    if when.has_day():
        return at
    word = low[at]
    if word in ("once", "twice") and low[at + 1 : at + 2] in (["a"], ["an"], ["every"]) and at + 2 < len(low):
        if word == "twice":
            raise UnclearTime(_ASK_TIMES)
        return _after_every(low, at + 1, when) if unit(low[at + 2]) else at
    if low[at + 1 : at + 3] == ["times", "a"] and number(word):
        raise UnclearTime(_ASK_TIMES)
    if word in ("biweekly", "fortnightly", "bimonthly", "quarterly"):
        raise UnclearTime(_MONTHS)
    if word in _ADVERBS:
        return _every_length(low, at + 1, _ADVERBS[word], when, word != "weekly")
    if word in _YEARLY:
        return _yearly(low, at + 1, when)
    if word == "monthly":
        return _monthly(low, at + 1, when)
    position = at + 1 if word == "on" else at
    found = _month_day(low, position, when)
    if found > position:
        return found
    if word in ("every", "each"):
        return _after_every(low, at, when)
    days, following = _weekdays(low, position, True)
    if days is None:
        return at
    when.weekdays = days
    return _excepted(low, following, when)


def _after_every(low, at, when):
    if low[at + 1 : at + 2] == ["single"]:
        at += 1
    following = low[at + 1] if at + 1 < len(low) else ""
    if following in PARTS:
        when.every_ms, when.part = DAY_MS, following
        return at + 2
    if following == "month":
        return _monthly(low, at + 2, when)
    if following == "year":
        return _yearly(low, at + 2, when)
    if following in ("other", "second", "2nd") and at + 2 < len(low):
        if unit(low[at + 2]):
            when.every_ms = 2 * (unit(low[at + 2]) or 0)
            return at + 3
        if weekday(low[at + 2]) is not None and low[at + 3 : at + 4] != ["of"]:
            raise UnclearTime(_ALTERNATE % (low[at + 2][:1].upper() + low[at + 2][1:]))
    if unit(following) and low[at + 2 : at + 5] == ["and", "a", "half"]:
        when.every_ms = (unit(following) or 0) * 3 // 2
        return at + 5
    if unit(following):
        return _every_length(low, at + 2, unit(following) or 0, when, True)
    days, position = _weekdays(low, at + 1, False)
    if days is not None:
        when.weekdays = days
        return _excepted(low, position, when)
    return _every_numbered(low, at + 1, when, at)


def _every_numbered(low, at, when, failed):
    """ "every 15 minutes", "every 3rd day", "every 1st and 15th", "every 24 december", "every last friday"."""
    date, position = read_date(low, at)
    if date is not None:
        when.month_days, when.month = [date[0]], date[1]
        return position
    if low[at + 1 : at + 2] in (["months"], ["years"], ["month"], ["year"]):
        raise UnclearTime(_MONTHS)
    length_ms, position = length(low, at)
    if length_ms is not None:
        when.every_ms = length_ms
        return position
    if at < len(low) and low[at + 1 : at + 2] and ordinal(low[at]) and unit(low[at + 1]):
        when.every_ms = (ordinal(low[at]) or 1) * (unit(low[at + 1]) or 0)
        return at + 2
    found = _nth_weekday(low, at, when)
    if found > at:
        return found
    days, position = _month_days(low, at)
    if days:
        when.month_days = days
        return _of_month(low, position)
    return failed


def _every_length(low, at, length_ms, when, alone):
    """What follows "every day" or "weekly": exceptions; the weekday of a week."""
    if length_ms == WEEK_MS:
        days, position = _weekdays(low, at + 1 if low[at : at + 1] == ["on"] else at, False)
        if days is not None:
            when.weekdays = days
            return position
        if not alone:
            raise UnclearTime(_ASK_DAY)
    if length_ms == DAY_MS and low[at : at + 1] in (["except"], ["but"]):
        when.weekdays = set(range(7))
        return _excepted(low, at, when)
    when.every_ms = length_ms
    return at


def _excepted(low, at, when):
    """Take "except sunday" off the weekdays."""
    if low[at : at + 1] not in (["except"], ["but"]):
        return at
    start = at + 1
    while low[start : start + 1] in (["on"], ["not"], ["for"]):
        start += 1
    days, position = _weekdays(low, start, False)
    if days is None or not when.weekdays - days:
        raise UnclearTime('Except when? I can leave out weekdays: "every day except sunday at 9:00".')
    when.weekdays = when.weekdays - days
    return position


def _weekdays(low, at, plural):
    """({weekdays}, next position) of "weekday", "monday and thursday", "mon, wed", "mon-fri", "monday to friday"; with
    `plural` only "mondays" or several days."""
    if at < len(low) and low[at] in ("weekdays", "weekday", "weekends", "weekend"):
        if low[at][-1] == "s" or not plural:
            return set((1, 2, 3, 4, 5)) if low[at][4] == "d" else set((0, 6)), at + 1
    found, plurals, position = set(), False, at
    while position < len(low):
        start = position + 1 if found and low[position] in ("and", "or", "&") else position
        days, end = _day_range(low, start)
        if not days:
            break
        plurals = plurals or low[start].endswith("days")
        found.update(days)
        position = end
    if not found or (plural and not plurals and len(found) < 2):
        return None, at
    return found, position


def _day_range(low, at):
    """([weekdays], next position) of one day or "mon-fri", "monday to friday"."""
    if at >= len(low):
        return [], at
    first, dash, last = low[at].partition("-")
    start, end, position = weekday(first), weekday(last) if dash else None, at + 1
    if start is not None and low[position : position + 1] in (["to"], ["through"], ["thru"], ["till"], ["until"]):
        end = weekday(low[position + 1]) if position + 1 < len(low) else None
        position += 2 if end is not None else 0
    if start is None or (dash and end is None):
        return [], at
    return [start] if end is None else [(start + n) % 7 for n in range((end - start) % 7 + 1)], position


def _month_day(low, at, when):
    """ "the 1st of every month", "the 1st and 15th of each month", "the first monday of the month"."""
    if at >= len(low):
        return at
    found = _nth_weekday(low, at, when)
    if found > at:
        return found
    days, position = _month_days(low, at)
    end = _of_month(low, position)
    if not days or end == position:
        return at
    when.month_days = days
    return end


def _monthly(low, at, when):
    days, end = _month_days(low, at + 1 if low[at : at + 1] == ["on"] else at)
    if not days:
        raise UnclearTime(_ASK_MONTH_DAY)
    when.month_days = days
    return end


def _yearly(low, at, when):
    date, end = read_date(low, at + 1 if low[at : at + 1] == ["on"] else at)
    if date is None:
        raise UnclearTime('On which day of the year? Say for example "every year on 24 December at 9:00".')
    when.month_days, when.month = [date[0]], date[1]
    return end


def _month_days(low, at):
    """([days of the month, "L" the last], next position) of "the 1st and 15th", "the last day"; ([], at)."""
    found, position = [], at
    while position < len(low):
        start = position + 1 if found and low[position] == "and" else position
        if low[start : start + 1] == ["the"]:
            start += 1
        if low[start : start + 2] == ["last", "day"]:
            found.append("L")
            position = start + 2
            continue
        day = ordinal(low[start]) if start < len(low) else None
        if day is None:
            break
        found.append(day)
        position = start + 1
    return found, position if found else at


def _nth_weekday(low, at, when):
    """ "the first monday of every month", "last friday of the month"."""
    start = at + 1 if low[at : at + 1] == ["the"] else at
    if start + 2 >= len(low):
        return at
    nth, day = ordinal(low[start]), weekday(low[start + 1])
    last = low[start] == "last"
    end = _of_month(low, start + 2)
    if day is None or end == start + 2 or not (last or (nth and nth < 6)):
        return at
    when.nth_weekday = "%dL" % day if last else "%d#%d" % (day, nth)
    return end


def _of_month(low, at):
    if low[at : at + 1] in (["of"], ["in"]) and low[at + 1 : at + 3] in (
        ["every", "month"],
        ["each", "month"],
        ["the", "month"],
    ):
        return at + 3
    return at + 2 if low[at : at + 2] in (["every", "month"], ["each", "month"], ["a", "month"]) else at
