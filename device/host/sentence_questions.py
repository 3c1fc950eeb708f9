"""Questions about the box, and small talk: the Request of a sentence that changes nothing, or None."""

from device.host.sentence_numbers import weekday
from device.host.sentence_request import Request
from device.host.sentence_words import among

_EXACT = {
    "help": (
        "|help|show help|commands|what can you do|what can i say|how do i add a task|how do i set a reminder|"
        "how do i use this|what can i ask|how does this work|"
    ),
    "status": (
        "|show status|what's going on|how's it going|status|how are you|how are you doing|what's up|"
        "are you there|are you online|are you alive|"
        "are you ok|everything ok|is everything ok|ping|"
    ),
    "time": (
        "|what time is it|what's the time|what day is it|what day is it today|what date is it|"
        "what's the date|what's the date today|what's today's date|what year is it|time|date|"
    ),
    "recap": "|recap|catch me up|",
    "queue": "|queue|queues|what are you doing|are you busy|",
    "groups": "|groups|",
    "tasks": "|tasks|reminders|schedules|schedule|list everything|",
    "day": "|my day|today|",
    "next": "|agenda|next|next reminder|next task|",
    "hello": (
        "|hello|hi|hi there|hello there|hey there|hey|there|good morning|good afternoon|good evening|good day|"
        "morning|evening|"
    ),
    "bye": "|good night|goodnight|bye|goodbye|see you|see you tomorrow|",
    "thanks": (
        "|thanks|thank you|thx|cheers|thanks a lot|thank you very much|many thanks|great|well done|good job|perfect|"
    ),
    "fine": "|ok|okay|never mind|nevermind|cool|lol|nice|sorry|all good|got it|",
    "about": (
        "|who are you|what are you|what's your name|are you a robot|are you an ai|which model do you use|"
        "what model are you|what model do you use|"
    ),
}
_OPENERS = (
    " tasks reminders what what's which when who how list show tell give do does did any anything is are"
    " has will my am "
)
_PLANNED = (
    " runs run scheduled planned plan due tasks task reminders reminder on schedule agenda anything have"
    " happens happening "
)
_TASKS = " tasks task reminders reminder schedules schedule scheduled jobs job alarms alarm timers timer appointments "
_ABOUT_RUNS = " run runs ran due remind running fire active paused scheduled next "
_FILLERS = (
    " what what's which when who how often many is are was will were do does did has have had am the a an my our your"
    " me us i we you it they there any anything all everything to for of on in at about with from by"
    " next up coming due"
    " run runs ran running go off happen happens"
    " happening planned plan scheduled set list show tell give see get got be been every"
    " one this that these now again still last time remind reminding reminded and or both currently right open agenda"
    " day week only please exist left queue queues queued waiting stuck morning"
    " afternoon evening night "
)


def question(words, today):
    """The Request of a question or of small talk, or None. `today` is in days since 1970."""
    low = words.low
    if low[:2] == ["tell", "me"] and low[2:3] in (["what"], ["what's"], ["when"], ["which"], ["how"]):
        low = low[2:]
    joined = " ".join(low)
    for said, meant in (("what is", "what's"), ("whats", "what's"), ("when's", "when is"), ("who's", "who is")):
        joined = joined.replace(said, meant)
    said = "|%s|" % joined
    for verb in _EXACT:
        if said in _EXACT[verb]:
            return Request(verb)
    low = joined.split()
    if low[0] in ("summarise", "summarize", "recap") or "did we say" in joined or "have we said" in joined:
        return Request("recap")
    if joined.endswith(("miss", "while i was away")) or " miss " in joined:
        return Request("missed") if low[0] in ("what", "what's", "did") else None
    if joined.startswith("at what time"):
        low = low[1:]
    return _asked(low, joined, today) if among(low[0], _OPENERS) else None


def _asked(low, joined, today):
    names = set(low)
    left = [word for word in low if not _says_nothing(word)]
    if low[0] == "tell" and low[1:2] == ["me"] and not names & set(("next", "tasks", "groups", "queue", "status")):
        return None
    if joined.startswith("how many"):
        return _how_many(names, left)
    ahead = _ahead(low, today)
    if ahead is not None and not names & set(("did", "was", "were")):
        if not left and _any_among(low, _PLANNED):
            return Request("day", ahead=ahead)
        if low[0] != "when" and not _any_among(low, _TASKS):
            return None
    if names & set(("queue", "queues", "queued", "waiting", "running", "stuck")) and not left:
        return Request("queue")
    if names & set(("groups", "group", "chats")) and not _any_among(low, _TASKS):
        return Request("groups")
    return _about_tasks(low, names, left, joined)


def _about_tasks(low, names, left, joined):
    tasks = _any_among(low, _TASKS)
    if not left and ("next" in names or joined in ("what's coming", "what's coming up", "what's planned")):
        return Request("next")
    if not left and names & set(("week", "agenda")) and _any_among(low, _PLANNED):
        return Request("next")
    if low[0] in ("when", "how", "did", "has", "will") or (low[0] == "what" and low[1:2] == ["time"]):
        if left:
            request = Request("find", target=left)
            request.certain = tasks or "remind" in names
            return request
    elif tasks:
        return Request("tasks", target=left)
    if left and (_any_among(low, _ABOUT_RUNS) or low[0] in ("is", "show")):
        request = Request("tasks" if left in (["paused"], ["completed"], ["active"]) else "find", target=left)
        request.certain = tasks or request.verb == "tasks"
        return request
    return Request("status") if "status" in names else None


def _how_many(names, left):
    if names & set(("groups", "chats")):
        return Request("groups")
    if names & set(("tasks", "reminders", "jobs", "schedules")):
        return Request("count", target=left)
    return None


def _ahead(low, today):
    """Days from today of the day that is named, or None."""
    for word in low:
        if word in ("today", "tonight"):
            return 0
        if word == "tomorrow":
            return 1
        if len(word) > 5 and weekday(word) is not None and word != "sunset":
            return (weekday(word) - (today + 4)) % 7
    return None


def _says_nothing(word):
    return among(word, _FILLERS) or among(word, _TASKS) or word in ("today", "tonight", "tomorrow") or _is_day(word)


def _is_day(word):
    return len(word) > 5 and weekday(word) is not None


def _any_among(low, text):
    for word in low:
        if among(word, text):
            return True
    return False
