"""What a plain English sentence asks for: one Request. No state is looked at and nothing is done here."""

from device.host.sentence_pieces import read_pieces
from device.host.sentence_times import UnclearTime, When, schedule_of
from device.host.sentence_words import read

READ_ONLY = ("next", "day", "tasks", "groups", "queue", "status", "help", "time", "recap")
_TASK_VERBS = {
    "pause": ("pause", "stop", "suspend", "disable", "mute"),
    "resume": ("resume", "unpause", "continue", "enable", "reactivate"),
    "run": ("run", "start", "execute", "trigger"),
    "remove": ("remove", "delete", "cancel", "drop", "forget", "erase"),
}
_ADDERS = (
    ("remind", "me"),
    ("remind", "us"),
    ("set", "a", "reminder"),
    ("set", "reminder"),
    ("create", "a", "reminder"),
    ("create", "a", "task"),
    ("create", "task"),
    ("make", "a", "reminder"),
    ("add", "a", "reminder"),
    ("add", "a", "task"),
    ("add", "reminder"),
    ("add", "task"),
    ("new", "task"),
    ("new", "reminder"),
    ("schedule", "a", "task"),
    ("schedule",),
    ("wake", "me"),
)
_LINKS = ("to", "that", "about", "of", "for", "called", "named")
_QUESTIONS = (
    "what",
    "what's",
    "whats",
    "which",
    "when",
    "who",
    "how",
    "why",
    "where",
    "is",
    "are",
    "do",
    "does",
    "did",
)
_EXACT = {
    "help": "help",
    "commands": "help",
    "what can you do": "help",
    "status": "status",
    "how are you": "status",
    "what's up": "status",
    "are you there": "status",
    "what time is it": "time",
    "what's the time": "time",
    "what day is it": "time",
    "what date is it": "time",
    "time": "time",
    "date": "time",
    "recap": "recap",
    "queue": "queue",
    "queues": "queue",
    "groups": "groups",
    "tasks": "tasks",
    "reminders": "tasks",
    "schedules": "tasks",
    "next": "next",
}


class Request:
    """What is wanted.

    `verb`: one of READ_ONLY, "add" (with prompt, kind, value), "pause", "resume", "run", "remove" (with target:
    lower-case words, and group: whether they name a group), "unclear" (text: what to ask back), "unknown".
    `ahead`: 1 = tomorrow.
    """

    def __init__(self, verb, prompt="", kind="", value="", target=(), group=False, text="", ahead=0):
        self.verb = verb
        self.prompt = prompt
        self.kind = kind
        self.value = value
        self.target = target
        self.group = group
        self.text = text
        self.ahead = ahead


def understand(text, now_ms, zone, trigger=""):
    """The Request in a message's text; times are read in `zone` as seen at `now_ms`."""
    words = read(text, trigger)
    if not len(words):
        return Request("help")
    try:
        return _question(words) or _on_task(words, now_ms, zone) or _new_task(words, now_ms, zone) or Request("unknown")
    except UnclearTime as unclear:
        return Request("unclear", text=str(unclear))


def _question(words):
    low = words.low
    joined = " ".join(low).replace("what is", "what's").replace("whats", "what's")
    if joined in _EXACT:
        return Request(_EXACT[joined])
    first = low[0]
    if first in ("summarise", "summarize", "recap") or "did we say" in joined or "have we said" in joined:
        return Request("recap")
    if joined.startswith("what") or first in (
        "list",
        "show",
        "which",
        "when",
        "how",
        "tell",
        "do",
        "any",
        "my",
        "is",
        "are",
    ):
        return _asked(first, low, joined)
    return None


def _asked(first, low, joined):
    names = set(low)
    if first == "tell" and low[1:2] == ["me"] and not names & set(("next", "tasks", "groups", "queue", "status")):
        return None
    if "tomorrow" in names and (
        names & set(("runs", "run", "scheduled", "planned", "due", "tasks", "reminders", "on"))
    ):
        return Request("day", ahead=1)
    if ("today" in names or "tonight" in names) and first != "tell":
        return Request("day")
    if "next" in names or joined in ("what's coming", "what's coming up", "what's planned"):
        return Request("next")
    if names & set(("queue", "queues", "queued", "waiting", "running")):
        return Request("queue")
    if names & set(("groups", "group", "chats")):
        return Request("groups")
    if names & set(("tasks", "task", "reminders", "schedules", "schedule", "scheduled", "jobs")):
        return Request("tasks")
    return Request("status") if "status" in names else None


def _on_task(words, now_ms, zone):
    for verb in _TASK_VERBS:
        if words.low[0] in _TASK_VERBS[verb]:
            break
    else:
        return None
    target = words.low[1:]
    if verb == "run" and target[-1:] != ["now"]:
        request = _from_end(words, now_ms, zone)
        if request is not None:
            return request
    group = "group" in target
    return Request(verb, target=[word for word in target if word != "group"], group=group)


def _new_task(words, now_ms, zone):
    today = (now_ms // 1000 + zone.offset_s(now_ms)) // 86400
    body, asked = _without_adder(words)
    if not asked and body.low[0] in _QUESTIONS:
        return None
    when = When()
    at = read_pieces(body.low, 0, today, when)
    rest, asked_late = _without_adder(body.cut(at)) if at < len(body) else (body.cut(at), False)
    asked = asked or asked_late
    if when.empty() and not asked:
        return None
    rest, when = _read_tail(rest, today, when)
    rest = _without_links(rest)
    prompt = rest.text()
    if when.empty():
        raise UnclearTime('When? Say for example "remind me tomorrow at 17:00 to …" or "every weekday at 8:30 …".')
    kind, value = schedule_of(when, now_ms, zone)
    if not prompt:
        raise UnclearTime("What shall I remind you of? Say it behind the time.")
    return Request("add", prompt=prompt, kind=kind, value=value)


def _from_end(words, now_ms, zone):
    """A new task from a sentence that ends with a time ("run the backup every day at 3:00"), or None."""
    today = (now_ms // 1000 + zone.offset_s(now_ms)) // 86400
    rest, when = _read_tail(words, today, When())
    if when.empty() or not len(rest):
        return None
    kind, value = schedule_of(when, now_ms, zone)
    return Request("add", prompt=rest.text(), kind=kind, value=value)


def _read_tail(words, today, when):
    """Take a time off the end: the longest run of words that is all time. Pieces already in `when` stay."""
    if when.clock is not None or when.in_ms is not None or (when.every_ms is not None and when.every_ms < 86400000):
        return words, when
    for start in range(len(words)):
        tried = _copy(when)
        if read_pieces(words.low, start, today, tried) == len(words) and start < len(words):
            return words.cut(0, start), tried
    return words, when


def _copy(when):
    fresh = When()
    for name in (
        "every_ms",
        "weekdays",
        "month_day",
        "in_ms",
        "day",
        "weekday",
        "not_today",
        "date",
        "clock",
        "evening",
    ):
        setattr(fresh, name, getattr(when, name))
    return fresh


def _without_adder(words):
    for adder in _ADDERS:
        if words.starts(adder):
            return _without_links(words.cut(len(adder))), True
    return words, False


def _without_links(words):
    while len(words) > 1 and words.low[0] in _LINKS:
        words = words.cut(1)
    return words
