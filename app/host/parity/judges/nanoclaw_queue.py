"""NanoClaw's GroupQueue written down once more, plainly, as a judge for whole timelines.

Without `repaired` it must reproduce every recording, defects included; with it, only the three repairs are added, so
that Dispatch can be compared to the end also where a repair acts. It has the part of Dispatch's interface that
queue_player.Player uses.
"""

# pyright: standard


class Group:
    """What NanoClaw keeps per group, and its backoff timers: (when, number of the timer)."""

    def __init__(self):
        self.kind = self.task = None
        self.pending = False
        self.tasks = []
        self.retries = 0
        self.timers = []


class NanoClawQueue:
    """Runs one per group, `slots` in all; `start` and `now_ms` as Dispatch has them."""

    repaired = False

    def __init__(self, slots, start, now_ms):
        self.slots, self.start, self.now_ms = slots, start, now_ms
        self.groups, self.waiting, self.closed, self.planned = {}, [], False, 0

    def group(self, name):
        """What is kept of a group."""
        if name not in self.groups:
            self.groups[name] = Group()
        return self.groups[name]

    def active(self):
        """How many runs go on."""
        return sum(1 for group in self.groups.values() if group.kind)

    def message(self, name):
        """enqueueMessageCheck."""
        group = self.group(name)
        if self.closed:
            return
        held = self.repaired and group.timers
        if held or group.kind or self.active() >= self.slots:
            group.pending = True
            if not held and not group.kind and name not in self.waiting:
                self.waiting.append(name)
            return
        self.run(name)

    def task(self, name, task):
        """enqueueTask: "queued", "duplicate" or "full"."""
        group = self.group(name)
        if self.closed:
            return "full"
        if task in group.tasks or (self.repaired and group.kind == "task" and group.task == task):
            return "duplicate"
        group.tasks.append(task)
        if not group.kind and self.active() >= self.slots:
            if name not in self.waiting:
                self.waiting.append(name)
        elif not group.kind:
            self.run(name)
        return "queued"

    def run(self, name):
        """Start the group's next run: tasks go before messages."""
        group = self.group(name)
        if group.tasks:
            group.kind, group.task = "task", group.tasks.pop(0)
        else:
            group.kind, group.task, group.pending = "messages", None, False
        self.start(name, group.kind, group.task)

    def finished(self, name, ok):
        """A run has ended: "retry" or "done"."""
        group = self.group(name)
        outcome = "done"
        if group.kind == "messages":
            group.retries = 0 if ok else group.retries + 1
            if group.retries > 5:
                group.retries = 0
            elif group.retries:
                self.planned += 1
                group.timers.append((self.now_ms() + 5000 * 2 ** (group.retries - 1), self.planned))
                outcome = "retry"
        group.kind = None
        self.drain(name)
        return outcome

    def runnable(self, group):
        """Whether a group has something to run."""
        return group.tasks or (group.pending and not (self.repaired and group.timers))

    def drain(self, name):
        """The finished group's own work first, then waiting groups, first come first served."""
        if self.closed:
            return
        if self.runnable(self.group(name)):
            self.run(name)
            return
        while self.waiting and self.active() < self.slots:
            following = self.waiting.pop(0)
            if self.runnable(self.group(following)):
                self.run(following)

    def retry_due(self, now):
        """One backoff timer fires: the earliest, of equal ones that which was planned first."""
        due = [(timer, name) for name in self.groups for timer in self.groups[name].timers if timer[0] <= now]
        if due:
            timer, name = min(due)
            self.groups[name].timers.remove(timer)
            self.message(name)

    def can_pipe(self, name):
        """Whether a message goes into the running container."""
        return self.group(name).kind == "messages" or (not self.repaired and self.group(name).kind is not None)

    def close(self):
        """shutdown."""
        self.closed = True

    def snapshot(self):
        """The part of Dispatch's snapshot that the player reads."""
        groups = {}
        for name, group in self.groups.items():
            retry = group.timers[-1][0] if group.timers else None
            groups[name] = {"tasks": group.tasks, "messages": group.pending, "retry_ms": retry}
        return {"groups": groups}


class RepairedQueue(NanoClawQueue):
    """The same with Barnacle's three repairs."""

    repaired = True
