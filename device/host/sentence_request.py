"""What a sentence asks for."""

READ_ONLY = ("next", "day", "tasks", "count", "find", "groups", "queue", "status", "help", "time", "missed", "recap")
SOCIAL = ("hello", "thanks", "bye", "about", "fine")


class Request:
    """What is wanted.

    `verb`: one of READ_ONLY or SOCIAL, "add" (with prompt, kind, value, note: what was taken for granted), "pause",
    "resume", "run", "remove", "edit" (with target: lower-case words, and group: whether they name a group; for "edit"
    also when or ahead_ms or prompt), "unclear" (text: what to ask back), "unknown".
    `ahead`: days from today, of "day". "tasks", "find" and "count" have the words left over as target.
    """

    def __init__(self, verb, target=(), text="", ahead=0):
        self.verb = verb
        self.target = target
        self.text = text
        self.ahead = ahead
        self.prompt = self.kind = self.value = self.note = ""
        self.group = False
        self.certain = True  # False: a question that may be about something else altogether
        self.when: object = None
        self.ahead_ms = 0
