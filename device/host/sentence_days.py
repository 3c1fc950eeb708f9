"""One day or moment in plain English: "tomorrow", "next friday", "monday next week", "on the 24th", "in 2 hours".

The readers are as in sentence_repeats.py.
"""

from device.host.sentence_dates import read_date
from device.host.sentence_numbers import length, ordinal, weekday
from device.host.sentence_times import UnclearTime

_WEEKEND = 'On saturday or on sunday? Say for example "on saturday at 10". Every weekend: "on weekends at 10".'
_VAGUE = ("few", "couple", "bit", "while", "moment")


def read_relative(low, at, today, when):
    """ "in 10 minutes", "in half an hour", "in 2 hours and 30 minutes", "a week from now"."""
    if when.has_day():
        return at
    inside = low[at] == "in"
    if inside and low[at + 1 : at + 2] and (low[at + 1] in _VAGUE or (low[at + 2 : at + 3] and low[at + 2] in _VAGUE)):
        raise UnclearTime('When exactly? Say for example "in 10 minutes".')
    position = at + 1 if inside else at
    if inside and low[position : position + 1] in (["about"], ["around"]):
        position += 1
    total = 0
    while True:
        start = position + 1 if total and low[position : position + 1] == ["and"] else position
        length_ms, following = length(low, start)
        if length_ms is None:
            break
        total, position = total + length_ms, following
    if not inside:
        if not total or low[position : position + 2] not in (["from", "now"], ["from", "today"]):
            return at
        position += 2
    elif low[at + 2 : at + 3] and low[at + 2] in ("month", "months", "year", "years"):
        raise UnclearTime('On which day? Say for example "on 3 May at 9:00".')
    if not total:
        return at
    when.in_ms = total
    return position


def read_day(low, at, today, when):
    """One day: "tomorrow", "next friday", "on 24 December 2027", "2026-12-24", "on the 24th"."""
    if when.has_day():
        return at
    word = low[at]
    if word in ("today", "tomorrow"):
        when.day = today + (1 if word == "tomorrow" else 0)
        return at + 1
    start = at + 1 if word == "the" else at
    if low[start : start + 3] == ["day", "after", "tomorrow"]:
        when.day = today + 2
        return start + 3
    if (low[start : start + 1] == ["weekend"] and start > at) or low[at : at + 3] == ["on", "the", "weekend"]:
        raise UnclearTime(_WEEKEND)
    position = at + 1 if word in ("on", "next", "this", "coming") else at
    if position >= len(low):
        return at
    if word in ("next", "this") and low[position] == "week":
        return _day_of_week(low, at, today, when, 1 if word == "next" else 0)
    if word in ("next", "this") and low[position] == "weekend":
        raise UnclearTime(_WEEKEND)
    if word == "next" and low[position] in ("month", "year"):
        raise UnclearTime('On which day? Say for example "on 3 May at 9:00".')
    named = weekday(low[position])
    if named is not None and (position > at or len(low[position]) > 3 or _clock_follows(low, position + 1)):
        when.weekday = named
        when.not_today = word == "next"
        return _next_week(low, position + 1, today, when)
    return _date(low, at, position, when)


def _day_of_week(low, at, today, when, weeks):
    """ "next week monday", "next week on friday"."""
    position = at + 3 if low[at + 2 : at + 3] == ["on"] else at + 2
    named = weekday(low[position]) if position < len(low) else None
    if named is None:
        if weeks:
            raise UnclearTime('On which day of next week? Say for example "next week on monday at 9:00".')
        return at
    when.day = _monday(today) + 7 * weeks + (named + 6) % 7
    return position + 1


def _next_week(low, at, today, when):
    """ "monday next week", "monday of next week"."""
    position = at + 1 if low[at : at + 1] == ["of"] else at
    if low[position : position + 2] != ["next", "week"]:
        return at
    when.day, when.weekday = _monday(today) + 7 + (when.weekday + 6) % 7, None
    return position + 2


def _monday(today):
    return today - (today + 3) % 7


def _clock_follows(low, at):
    return low[at : at + 1] == ["at"] or (at < len(low) and low[at][:1].isdigit() and not low[at].isdigit())


def _date(low, at, position, when):
    date, end = read_date(low, position)
    if date is not None:
        when.date = date
        return end
    if low[position] == "the":
        position += 1
    if position > at and position < len(low) and at < position and low[at] == "on" and ordinal(low[position]):
        when.date = (ordinal(low[position]), None, None)  # on the 24th
        return position + 1
    return at
