"""What the screens show: the host's glance put into words. One plain object, no LVGL, nothing but reading.

A glance is the host's dict (see `device/host/host.py`): every key may be missing, every text may hold anything.
"""

from device.host import limits
from device.ui import glyphs, when
from device.ui.ask_words import AskWords, model_words

BOOT = "boot"
ONLINE = "online"
CONNECTING = "connecting"
OFFLINE = "offline"
HALF_DAY_MS = 12 * 3600 * 1000

# What a body row is; the theme gives each its font and colour.
BUSY = "busy"  # the name of what runs
STREAM = "stream"  # the last line of its text
WAITING = "waiting"
WHO = "who"  # whose reply it is
TEXT = "text"
QUIET = "quiet"  # hints and asides
ALERT = "alert"
BODY_ROWS = 4


class Face:
    """A glance, read at a time of its own: `now_ms` moves on between glances, `elapsed_ms` is the time since this one.
    `glance` None: the box is starting. `ask` is the AskWords of the oldest ask that waits, or None."""

    def __init__(self, glance, now_ms=None, elapsed_ms=0):
        self.glance = glance or {}
        self.started = glance is not None
        self.now_ms = self.glance.get("now_ms") if now_ms is None else now_ms
        self.offset_s = self.glance.get("offset_s") or 0
        self.time_known = when.is_known(self.now_ms)
        ask = self.glance.get("ask")
        self.ask = AskWords(ask, self.glance.get("asks") or 1, elapsed_ms) if ask else None

    @property
    def connection(self):
        """BOOT before the first glance, then ONLINE, OFFLINE, or CONNECTING while the host says neither (None)."""
        if not self.started:
            return BOOT
        online = self.glance.get("online")
        if online is None:
            return CONNECTING
        return ONLINE if online else OFFLINE

    @property
    def status(self):
        """The line at the top: who this is while all is well, else what is wrong with the connection."""
        connection = self.connection
        if connection == ONLINE:
            return glyphs.plain(self.glance.get("assistant") or "Barnacle")
        return {BOOT: "starting", CONNECTING: glyphs.REFRESH + " linking", OFFLINE: glyphs.WARNING + " offline"}[
            connection
        ]

    @property
    def clock(self):
        """Local time as "17:05", or "--:--" until the time is known."""
        return when.clock(self.now_ms, self.offset_s) if self.time_known else "--:--"

    @property
    def date(self):
        """Local date as "Sun 22 Nov"."""
        return when.date(self.now_ms, self.offset_s) if self.time_known else "time not set"

    @property
    def minute(self):
        """Local minute of the day, or None until the time is known."""
        return when.minute_of_day(self.now_ms, self.offset_s) if self.time_known else None

    @property
    def busy(self):
        """Whether anything runs."""
        return bool(self.glance.get("running"))

    @property
    def body(self):
        """Up to BODY_ROWS blocks of the middle, most urgent first: (kind, text, most rows it may take)."""
        if not self.started:
            return [(TEXT, "Barnacle", 1), (QUIET, "one moment", 1)]
        blocks = self._running() + self._problem()
        if self.busy:
            return blocks + self._waiting() + self._reply(1)
        if blocks:
            return blocks + self._waiting()
        waiting = self._waiting() + self._model()
        reply = self._shown(BODY_ROWS - len(waiting)) or self._reply(BODY_ROWS - 1 - len(waiting))
        return (reply or self._empty()) + waiting

    @property
    def next(self):
        """(when and whose, what) comes next; ("", hint) when nothing is scheduled."""
        tasks = self._upcoming(1)
        if not tasks:
            return "", "nothing scheduled" if self.started else ""
        time, name, prompt = tasks[0]
        return time + "  " + glyphs.BULLET + "  " + name, prompt

    @property
    def upcoming(self):
        """Up to NEXT_SHOWN coming runs: (time in words, group's name, prompt), all in glyphs that the font has."""
        return self._upcoming(limits.NEXT_SHOWN)

    @property
    def marks(self):
        """Local minutes of the day of the runs within the next twelve hours, soonest first, each minute once."""
        minutes = []
        for task in (self.glance.get("next") or [])[: limits.NEXT_SHOWN]:
            due_ms = task.get("next_ms")
            if due_ms is not None and self.time_known and 0 <= due_ms - self.now_ms < HALF_DAY_MS:
                minute = when.minute_of_day(due_ms, self.offset_s)
                if minute not in minutes:
                    minutes.append(minute)
        return minutes

    @property
    def foot(self):
        """The line at the bottom: how many asks wait, or what the box still has to hand over while it is not online;
        "" otherwise."""
        if self.ask is not None:
            return _count(self.glance.get("asks") or 1, "ask") + ": tap"
        spool = self.glance.get("spool") or 0
        return "%d to send" % spool if spool and self.connection != ONLINE else ""

    @property
    def totals(self):
        """ "3 groups • 12 tasks"."""
        groups, tasks = self.glance.get("groups") or 0, self.glance.get("tasks") or 0
        return _count(groups, "group") + " " + glyphs.BULLET + " " + _count(tasks, "task")

    def _upcoming(self, most):
        shown = []
        for task in (self.glance.get("next") or [])[: limits.NEXT_SHOWN]:
            if len(shown) < most and task.get("next_ms") is not None and self.time_known:
                time = when.when(task["next_ms"], self.now_ms, self.offset_s)
                shown.append((time, _name(task), glyphs.plain(task.get("prompt") or "")))
        return shown

    def _running(self):
        running = self.glance.get("running") or []
        if not running:
            return []
        first = running[0]
        more = " +%d" % (len(running) - 1) if len(running) > 1 else ""
        return [
            (BUSY, _name(first) + more, 1),
            (STREAM, glyphs.last_line(first.get("text") or "") or "thinking ...", 1),
        ]

    def _waiting(self):
        waiting = self.glance.get("waiting") or []
        if not waiting:
            return []
        names = ", ".join([_name(group) for group in waiting[: limits.WAITING_SHOWN]])
        return [(WAITING, "%d waiting: %s" % (len(waiting), names), 1)]

    def _model(self):
        words = model_words(self.glance.get("model"))
        return [(WAITING, words, 1)] if words else []

    def _shown(self, rows):
        """What a run has put on the screen."""
        shown = self.glance.get("shown")
        return [(TEXT, glyphs.plain(shown), rows)] if shown else []

    def _reply(self, rows):
        reply = self.glance.get("reply")
        if not reply:
            return []
        name, text = _name(reply), glyphs.plain(reply.get("text") or "")
        if rows == 1:
            return [(QUIET, name + ": " + text, 1)]
        at_ms = reply.get("ts_ms")
        known = at_ms is not None and self.time_known
        time = "  " + glyphs.BULLET + "  " + when.clock(at_ms, self.offset_s) if known else ""
        return [(WHO, name + time, 1), (TEXT, text, rows)]

    def _problem(self):
        problem = self.glance.get("problem")
        if not problem:
            return []
        rows = 1 if self.busy else BODY_ROWS - 1
        return [(ALERT, glyphs.WARNING + " " + glyphs.plain(problem), rows)]

    def _empty(self):
        if not self.glance.get("groups"):
            return [(TEXT, "No groups yet", 1), (QUIET, "add one from the laptop", 1)]
        name = glyphs.plain(self.glance.get("assistant") or "Barnacle")
        return [(TEXT, "All quiet", 1), (QUIET, "write @" + name + " in a group", 1)]


def _name(item):
    return glyphs.plain(item.get("name") or item.get("folder") or "")


def _count(number, noun):
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")
