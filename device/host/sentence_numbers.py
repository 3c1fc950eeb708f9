"""Numbers, lengths, ordinals and weekday names in plain English."""

from device.host.cron_fields import WEEKDAYS

DAY_MS = 86400000
WEEK_MS = 7 * DAY_MS
_UNITS = {"second": 1000, "minute": 60000, "hour": 3600000, "day": DAY_MS, "week": WEEK_MS, "fortnight": 2 * WEEK_MS}
_UNITS.update({"sec": 1000, "min": 60000, "hr": 3600000})
_LETTERS = {"m": 60000, "h": 3600000, "s": 1000, "d": DAY_MS, "w": WEEK_MS}
_NUMBERS = ("a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MORE_NUMBERS = {"an": 1, "fifteen": 15, "twenty": 20, "twentyfive": 25, "thirty": 30, "forty": 40}
_MORE_NUMBERS.update({"fortyfive": 45, "fifty": 50, "sixty": 60, "ninety": 90})
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_FULL_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SHORT_DAYS = {"tues": 2, "wednes": 3, "weds": 3, "thur": 4, "thurs": 4}


def number(word):
    """A whole number, also as a word ("a", "twelve", "forty-five"); None for anything else."""
    if word.isdigit():
        return int(word) if len(word) < 7 else None
    if word in _NUMBERS:
        return max(1, _NUMBERS.index(word))
    return _MORE_NUMBERS.get(word.replace("-", ""))


def unit(word):
    """The length of "minute" or "minutes" in ms, or None."""
    return _UNITS.get(word) or (_UNITS.get(word[:-1]) if word.endswith("s") else None)


def length(low, at):
    """(ms, next position) of "10 minutes", "10min", "2h30m", "1.5 hours", "half an hour", "an hour and a half"; else
    (None, at)."""
    if at >= len(low):
        return None, at
    for words, part in ((("half", "an"), 2), (("half", "a"), 2), (("half",), 2), (("quarter", "of", "an"), 4)):
        end = at + len(words)
        whole_ms = unit(low[end]) if tuple(low[at:end]) == words and end < len(low) else None
        if whole_ms:
            return whole_ms // part, end + 1
    if low[at] == "a" and low[at + 1 : at + 2] in (["half"], ["quarter"]):
        return length(low, at + 1)
    glued = _glued(low[at])
    if glued:
        return glued, at + 1
    count, end = _tenths(low, at)
    unit_ms = unit(low[end]) if count and end < len(low) else None
    if not unit_ms or count is None:
        return None, at
    if low[end + 1 : end + 4] == ["and", "a", "half"]:
        return count * unit_ms // 10 + unit_ms // 2, end + 4
    return count * unit_ms // 10, end + 1


def _tenths(low, at):
    """(ten times a number, next position); "1.5" and "one and a half" are 15."""
    whole, dot, tenth = low[at].partition(".")
    if dot and whole.isdigit() and tenth.isdigit() and len(tenth) == 1 and len(whole) < 6:
        return int(whole) * 10 + int(tenth), at + 1
    count = number(low[at])
    if count is not None and low[at + 1 : at + 4] == ["and", "a", "half"]:
        return count * 10 + 5, at + 4
    return None if count is None else count * 10, at + 1


def _glued(word):
    """ms of "10min", "2h30m", "90s", or 0."""
    total, at = 0, 0
    while at < len(word):
        start = at
        while at < len(word) and word[at].isdigit():
            at += 1
        letters = at
        while at < len(word) and not word[at].isdigit():
            at += 1
        name = word[letters:at].lstrip("-")
        unit_ms = _LETTERS.get(name) or unit(name)
        if not unit_ms or not 0 < letters - start < 7:
            return 0
        total += int(word[start:letters]) * unit_ms
    return total


def ordinal(word):
    """1 to 31 of "1st", "first", …; else None."""
    if word[-2:] in ("st", "nd", "rd", "th") and word[:-2].isdigit() and len(word) < 5 and 1 <= int(word[:-2]) <= 31:
        return int(word[:-2])
    return _ORDINALS.index(word) if word and word in _ORDINALS else None


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
