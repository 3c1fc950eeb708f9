"""Reads a run of words as a time, piece by piece, at the start or at the end of a sentence."""

from device.host.sentence_clocks import read_clock, read_part
from device.host.sentence_days import read_day, read_relative
from device.host.sentence_numbers import length, weekday
from device.host.sentence_repeats import read_repeat
from device.host.sentence_times import PARTS, UnclearTime, When
from device.host.sentence_words import among

_READERS = (read_relative, read_repeat, read_part, read_day, read_clock)
_LIMITS = ("until", "till", "between", "from", "except", "starting", "during", "while")
_BEGINNINGS = (
    " in on at by every each once twice hourly daily nightly weekly monthly yearly annually a an the half quarter"
    " this next coming today tonight tomorrow day noon midday midnight lunchtime last weekday weekdays weekend"
    " weekends one two three four five six seven eight nine ten eleven twelve fifteen twenty twentyfive thirty"
    " forty fortyfive fifty sixty ninety first second third fourth fifth sixth seventh eighth ninth tenth sunday"
    " monday tuesday wednesday thursday friday saturday sundays mondays tuesdays wednesdays thursdays fridays"
    " saturdays sun mon tue tues wed weds thu thur thurs fri sat january february march april may june july august"
    " september october november december jan feb mar apr jun jul aug sep sept oct nov dec biweekly"
    " fortnightly quarterly bimonthly "
)
_NEAR = ("before", "after", "until", "till", "since", "between")
_JOINTS = ("for", "from", "starting", "on", "and")
_TAIL = 18  # words from the end among which a time is looked for


def read_pieces(low, at, today, when):
    """Read pieces of a time from the lower-case words `low` at `at` into `when`; the position behind them.

    Raises UnclearTime where another time follows that does not go with the first one.
    """
    begin = at
    while at < len(low):
        found = _read_one(low, at, today, when, at > begin)
        if found == at:
            break
        at = found
    if begin < at < len(low):
        _check_behind(low, at, today)
    return at


def _read_one(low, at, today, when, behind):
    if behind and not when.part and low[at] in PARTS and when.has_day():
        when.part = low[at]  # tomorrow morning
        return at + 1
    start = at + 1 if behind and at + 1 < len(low) and low[at] in ("and", "from", "starting", "of") else at
    if not _may_begin(low[start]):
        return at
    for reader in _READERS:
        found = reader(low, start, today, when)
        if found > start:
            return found
    return at


def _may_begin(word):
    """Whether a time can begin with this word: spares the readers the others."""
    return word[:1].isdigit() or among(word.split("-")[0], _BEGINNINGS)


def _check_behind(low, at, today):
    following = low[at + 1] if at + 1 < len(low) else ""
    timed = following[:1].isdigit() or weekday(following) is not None or following in ("noon", "midnight", "tomorrow")
    if (
        (low[at] in _LIMITS and timed)
        or low[at : at + 3] == ["during", "the", "day"]
        or (low[at] == "for" and length(low, at + 1)[0])
    ):
        raise UnclearTime(
            'I can\'t limit a schedule with "%s". On the laptop a cron expression can: '
            "barnacle schedule add … --cron '0 9-17 * * *'." % low[at]
        )
    start = at + 1 if low[at] == "and" and following else at
    if _read_one(low, start, today, When(), False) > start:
        raise UnclearTime("I read two times there that don't go together. Please say it with one, or as two sentences.")


def read_tail(words, today, when):
    """Take a time off the end: the longest run of words that is all time. (the words left, the When); pieces that
    `when` has already stay. Raises UnclearTime for "before 9:00" and the like."""
    if when.clock is not None or when.in_ms is not None or (when.every_ms is not None and when.every_ms < 86400000):
        return words, when
    for start in range(max(0, len(words) - _TAIL), len(words)):
        if not _may_begin(words.low[start]) and words.low[start] not in PARTS:
            continue
        tried = when.copy()
        if read_pieces(words.low, start, today, tried) == len(words):
            if start and words.low[start - 1] in _NEAR:
                raise UnclearTime('I need one exact time. Say for example "at 17:00".')
            if start > 1 and words.low[start - 1] in _JOINTS:
                start -= 1
            return words.cut(0, start), tried
    return words, when


def read_inside(words, today):
    """Take a time with a clock or a length out of the middle: (the words left, the When) or (words, an"
    " empty When)."""
    for start in range(1, min(len(words), 2 * _TAIL)):
        if not _may_begin(words.low[start]):
            continue
        tried = When()
        end = read_pieces(words.low, start, today, tried)
        if end > start and (tried.clock is not None or tried.in_ms is not None or tried.every_ms is not None):
            return words.cut(0, start).joined(words.cut(end)), tried
    return words, When()
