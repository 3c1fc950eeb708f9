"""Times of day in plain English: "at 17:00", "5 pm", "half past eight", "quarter to nine", "in the evening", "noon".

The readers are as in sentence_repeats.py.
"""

from device.host.sentence_numbers import number
from device.host.sentence_times import PARTS, UnclearTime

_NAMED = {"noon": (12, 0), "midday": (12, 0), "lunchtime": (12, 0), "midnight": (0, 0)}
_SUFFIXES = ("a.m", "p.m", "am", "pm", "hrs", "h")
_BEHIND = ("at", "by")


def read_part(low, at, today, when):
    """ "in the morning", "at night", "this evening", "tonight"."""
    if when.part:
        return at
    word = low[at]
    if word == "tonight" and (when.day == today or not when.has_day()):
        when.part, when.day = "night", today
        return at + 1
    end = at + 1
    if word == "in" and low[end : end + 1] == ["the"]:
        end += 1
    elif word == "this" and not when.has_day():
        if low[end : end + 1] in (["morning"], ["afternoon"], ["evening"]):
            when.part, when.day = low[end], today
            return end + 1
        return at
    elif (word, low[end : end + 1]) != ("at", ["night"]):
        return at
    if end < len(low) and low[end] in PARTS:
        when.part = low[end]
        return end + 1
    return at


def read_clock(low, at, today, when):
    """ "at 17:00", "at 5pm", "5 pm", "at 9", "noon", "half past eight", "8 o'clock"; "at 8:00 and 20:00"."""
    if when.clock is not None:
        return at
    clock, end = _clock(low, at, when)
    if clock is None:
        return at
    when.clock = clock
    when.midnight = "midnight" in low[at:end]
    while end < len(low):
        start = end + 1 if low[end] == "and" else end
        more, following = _clock(low, start, when) if start < len(low) else (None, end)
        if more is None and start < len(low) and low[at] in _BEHIND and low[end] == "and":
            more, following = _clock(["at"] + low[start:], 0, when)  # "at 9 and 21", when nothing comes behind it
            following = len(low) if start + following - 1 == len(low) else end
        if more is None or following <= end:
            break
        when.more_clocks.append(more)
        end = following
    return end


def _clock(low, at, when):
    """((hour, minute), next position) or (None, at)."""
    behind = low[at] in _BEHIND
    position = at + 1 if behind else at
    if behind and low[position : position + 1] in (["about"], ["around"], ["exactly"]):
        position += 1
    if position >= len(low):
        return None, at
    if low[position] in _NAMED:
        return _NAMED[low[position]], position + 1
    spoken, end = _spoken(low, position, behind, when)
    if spoken is not None:
        return spoken, end
    return _written(low, at, position, behind, when)


def _spoken(low, at, behind, when):
    """ "half past eight", "quarter to nine", "twenty past 7", "five to ten"."""
    position = at + 1 if low[at] == "a" else at
    word = low[position] if position < len(low) else ""
    minutes = {"half": 30, "quarter": 15}.get(word) or (number(word) if behind or not word.isdigit() else None)
    end = position + 1
    if low[end : end + 1] == ["minutes"]:
        end += 1
    if not minutes or minutes > 30 or low[end : end + 1] not in (["past"], ["to"]) or end + 1 >= len(low):
        if word == "half" and end < len(low) and number(low[end]) in range(1, 13) and end - position == 1:
            if behind or low[end + 1 : end + 2] == ["o'clock"]:
                raise UnclearTime('"Half %s" is two times. Say "half past …" or for example "7:30".' % low[end])
        return None, at
    found = _hour(low, end + 1)
    if found is None:
        return None, at
    hour, minute, suffix, following = found
    if minute:
        return None, at
    hour, minute = _time_of_day(hour, 0, suffix)
    _note_vague(hour, suffix, when)
    total = hour * 60 + (minutes if low[end] == "past" else -minutes)
    return (total // 60 % 24, total % 60), following


def _written(low, at, position, behind, when):
    found = _hour(low, position)
    if found is None:
        return None, at
    hour, minute, suffix, end = found
    word = low[position]
    plain = minute is None
    if not suffix and not behind and (plain or ":" not in word):
        return None, at  # a bare number is a time only behind "at"
    if plain and behind and not word.isdigit() and end < len(low) and (number(low[end]) or 0) in (15, 20, 30, 40, 45):
        minute, end = number(low[end]), end + 1  # at seven thirty
    clock = _time_of_day(hour, minute or 0, suffix)
    if plain:
        _note_vague(hour, suffix, when)
    if low[end : end + 1] == ["sharp"]:
        end += 1
    return clock, end


def _hour(low, at):
    """(hour, minute or None, "a", "p", "o", "h" or "", next position) of "9", "nine", "9:30", "9.30pm", "1930"."""
    word, suffix, end = low[at], "", at + 1
    for ending in _SUFFIXES:
        if word.endswith(ending) and word[: -len(ending)].replace(":", "").replace(".", "").isdigit():
            word, suffix = word[: -len(ending)], ending[0]
            break
    if not suffix and end < len(low) and low[end] in ("am", "pm", "a.m", "p.m", "o'clock", "oclock", "hrs"):
        suffix, end = low[end][0], end + 1
    if word.isdigit() and len(word) == 4:
        return int(word[:2]), int(word[2:]), suffix, end
    mark = ":" if ":" in word else "." if "." in word else "h" if word[:1].isdigit() else ":"
    hour, colon, minute = word.partition(mark)
    if not colon and not word.isdigit():
        hour = str(number(word)) if word not in ("a", "an") and number(word) in range(1, 13) else ""
    if not hour.isdigit() or len(hour) > 2 or (colon and not (minute.isdigit() and len(minute) == 2)):
        return None
    return int(hour), int(minute) if colon else None, suffix, end


def _note_vague(hour, suffix, when):
    if suffix not in ("a", "p", "h") and 1 <= hour <= 7:
        when.vague_hour = True


def _time_of_day(hour, minute, suffix):
    if suffix in ("a", "p"):
        if not 1 <= hour <= 12:
            raise UnclearTime("There is no such time of day.")
        hour = hour % 12 + (12 if suffix == "p" else 0)
    if hour > 23 or minute > 59:
        raise UnclearTime("There is no such time of day.")
    return hour, minute
