"""Reads the text of a POSIX TZ rule: std offset [dst [offset] [,start[/time],end[/time]]]."""

_LONGEST = 128
_DEFAULT_RULES = "M3.2.0,M11.1.0"  # what a rule with a daylight name but no dates means to the C library
_OFFSET_HOURS = 24
_TIME_HOURS = 167  # RFC 8536 lets the time of a change lie up to a week away from its day, before or after


def parse_rule(rule):
    """(standard offset, daylight offset or None, start, end): offsets in seconds east of UTC, start and end as
    (kind "M" | "J" | "n", month, week or day number, weekday 0 = Sunday, seconds). ValueError says what is wrong."""
    if not isinstance(rule, str) or not 0 < len(rule) <= _LONGEST:
        raise ValueError("must be a text of 1 to %d characters" % _LONGEST)
    at = _skip_name(rule, 0)
    west, at = _offset(rule, at)
    if at == len(rule):
        return -west, None, None, None
    at = _skip_name(rule, at)
    daylight = 3600 - west
    if at < len(rule) and rule[at] != ",":
        value, at = _offset(rule, at)
        daylight = -value
    text = rule[at + 1 :] if at < len(rule) else _DEFAULT_RULES
    parts = text.split(",")
    if (at < len(rule) and rule[at] != ",") or len(parts) != 2:
        raise ValueError("needs two dates after the daylight name")
    return -west, daylight, _date(parts[0]), _date(parts[1])


def _skip_name(rule, at):
    start = at
    if rule[at : at + 1] == "<":
        at = rule.find(">", at)
        if at - start < 3:
            raise ValueError("the name in <…> is too short or not closed")
        return at + 1
    while at < len(rule) and ("A" <= rule[at] <= "Z" or "a" <= rule[at] <= "z"):
        at += 1
    if at - start < 3:
        raise ValueError("a name of three letters or more is missing at character %d" % (start + 1))
    return at


def _number(text, at):
    start = at
    while at < len(text) and "0" <= text[at] <= "9":
        at += 1
    if not 0 < at - start <= 3:
        raise ValueError("a number is missing at character %d of %r" % (start + 1, text))
    return int(text[start:at]), at


def _offset(text, at, most_hours=_OFFSET_HOURS):
    """(seconds, next position) of [+-]hh[:mm[:ss]]."""
    sign = -1 if text[at : at + 1] == "-" else 1
    if text[at : at + 1] in ("-", "+"):
        at += 1
    value, at = _number(text, at)
    if value > most_hours:
        raise ValueError("%d hours are more than %d" % (value, most_hours))
    seconds = value * 3600
    for unit in (60, 1):
        if text[at : at + 1] != ":":
            break
        value, at = _number(text, at + 1)
        if value > 59:
            raise ValueError("minutes and seconds end at 59")
        seconds += value * unit
    return sign * seconds, at


def _date(text):
    date, slash, time = text.partition("/")
    time_s = 7200
    if slash:
        time_s, at = _offset(time, 0, _TIME_HOURS)
        if at != len(time):
            raise ValueError("cannot read the time %r" % time)
    if date[:1] == "M":
        numbers = [_whole(part) for part in date[1:].split(".")]
        if len(numbers) != 3 or not (1 <= numbers[0] <= 12 and 1 <= numbers[1] <= 5 and 0 <= numbers[2] <= 6):
            raise ValueError("%r is not Mmonth.week.weekday" % date)
        return "M", numbers[0], numbers[1], numbers[2], time_s
    kind = "J" if date[:1] == "J" else "n"
    day = _whole(date[1:] if kind == "J" else date)
    if not (1 if kind == "J" else 0) <= day <= 365:
        raise ValueError("day %d is outside of the year" % day)
    return kind, 0, day, 0, time_s


def _whole(text):
    value, at = _number(text, 0)
    if at != len(text):
        raise ValueError("%r is not a number" % text)
    return value
