"""Local times in words, from UTC milliseconds and the zone's offset in seconds. No LVGL, no time zone data."""

KNOWN_MS = 1577836800000  # 2020: a clock that says less has not been set yet
MINUTE_MS = 60000
_DAY_S = 86400
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_known(now_ms):
    """Whether the wall time has been set since power-up (None counts as unknown)."""
    return now_ms is not None and now_ms >= KNOWN_MS


def minute_of_day(utc_ms, offset_s):
    """Local minutes since midnight."""
    return _local_s(utc_ms, offset_s) % _DAY_S // 60


def clock(utc_ms, offset_s):
    """Local time as "17:05"."""
    minute = minute_of_day(utc_ms, offset_s)
    return "%02d:%02d" % (minute // 60, minute % 60)


def date(utc_ms, offset_s):
    """Local date as "Sun 22 Nov"."""
    days = _local_s(utc_ms, offset_s) // _DAY_S
    _, month, day = _civil(days)
    return "%s %d %s" % (_WEEKDAYS[(days + 3) % 7], day, _MONTHS[month - 1])


def when(utc_ms, now_ms, offset_s):
    """A coming time in short: "17:05" today, "tomorrow 08:00", "Tue 08:00" within a week, "1 Dec 08:00" beyond."""
    days = _local_s(utc_ms, offset_s) // _DAY_S
    ahead = days - _local_s(now_ms, offset_s) // _DAY_S
    time = clock(utc_ms, offset_s)
    if ahead == 0:
        return time
    if ahead == 1:
        return "tomorrow " + time
    if 1 < ahead < 7:
        return _WEEKDAYS[(days + 3) % 7] + " " + time
    _, month, day = _civil(days)
    return "%d %s %s" % (day, _MONTHS[month - 1], time)


def until_next_minute(now_ms):
    """Milliseconds until the clock shows another minute, 1 to 60000 (zone offsets are whole minutes)."""
    return MINUTE_MS - now_ms % MINUTE_MS


def _local_s(utc_ms, offset_s):
    return utc_ms // 1000 + offset_s


def _civil(days):
    """(year, month, day) of days since 1970-01-01; years that begin in March put the leap day last."""
    days += 719468
    era = days // 146097
    of_era = days % 146097
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day
