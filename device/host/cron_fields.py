"""Reads the fields of a cron expression, by the rules of the cron-parser 5.5 that NanoClaw uses.

It replaces "*" and "?" by the whole range as text, then reads lists of ranges; what that accepts ("1-2-3" is 1-2, "/5"
is 0) and refuses ("22-2", doubled values) is the same here. Two things are Barnacle's own: fewer than five fields are
refused, and "H" (any value, spread) always gives the same value for the same expression.
"""

import binascii

from device.host.errors import BarnacleError
from device.host.letters import trim

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
    "@minutely": "0 * * * * *",
    "@secondly": "* * * * * *",
    "@weekdays": "0 0 0 * * 1-5",
    "@weekends": "0 0 0 * * 0,6",
}
NAMES = ("second", "minute", "hour", "day of the month", "month", "weekday")
_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DIGITS = "0123456789"
_LONGEST = 128


class CronError(BarnacleError):
    """An expression that cannot be read or never comes true; the message says which field and why."""


def split_fields(text):
    """The six fields, seconds first ("0" where the expression has five)."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise CronError("a cron expression is a text of at most %d characters" % _LONGEST)
    fields = _words(MACROS.get(text, text))
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise CronError("a cron expression has 5 fields (minute hour day month weekday) or 6 (seconds first)")
    return fields


def read_field(index, text, expression):
    """(set of numbers, list of marks such as "L" or "5L") of the field `index` (0 seconds … 5 weekday)."""
    low, high = _RANGES[index]
    if index >= 4:
        text = _without_names(text)
    _check_characters(index, text)
    whole = "%d-%d" % (low, high)
    text = text.replace("*", whole).replace("?", whole)
    if "H" in text:
        text = _choose(text, low, high, binascii.crc32((expression + "|%d" % index).encode()))
    values, marks = [], []
    for atom in text.split(","):
        if not atom:
            raise CronError("the %s field has an empty place in its list" % NAMES[index])
        _read_atom(index, atom, values, marks)
    _refuse_doubled(index, values)
    return set(values), marks


def split_nth(text):
    """("5#2") -> ("5", 2), and (text, 0) without "#": the n-th such weekday of the month."""
    if "#" not in text:
        return text, 0
    day, _, count = text.partition("#")
    if "," in text or "-" in text or "/" in text or "L" in text or count not in ("1", "2", "3", "4", "5"):
        raise CronError("weekday#n takes one weekday and n from 1 to 5: %r" % text)
    return day, int(count)


def leading_number(text):
    """JavaScript's parseInt: the number that the text begins with, or None."""
    text = trim(text)
    sign, at = 1, 0
    if text[:1] in ("-", "+"):
        sign, at = (-1 if text[0] == "-" else 1), 1
    start = at
    while at < len(text) and text[at] in _DIGITS:
        at += 1
    return sign * int(text[start:at]) if at > start else None


def _words(text):
    words, word = [], ""
    for char in text:
        if char.strip() and trim(char):
            word += char
        elif word:
            words.append(word)
            word = ""
    if word:
        words.append(word)
    return words


def _without_names(text):
    """The text with every run of three letters replaced by the number of that month or weekday."""
    done, at = "", 0
    while at < len(text):
        name = text[at : at + 3].lower()
        if len(name) < 3 or not all("a" <= char <= "z" for char in name):
            done += text[at]
            at += 1
            continue
        if name in MONTHS:
            done += str(MONTHS.index(name) + 1)
        elif name in WEEKDAYS:
            done += str(WEEKDAYS.index(name))
        else:
            raise CronError('"%s" is no month or weekday; use their first three letters' % text[at : at + 3])
        at += 3
    return done


def _check_characters(index, text):
    allowed = "?,*H/-" + ("L" if index in (3, 5) else "")
    for char in text:
        if char not in _DIGITS and char not in allowed and not (char in "()" and "H(" in text):
            raise CronError("the %s field cannot hold %r" % (NAMES[index], char))


def _choose(text, low, high, seed):
    """The text with each H, H(a-b), H/n and H(a-b)/n replaced by values picked with `seed` (32 bits)."""
    done = ""
    while "H" in text:
        before, _, text = text.partition("H")
        first, last = low, high
        if text[:1] == "(":
            inside, closed, text = text[1:].partition(")")
            first, last = _bounds(inside, closed)
        if text[:1] == "/" and text[1:2] in tuple(_DIGITS):
            step = leading_number(text[1:]) or 0
            text = text[1:].lstrip(_DIGITS)
            done += before + _spread(max(first, low), last, step, seed)
        else:
            done += before + str(first + (seed * (last - first + 1) >> 32))
    return done + text


def _bounds(inside, closed):
    first, dash, last = inside.partition("-")
    if not (closed and dash and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise CronError("H takes a range as in H(0-10)")
    return int(first), int(last)


def _spread(first, last, step, seed):
    if step < 1:
        raise CronError("H cannot repeat every 0")
    at = first // step * step + (seed * step >> 32)
    return ",".join([str(value) for value in range(at, last + 1, step) if value >= first])


def _read_atom(index, atom, values, marks):
    """One element of a list: a value, a range, either with a step, or a mark with L."""
    low, high = _RANGES[index]
    parts = atom.split("/")
    if len(parts) > 2:
        raise CronError("the %s field has two steps in %r" % (NAMES[index], atom))
    step = 1
    if len(parts) == 2:
        step = leading_number(parts[1])
        if leading_number(parts[0]) is not None:
            parts[0] += "-%d" % high
    if "-" in parts[0]:
        first, last = [leading_number(part) for part in parts[0].split("-")[:2]]
        _add_range(index, first, last, step, values)
    elif "L" in parts[0]:
        marks.append(_check_mark(index, parts[0]))
    else:
        value = leading_number(parts[0] or "0")
        if value is None or str(value) != (parts[0].lstrip("0") or "0"):
            raise CronError("the %s field cannot hold %r" % (NAMES[index], parts[0]))
        if not low <= value <= high:
            raise CronError("the %s field goes from %d to %d, not to %d" % (NAMES[index], low, high, value))
        values.append(value % 7 if index == 5 else value)


def _add_range(index, first, last, step, values):
    low, high = _RANGES[index]
    if first is None or last is None or first < low or last > high:
        raise CronError("the %s field goes from %d to %d" % (NAMES[index], low, high))
    if first > last:
        raise CronError("the range %d-%d of the %s field runs backwards" % (first, last, NAMES[index]))
    if step is None or step < 1:
        raise CronError("the step of the %s field must be 1 or more" % NAMES[index])
    if (index == 5 and last == 7) or (index == 5 and last == 0):
        values.append(0)
    for value in range(first, last + 1, step):
        if not (index == 5 and value == 0 and last in (0, 7)):
            values.append(value)


def _check_mark(index, mark):
    if index == 5 and not (len(mark) == 2 and mark[0] in "01234567" and mark[1] == "L"):
        raise CronError("the last weekday of a month is written 5L or FRIL, not %r" % mark)
    return mark


def _refuse_doubled(index, values):
    ordered = sorted(values)
    for at in range(1, len(ordered)):
        if ordered[at] == ordered[at - 1]:
            if ordered[at] == 0:
                return  # cron-parser overlooks a doubled 0, and then looks no further
            raise CronError("the %s field names %d twice" % (NAMES[index], ordered[at]))
