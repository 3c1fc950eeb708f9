"""Calendar dates in plain English: "24 December 2027", "December 24th", "2026-12-24", "24/12/2026", "12/24/2026"."""

from device.host import civil
from device.host.cron_fields import MONTHS
from device.host.sentence_numbers import ordinal
from device.host.sentence_times import UnclearTime

_FULL_MONTHS = ("january", "february", "march", "april", "may", "june", "july")
_FULL_MONTHS += ("august", "september", "october", "november", "december")


def read_date(low, at):
    """((day, month, year or None), next position) of the date at `at`, or (None, at). Raises UnclearTime."""
    if at >= len(low):
        return None, at
    digits = _digits(low, at)
    if digits is not None:
        return digits, at + 1
    position = at + 1 if low[at] == "the" and at + 1 < len(low) else at
    found = month(low[position])
    if found is not None:  # December 24(th)
        day = _day_number(low[position + 1]) if position + 1 < len(low) else None
        end = position + 2
    else:
        day, end = _day_number(low[position]), position + 1
        if low[end : end + 1] == ["of"]:
            end += 1
        found = month(low[end]) if end < len(low) else None
        end += 1
    if day is None or found is None:
        return None, at
    year = None
    if end < len(low) and low[end].isdigit() and len(low[end]) == 4 and 2000 <= int(low[end]) < 2200:
        year, end = int(low[end]), end + 1
    return _checked(day, found, year), end


def _digits(low, at):
    """The date of "2026-12-24", "24.12.2026", "24/12/2026", "12/24/2026"; "24/12" only behind "on"; else None."""
    word = low[at]
    for mark in "-/.":
        parts = word.split(mark)
        if mark == "/" and len(parts) == 2 and at and low[at - 1] == "on":
            parts.append("")
        if len(parts) != 3 or not all([part.isdigit() and len(part) < 5 for part in parts if part]) or not parts[1]:
            continue
        if len(parts[0]) == 4:
            return _checked(int(parts[2] or "0"), int(parts[1]), int(parts[0]))
        year = int(parts[2]) if parts[2] else None
        first, second = int(parts[0] or "0"), int(parts[1])
        if mark == "/" and first <= 12 and second <= 12 and first != second:
            raise UnclearTime('%s can be two dates. Say the month by name, for example "on 3 April".' % word)
        if second > 12 and mark == "/":
            first, second = second, first
        return _checked(first, second, year + 2000 if year is not None and year < 100 else year)
    return None


def _checked(day, number, year):
    if not 1 <= number <= 12 or not 1 <= day <= civil.month_length(2000 if year is None else year, number):
        raise UnclearTime("There is no such date.")
    return day, number, year


def month(word):
    """1 to 12 of a month's name, or None."""
    if word in _FULL_MONTHS:
        return _FULL_MONTHS.index(word) + 1
    return MONTHS.index(word) + 1 if word in MONTHS else 9 if word == "sept" else None


def _day_number(word):
    if word.isdigit() and len(word) < 3 and 1 <= int(word) <= 31:
        return int(word)
    return ordinal(word)
