"""New tasks: "remind me tomorrow at 9 to call bob", "water the plants every day at 7pm", "set a timer for 10 min"."""

from device.host.sentence_numbers import length
from device.host.sentence_pieces import read_inside, read_pieces, read_tail
from device.host.sentence_request import Request
from device.host.sentence_times import UnclearTime, When, schedule_of
from device.host.sentence_words import Words, among

_ADDERS = (
    "|remind me|remind us|remind everyone|remind everybody|reminding me|reminding us|reminder|todo|"
    "i need to|i have to|i must|"
    "i want to be reminded|i'd like to be reminded|i want a reminder|"
    "i need a reminder|don't let me forget|don't forget|remember|let me know|tell me to|tell us to|notify me|ping me|"
    "alert me|nudge me|set a reminder|set reminder|set me a reminder|set up a reminder|give me a reminder|"
    "create a reminder|create a task|create task|make a reminder|make a task|add a reminder|add a task|add reminder|"
    "add task|new task|new reminder|schedule a task|schedule|"
)
_SIGNALS = {
    "wake up": "|wake me up|wake me|wake us up|wake us|",
    "alarm": "|set an alarm|set the alarm|set alarm|alarm|",
}
_IN = Words(["in"])
_LINKS = " to that about of for called named - "
_STATEMENTS = (
    " what what's which when who how why where is are do does did i i'm i'll i've we we're we'll you your he she it"
    " it's they the my our this that that's these those there there's was were am be because if but or"
    " not no yes well"
    " see let's lets should shall would may might has have had nice great maybe hm hmm oh "
)
_NEEDS_A_MODEL = " tell write sing play explain translate describe compose draw search find google say talk read give "
_WHEN = 'When? Say for example "remind me tomorrow at 17:00 to …" or "every weekday at 8:30 …".'


def new_task(words, today, now_ms, zone):
    """The Request "add" of a sentence that says what and when, or None. Raises UnclearTime when something misses."""
    words, signal = _signal(words)
    body, asked = _without_adder(words)
    if asked and body.low[:1] == ["yesterday"]:
        raise UnclearTime("That time has passed already.")
    asked = asked or bool(signal)
    if not asked and (words.question or (among(body.low[0], _STATEMENTS) and not _begins_with_time(body, today))):
        return None
    when = When()
    at = read_pieces(body.low, 0, today, when)
    rest, asked_late = _without_adder(body.cut(at)) if 0 < at < len(body) else (body.cut(at), False)
    asked = asked or asked_late
    headed = not when.empty()
    if len(rest):
        rest, when = read_tail(rest, today, when)
    if when.empty() and asked:
        rest, when = read_inside(rest, today)
    if not asked and (when.empty() or (not headed and not _is_order(rest, when))):
        return None
    if len(rest) > 1 and rest.low[-1] == "to":
        raise UnclearTime('To change a task say for example "move the plants reminder to 9:00".')
    prompt = _without_links(rest).text() or signal
    if when.empty():
        raise UnclearTime(_WHEN)
    kind, value = schedule_of(when, now_ms, zone)
    if not prompt:
        raise UnclearTime("What shall I remind you of? Say it behind the time.")
    request = Request("add")
    request.prompt, request.kind, request.value, request.note = prompt, kind, value, when.note()
    return request


def _begins_with_time(words, today):
    return words.low[0] in ("the", "this") and read_pieces(words.low, 0, today, When()) > 0


def _is_order(rest, when):
    """Whether words with a time behind them ask for a task; "tell me a story tonight" needs more than a clock."""
    if not len(rest):
        return False
    return when.clock is not None or when.in_ms is not None or when.repeats() or not among(rest.low[0], _NEEDS_A_MODEL)


def _signal(words):
    """(the words without "set a timer", "timer"), or (the words, ""); "egg timer for 6 minutes", "10"
    " minute timer"."""
    if "timer" in words.low[:6]:
        at = words.low.index("timer")
        name = words.cut(words.begins("|set an|set a|set the|set|start a|start an|start|a|"), at + 1)
        end = at + 2 if words.low[at + 1 : at + 2] == ["for"] else at + 1
        if length(words.low, end)[0]:
            return _IN.joined(words.cut(end)), name.text()
        if at >= 2 and length(words.low, at - 2)[1] == at:
            return _IN.joined(words.cut(at - 2, at)).joined(words.cut(at + 1)), "timer"
    for prompt in _SIGNALS:
        count = words.begins(_SIGNALS[prompt])
        if count:
            rest = words.cut(count)
            rest = rest.cut(1) if rest.low[:1] == ["for"] and len(rest) > 1 else rest
            return (_IN.joined(rest) if length(rest.low, 0)[0] else rest), prompt
    return words, ""


def _without_adder(words):
    count = words.begins(_ADDERS)
    if not count:
        return words, False
    rest = words.cut(count)
    return (_without_links(rest) if len(rest) else rest), True


def _without_links(words):
    while len(words) > 1 and among(words.low[0], _LINKS):
        words = words.cut(1)
    return words
