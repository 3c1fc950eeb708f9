"""Which group runs what, and when: one run per group, a limited number of slots, tasks before messages, retries.

NanoClaw's GroupQueue as a pure, synchronous state machine: no clock, no timers, no storage of its own. The rules:
a finishing group's own backlog goes first (tasks, then messages); other groups wait first come, first served; a failed
message run is tried again after 5 s, doubling, five times. Three things are repaired: a running task is not queued
again, pending messages of a failed group wait for its retry time instead of running at once and then once more, and a
user's message never enters a task's run (`can_pipe`).
"""

from device.host import limits
from device.host.errors import BarnacleError
from device.host.mailbox import Mailbox

STARTED, QUEUED, DUPLICATE, FULL = "started", "queued", "duplicate", "full"
DONE, RETRY, GAVE_UP = "done", "retry", "gave_up"


class Dispatch:
    """`start(folder, kind, task_id)` is called, possibly from within any method here, when a run shall begin; kind is
    "messages" (task_id None) or "task". It must only note the wish and return: it neither raises nor calls back. The
    caller reports the end of the run with `finished`. `now_ms()` is only compared with itself."""

    def __init__(self, slots, start, now_ms):
        self._slots = _checked_slots(slots)
        self._start = start
        self._now_ms = now_ms
        self._boxes = {}  # folder -> Mailbox; only of groups that run, wait, are to be retried, or are paused
        self._waiting = []  # folders, first come first
        self._used = 0
        self._retries = 0  # how many retries were ever planned: keeps equal times in order
        self._closed = False

    def message(self, folder):
        """The group has messages to be handled. "queued" also when that is known already; "full" when the group is
        one more than GROUPS; after `close` always "full"."""
        box = self._box(folder)
        if box is None:
            return FULL
        box.messages = True
        if box.retry_at_ms is not None:
            return QUEUED
        return self._begin_or_wait(box)

    def task(self, folder, task_id):
        """A task is due. "duplicate" when it waits or runs already, "full" when MAILBOX_TASKS wait already."""
        box = self._box(folder)
        if box is None:
            return FULL
        if box.has_task(task_id):
            return DUPLICATE
        if len(box.tasks) >= limits.MAILBOX_TASKS:
            return FULL
        box.tasks.append(task_id)
        return self._begin_or_wait(box)

    def drop_task(self, folder, task_id):
        """Forget a waiting task; whether it was waiting. One that runs already is not stopped."""
        box = self._boxes.get(folder)
        if box is None or task_id not in box.tasks:
            return False
        box.tasks.remove(task_id)
        self._tidy(box)
        return True

    def drop_messages(self, folder):
        """Nothing that is left of the group's messages is work: forget it, and a retry. Its run goes on."""
        box = self._boxes.get(folder)
        if box is None:
            return
        box.messages = False
        if box.kind != "messages":
            box.retries = 0
            box.retry_at_ms = None
        self._tidy(box)

    def finished(self, folder, ok):
        """A run has ended; starts what follows. Answers "done", "retry" (the message run will be tried again) or
        "gave_up" (it failed for the last time: nothing more happens until a new message comes; audit it). A task is
        always "done": its schedule, not this queue, tries again."""
        box = self._boxes.get(folder)
        if box is None or box.kind is None:
            raise BarnacleError(
                "No run of group %s is known, so none can have finished; report each end once." % folder
            )
        outcome = self._settle(box, ok)
        self._used -= 1
        box.kind = box.task = None
        if self._has_work(box):
            self._begin_or_wait(box)
        self._fill()
        self._tidy(box)
        return outcome

    def pause(self, folder):
        """Start nothing more for the group; its work waits and its running run goes on. False when full."""
        box = self._box(folder)
        if box is None:
            return False
        box.paused = True
        self._leave(folder)
        return True

    def resume(self, folder):
        """End a pause: the group's work may start, or joins the end of the waiting list."""
        box = self._boxes.get(folder)
        if box is None or not box.paused:
            return
        box.paused = False
        if self._has_work(box):
            self._begin_or_wait(box)
        self._tidy(box)

    def remove(self, folder):
        """The group is gone: forget its work, retry and pause. A running run keeps its slot until it has finished."""
        box = self._boxes.get(folder)
        if box is not None:
            box.clear()
            self._tidy(box)

    def close(self):
        """Start nothing any more; running runs may still finish."""
        self._closed = True
        self._waiting = []

    def set_slots(self, slots):
        """How many runs may go on at a time, 1 to SLOTS. Fewer than are running takes effect as they end."""
        self._slots = _checked_slots(slots)
        self._fill()

    def can_pipe(self, folder):
        """Whether a new message may be handed to the group's running run: only to a run of messages."""
        box = self._boxes.get(folder)
        return box is not None and box.kind == "messages"

    def attempt(self, folder):
        """Which try the group's current or next message run is: 1 to 1 + RETRIES."""
        box = self._boxes.get(folder)
        return 1 + (box.retries if box else 0)

    def next_retry_ms(self):
        """When `retry_due` should be called next, by `now_ms`; None when nothing is to be retried."""
        times = [box.retry_at_ms for box in self._boxes.values() if box.retry_at_ms is not None]
        return min(times) if times and not self._closed else None

    def retry_due(self, now_ms):
        """Try again what is due by `now_ms`, earliest first; returns the folders."""
        due = [box for box in self._boxes.values() if box.retry_at_ms is not None and box.retry_at_ms <= now_ms]
        if self._closed:
            return []
        due.sort(key=_retry_order)
        for box in due:
            box.retry_at_ms = None
            box.messages = True
            self._begin_or_wait(box)
        return [box.folder for box in due]

    def is_retrying(self, folder):
        """Whether the group's messages wait for the time of their next try."""
        box = self._boxes.get(folder)
        return box is not None and box.retry_at_ms is not None

    def retry_now(self, folder):
        """Try the group's messages again without waiting for their time; whether there was such a wait."""
        if self._closed or not self.is_retrying(folder):
            return False
        box = self._boxes[folder]
        box.retry_at_ms = None
        box.messages = True
        self._begin_or_wait(box)
        return True

    def snapshot(self):
        """{"slots": {"used", "max"}, "groups": {folder: …}, "waiting": [folder, next first]}; idle groups are left out.

        A group is {"state": running, paused, waiting or retrying, "messages": whether new ones wait, "tasks": ids that
        wait, "retry_ms": a time by `now_ms` or None, "kind" and "task": of the running run or None}."""
        groups = {}
        for folder in self._boxes:
            box = self._boxes[folder]
            groups[folder] = {
                "state": self._state(box),
                "messages": box.messages,
                "tasks": list(box.tasks),
                "retry_ms": box.retry_at_ms,
                "kind": box.kind,
                "task": box.task,
            }
        return {"slots": {"used": self._used, "max": self._slots}, "groups": groups, "waiting": list(self._waiting)}

    def _box(self, folder):
        if self._closed:
            return None
        box = self._boxes.get(folder)
        if box is None and len(self._boxes) < limits.GROUPS:
            box = self._boxes[folder] = Mailbox(folder)
        return box

    def _begin_or_wait(self, box):
        if box.kind is not None or box.paused or self._closed:
            return QUEUED
        if self._used >= self._slots:
            if box.folder not in self._waiting:
                self._waiting.append(box.folder)
            return QUEUED
        self._begin(box)
        return STARTED

    def _begin(self, box):
        self._leave(box.folder)
        self._used += 1
        if box.tasks:
            box.kind, box.task = "task", box.tasks.pop(0)
        else:
            box.kind, box.messages = "messages", False
        self._start(box.folder, box.kind, box.task)

    def _settle(self, box, ok):
        removed, box.removed = box.removed, False
        if box.kind == "task":
            return DONE
        if ok or removed:
            box.retries = 0
            return DONE
        if box.retries >= limits.RETRIES:
            box.retries = 0
            return GAVE_UP
        box.retry_at_ms = self._now_ms() + (limits.RETRY_BASE_MS << box.retries)
        box.retries += 1
        self._retries += 1
        box.retry_order = self._retries
        return RETRY

    def _has_work(self, box):
        return bool(box.tasks) or (box.messages and box.retry_at_ms is None)

    def _fill(self):
        while self._waiting and self._used < self._slots and not self._closed:
            self._begin(self._boxes[self._waiting[0]])

    def _leave(self, folder):
        if folder in self._waiting:
            self._waiting.remove(folder)

    def _tidy(self, box):
        if not self._has_work(box):
            self._leave(box.folder)
        if box.is_idle():
            del self._boxes[box.folder]

    def _state(self, box):
        if box.kind is not None:
            return "running"
        if box.paused:
            return "paused"
        if box.folder in self._waiting:
            return "waiting"
        return "retrying"


def _retry_order(box):
    return box.retry_at_ms, box.retry_order


def _checked_slots(slots):
    if not 1 <= slots <= limits.SLOTS:
        raise BarnacleError("%s slots cannot be set: choose 1 to %d." % (slots, limits.SLOTS))
    return slots
