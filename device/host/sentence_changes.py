"""Sentences that change a task or a group: the Request, or None. Which task is meant is found out by assistant.py."""

from device.host.sentence_numbers import length
from device.host.sentence_pieces import read_pieces, read_tail
from device.host.sentence_request import Request
from device.host.sentence_times import UnclearTime, When

_VERBS = {
    "pause": "|pause|stop|suspend|disable|mute|no more reminders|silence|",
    "resume": "|resume|unpause|continue|enable|reactivate|unmute|",
    "run": "|run|start|execute|trigger|",
    "remove": "|remove|delete|cancel|drop|forget|erase|get rid of|",
}
_NO_MORE = "|don't remind me|do not remind me|don't remind us|do not remind us|"
_OFF = "|turn off|switch off|"
_ON = "|turn on|switch on|"
_MOVES = "|move|change|reschedule|shift|edit|update|"
_WAITS = "|postpone|delay|snooze|push|put off|"
_NOUNS = ("task", "tasks", "reminder", "reminders", "alarm", "timer")
_SKIP = (
    "I can't skip a single run. Pause the task now and resume it afterwards, for example “pause the plants reminder”."
)
_UNDO = (
    "I can't undo. Say what you want instead: “resume the plants reminder”, “remove the plants reminder”, "
    "or make the reminder again."
)
_NO_THREAD = (
    "I keep no thread from one message to the next. Please say the whole sentence, for example “remove task x4k2p9”."
)
_ANSWERS = "|yes|no|yep|nope|sure|confirm|yes do it|do it|the first one|the second one|"
_AT_ONCE = (
    "I pause and resume at once, not at or until a time. Say “pause …” now; to be reminded of the rest, "
    "say for example “remind me on monday at 9 to resume the plants”."
)
_GROUPS = (
    "Groups are made and changed on the laptop: `barnacle group add family 'Family'`; see `barnacle group --help`."
)
_NEW_TIME = 'Say which task and the new time, for example "move the plants reminder to 9:00".'


def change(words, today):
    """The Request of a sentence that begins with a change, or None. Raises UnclearTime for what cannot be done."""
    if words.begins(_ANSWERS) == len(words):
        raise UnclearTime(_NO_THREAD)
    if words.begins("|undo|revert|"):
        raise UnclearTime(_UNDO)
    if words.begins("|skip|"):
        raise UnclearTime(_SKIP)
    if words.begins("|add|create|make|register|rename|") and _names_group(words.low[1:4]):
        raise UnclearTime(_GROUPS)
    count = words.begins(_NO_MORE)
    if count:
        return _change("pause", words.cut(count), today, ("anymore", "any", "more"))
    off, on = words.begins(_OFF), words.begins(_ON)
    if (off or on) and set(words.low) & set(_NOUNS):
        return _change("pause" if off else "resume", words.cut(2), today)
    for verb in _VERBS:
        count = words.begins(_VERBS[verb])
        if count:
            return _change(verb, words.cut(count), today)
    if words.begins("|rename|"):
        return _rename(words.cut(1))
    return _move(words, today)


def _names_group(low):
    return "group" in low or "groups" in low


def _change(verb, words, today, ignored=()):
    if verb == "run" and words.low[-1:] != ["now"] and not read_tail(words, today, When())[1].empty():
        return None  # "run the backup every day at 3:00" is a new task
    if verb in ("pause", "resume") and _timed(words, today):
        raise UnclearTime(_AT_ONCE)
    request = Request(verb, target=[w for w in words.low if w not in ("group", "groups") and w not in ignored])
    request.group = _names_group(words.low)
    return request


def _timed(words, today):
    if "for" in words.low and length(words.low, words.low.index("for") + 1)[0]:
        return True
    return "until" in words.low or "till" in words.low or not read_tail(words, today, When())[1].empty()


def _rename(words):
    if "to" not in words.low[1:-1]:
        raise UnclearTime("Say the old and the new words, for example “rename the plants reminder to feed the cat”.")
    at = words.low.index("to")
    request = Request("edit", target=words.low[:at])
    request.prompt = words.cut(at + 1).text()
    return request


def _move(words, today):
    """ "move the plants reminder to 9:00", "snooze the oven for 10 minutes"; None when no new time is said."""
    count = words.begins(_WAITS)
    if count:
        return _wait(words.cut(count), today)
    if not words.begins(_MOVES):
        return None
    request = _to(words.cut(1), today)
    if request is None and set(words.low) & set(_NOUNS):
        raise UnclearTime(_NEW_TIME)
    return request


def _wait(words, today):
    for at in range(1, len(words)):
        if words.low[at] in ("by", "for"):
            ms, end = length(words.low, at + 1)
            if ms is not None and end == len(words):
                request = Request("edit", target=[word for word in words.low[:at] if word != "back"])
                request.ahead_ms = ms
                return request
    request = _to(words, today)
    if request is None:
        raise UnclearTime("By how long? Say for example “postpone the dentist by 30 minutes”, or “move … to 9:00”.")
    return request


def _to(words, today):
    for at in range(1, len(words) - 1):
        if words.low[at] not in ("to", "until", "till"):
            continue
        for low in (words.low[at + 1 :], ["at"] + words.low[at + 1 :]):
            when = When()
            if read_pieces(low, 0, today, when) == len(low):
                request = Request("edit", target=words.low[:at])
                request.when = when
                return request
    return None
