"""The date and time that a text means to JavaScript's `new Date(text)`, which is how NanoClaw reads a `once` task.

First the ISO form (a bare date is UTC, a date with a time and no zone is local), then V8's tolerant form: words before
the first number are skipped, "Feb 14 2026 10:00", "02/14/2026", "2026-2-3 4:5", "… GMT+2" and the like are read, local
without a zone. A day up to 31 counts on into the next month ("2026-02-30" is 2 March).
"""

from device.host.date_tokens import Tokens
from device.host.tz import join

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {"ut": 0, "utc": 0, "z": 0, "gmt": 0}
_ZONES.update({"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7})
_LARGEST_MS = 8640000000000000
_LARGEST_YEAR = 300000


class _Unreadable(Exception):  # noqa: N818 - never leaves this file
    pass


class _Parts:
    """What has been read so far."""

    def __init__(self):
        self.days = []  # numbers of the date, in the order they came
        self.named_month = None
        self.iso = False
        self.times = []  # hour, minute, second, millisecond
        self.half_day = None  # 0 for am, 12 for pm
        self.sign = None  # of the zone; None = no zone given
        self.zone_hour = None
        self.zone_minute = None


def utc_ms(text, zone):
    """The moment as utc_ms, or None when JavaScript calls the text an invalid date."""
    parts = _Parts()
    tokens = Tokens(text)
    try:
        token = _read_iso(tokens, parts)
        _read_tolerant(tokens, token, parts)
        year, month, day = _date(parts)
        hour, minute, second, ms = _time(parts)
    except _Unreadable:
        return None
    if not -_LARGEST_YEAR < year < _LARGEST_YEAR:
        return None
    if parts.sign is None:
        moment = _local(zone, join(year, month, day, hour, minute, second))
    else:
        ahead = parts.sign * ((parts.zone_hour or 0) * 3600 + (parts.zone_minute or 0) * 60)
        moment = (join(year, month, day, hour, minute, second) - ahead) * 1000
    moment += ms
    return moment if -_LARGEST_MS <= moment <= _LARGEST_MS else None


def _local(zone, wall_s):
    days, seconds = divmod(wall_s, 86400)
    return zone.utc_ms(1970, 1, 1 + days, seconds // 3600, seconds // 60 % 60, seconds % 60)


def _read_iso(tokens, parts):
    """Read as much as has the ISO form; the token at which it ended, for the tolerant form ("" when all was read)."""
    token = _read_iso_date(tokens, parts)
    if token is not None:
        return token
    if tokens.peek[0] == "w" and tokens.peek[1] == "t" and tokens.peek[2] == 1:
        tokens.next()
        _read_iso_time(tokens, parts)
        _read_iso_zone(tokens, parts)
        if tokens.peek[0]:
            raise _Unreadable
    elif tokens.peek[0]:
        return tokens.next()
    if parts.sign is None and not parts.times:
        parts.sign, parts.zone_hour, parts.zone_minute = 1, 0, 0
    parts.iso = True
    return tokens.next()


def _read_iso_date(tokens, parts):
    if tokens.peek[0] == "s" and tokens.peek[1] in "+-":
        sign = tokens.next()
        if not tokens.fixed(6):
            return sign
        year = tokens.next()[1]
        if sign[1] == "-" and year == 0:
            return sign
        parts.days.append(-year if sign[1] == "-" else year)
    elif tokens.fixed(4):
        parts.days.append(tokens.next()[1])
    else:
        return tokens.next()
    for high in (12, 31):
        if not tokens.skip("-"):
            break
        if not tokens.fixed(2, 1, high):
            return tokens.next()
        parts.days.append(tokens.next()[1])
    return None


def _read_iso_time(tokens, parts):
    _require(tokens.fixed(2, 0, 24))
    hour = tokens.next()[1]
    most = 0 if hour == 24 else 59
    _require(tokens.skip(":") and tokens.fixed(2, 0, most))
    parts.times = [hour, tokens.next()[1]]
    if tokens.skip(":"):
        _require(tokens.fixed(2, 0, most))
        parts.times.append(tokens.next()[1])
        if tokens.skip("."):
            _require(tokens.peek[0] == "n" and not (hour == 24 and tokens.peek[1] > 0))
            parts.times.append(_milliseconds(tokens.next()))


def _read_iso_zone(tokens, parts):
    kind, value, length = tokens.peek
    if kind == "w" and value == "z" and length == 1:
        tokens.next()
        parts.sign, parts.zone_hour, parts.zone_minute = 1, 0, 0
    elif kind == "s" and value in "+-":
        tokens.next()
        parts.sign = -1 if value == "-" else 1
        if tokens.fixed(4):
            parts.zone_hour, parts.zone_minute = divmod(tokens.next()[1], 100)
            _require(parts.zone_hour <= 23 and parts.zone_minute <= 59)
            return
        _require(tokens.fixed(2, 0, 23))
        parts.zone_hour = tokens.next()[1]
        _require(tokens.skip(":") and tokens.fixed(2, 0, 59))
        parts.zone_minute = tokens.next()[1]


def _read_tolerant(tokens, token, parts):
    seen_number = bool(parts.days)
    while token[0]:
        kind, value, _ = token
        if kind == "n":
            seen_number = True
            _take_number(tokens, value, parts)
        elif kind == "w":
            _take_word(tokens, token, parts, seen_number)
        elif kind == "s" and value in "+-" and (parts.times or (parts.zone_hour == 0 and parts.zone_minute == 0)):
            seen_number = True
            _take_zone(tokens, value, parts)
        elif kind == "s" and value in "+-)" and seen_number:
            raise _Unreadable
        token = tokens.next()


def _take_number(tokens, number, parts):
    times = parts.times
    if tokens.skip(":"):
        if tokens.skip(":"):
            _require(not times)
            times.append(number)
            times.append(0)
        else:
            _require(len(times) < 4)
            times.append(number)
            tokens.skip(".")
    elif tokens.skip(".") and _expects_time(times, number):
        times.append(number)
        _require(tokens.peek[0] == "n")
        times.append(_milliseconds(tokens.next()))
        _fill(times)
    elif parts.zone_hour is not None and parts.zone_minute is None and number <= 59:
        parts.zone_minute = number
    elif _expects_time(times, number):
        times.append(number)
        _fill(times)
        kind, value, length = tokens.peek
        _require(kind in ("", " ") or (kind == "w" and value == "z" and length == 1) or (kind == "s" and value in "+-"))
    else:
        _require(len(parts.days) < 3)
        parts.days.append(number)
        tokens.skip("-")


def _take_word(tokens, token, parts, seen_number):
    _, word, length = token
    if word in ("am", "pm") and length == 2 and parts.times:
        parts.half_day = 12 if word == "pm" else 0
    elif word in _MONTHS:
        parts.named_month = _MONTHS.index(word) + 1
        tokens.skip("-")
    elif word in _ZONES and length <= 3 and seen_number:
        hours = _ZONES[word]
        parts.sign, parts.zone_hour, parts.zone_minute = (-1 if hours < 0 else 1), abs(hours), 0
    elif seen_number or tokens.peek[0] == "n":
        raise _Unreadable


def _take_zone(tokens, sign, parts):
    parts.sign = -1 if sign == "-" else 1
    number, length = 0, 0
    if tokens.peek[0] == "n":
        _, number, length = tokens.next()
    if tokens.peek[0] == "s" and tokens.peek[1] == ":":
        parts.zone_hour, parts.zone_minute = number, None
    elif length in (1, 2):
        parts.zone_hour, parts.zone_minute = number, 0
    elif length in (3, 4):
        parts.zone_hour, parts.zone_minute = divmod(number, 100)
    else:
        raise _Unreadable


def _expects_time(times, number):
    count = len(times)
    return (count in (1, 2) and number <= 59) or (count == 3 and number <= 999)


def _fill(times):
    while len(times) < 4:
        times.append(0)


def _milliseconds(token):
    _, number, length = token
    if length <= 3:
        return number * (100, 10, 1)[length - 1]
    return number // 10 ** (min(length, 9) - 3)


def _date(parts):
    days = parts.days
    _require(days)
    days = days + [1] * (3 - len(days))
    year = 0
    if parts.named_month is not None:
        month = parts.named_month
        year, day = (days[0], days[1]) if not 1 <= days[0] <= 31 else (days[1], days[0])
    elif parts.iso or not 1 <= days[0] <= 31:
        year, month, day = days
    else:
        month, day, year = days
    if not parts.iso and 0 <= year <= 99:
        year += 2000 if year <= 49 else 1900
    _require(1 <= month <= 12 and 1 <= day <= 31)
    return year, month, day


def _time(parts):
    _fill(parts.times)
    hour, minute, second, ms = parts.times
    if parts.half_day is not None:
        _require(hour <= 12)
        hour = hour % 12 + parts.half_day
    if hour > 23 or minute > 59 or second > 59 or ms > 999:
        _require(hour == 24 and minute == 0 and second == 0 and ms == 0)
    return hour, minute, second, ms


def _require(true):
    if not true:
        raise _Unreadable
