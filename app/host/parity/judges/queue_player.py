"""Plays a case of queue.json through Dispatch on a fake clock, and notes when one of Barnacle's repairs acted. Runs on
both interpreters, so it keeps device/'s rules.

Timers fire by time, then in order of creation; scripted operations were created first (the recording's tie rule).
Piping into a container (registerProcess, sendMessage, closeStdin) is NanoClaw's own; it is modelled here over
`Dispatch.can_pipe`, as a runner would do it.
"""

# pyright: standard

import heapq

from device.host.dispatch import DUPLICATE, RETRY, Dispatch

DEFAULT_RUN = {"ms": 1000, "ok": True}


class Player:
    """One case through `make_queue(slots, start, now_ms)`: `play()`, then `trace`, `ipc_files()`, `max_active`,
    and `repairs` [(t, name of the quirk)]."""

    def __init__(self, case, make_queue: type = Dispatch):
        self.case = case
        self.trace = []
        self.max_active = 0
        self.repairs = []
        self._now = 0
        self._timers = []
        self._active = {}  # group -> the "start" entry of its trace
        self._runs = {}  # group -> how many message runs began
        self._accepted = {}  # (group, task) -> index of the operation that queued it
        self._registered = {}
        self._written = {}
        self._created = 0
        self._slots = case["max_concurrent"]
        self._queue = make_queue(self._slots, self._start, lambda: self._now)

    def play(self):
        """Run the case to its end."""
        for index, op in enumerate(self.case["ops"]):
            self._at(op["t"], self._operate, (index, op))
        while self._timers and self._timers[0][0] <= self.case["end_ms"]:
            self._now, _, action, argument = heapq.heappop(self._timers)
            action(argument)

    def ipc_files(self):
        """What was written for containers, as the recording lists it: messages by time, the close marker last."""
        return {folder: sorted(files, key=lambda file: file["t"] is None) for folder, files in self._written.items()}

    def _at(self, t, action, argument):
        self._created += 1
        heapq.heappush(self._timers, (t, self._created, action, argument))

    def _operate(self, argument):
        index, op = argument
        group = op.get("group")
        if op["op"] == "enqueueMessageCheck":
            self._message(group)
        elif op["op"] == "enqueueTask":
            self._task(index, group, op["task"])
        elif op["op"] == "registerProcess":
            self._registered[group] = op["folder"]
        elif op["op"] == "sendMessage":
            self._send(group, op["text"])
        elif op["op"] == "closeStdin":
            self._close(group)
        else:
            self._queue.close()
            self.trace.append({"t": self._now, "ev": "shutdown"})

    def _message(self, group):
        if self._state(group).get("retry_ms") is not None:
            self._repaired("drain_ignores_backoff")
        self._queue.message(group)

    def _task(self, index, group, task):
        waits = task in self._state(group).get("tasks", ())
        before = self._accepted.get((group, task))
        self._accepted[(group, task)] = index  # the run may start within the call
        if self._queue.task(group, task) != DUPLICATE:
            return
        self._accepted[(group, task)] = before
        if not waits:
            self._repaired("running_task_not_deduped")

    def _send(self, group, text):
        folder = self._registered.get(group)
        piped = folder is not None and self._queue.can_pipe(group)
        if folder is not None and not piped and group in self._active:
            self._repaired("piped_into_task")
        if piped:
            content = '{"type":"message","text":"' + text + '"}'
            self._write(folder, {"kind": "message", "t": self._now, "content": content})
        self.trace.append({"t": self._now, "ev": "sendMessage", "group": group, "result": piped})

    def _close(self, group):
        folder = self._registered.get(group)
        marker = {"kind": "_close", "t": None, "content": ""}
        if group in self._active and folder is not None and marker not in self._written.get(self._input(folder), ()):
            self._write(folder, marker)
        self.trace.append({"t": self._now, "ev": "closeStdin", "group": group})

    def _write(self, folder, file):
        self._written.setdefault(self._input(folder), []).append(file)

    def _input(self, folder):
        return "data/ipc/" + folder + "/input"

    def _start(self, group, kind, task):
        if group in self._active or len(self._active) >= self._slots:
            raise ValueError("two runs of a group, or more runs than slots")
        entry = {"t": self._now, "ev": "start", "kind": kind, "group": group}
        self._active[group] = entry
        self.max_active = max(self.max_active, len(self._active))
        if kind == "messages":
            self._start_messages(entry)
            return
        entry["task"] = task
        entry["op"] = self._accepted.pop((group, task))
        self.trace.append(entry)
        self._plan_finish(entry, self.case["ops"][entry["op"]].get("run", DEFAULT_RUN))

    def _start_messages(self, entry):
        group = entry["group"]
        if self.case.get("no_process_fn"):
            self._at(self._now, self._finish, (entry, {"ok": True}))
            return
        entry["run"] = self._runs.get(group, 0)
        self._runs[group] = entry["run"] + 1
        self.trace.append(entry)
        planned = self.case.get("runs", {}).get(group, [])
        default = self.case.get("default_run", DEFAULT_RUN)
        self._plan_finish(entry, planned[entry["run"]] if entry["run"] < len(planned) else default)

    def _plan_finish(self, entry, run):
        if "register" in run:
            self._registered[entry["group"]] = run["register"]
        if run.get("ms", 1000) is not None:
            self._at(self._now + run.get("ms", 1000), self._finish, (entry, run))

    def _finish(self, argument):
        entry, run = argument
        group = entry["group"]
        ok = run.get("ok", True) and not run.get("throws")
        if not self.case.get("no_process_fn") or entry["kind"] == "task":
            end = dict(entry, t=self._now, ev="finish", result="throw" if run.get("throws") else ok)
            self.trace.append(end)
        del self._active[group]
        self._registered.pop(group, None)
        self._follow_up(group, self._queue.finished(group, ok))

    def _follow_up(self, group, outcome):
        if outcome != RETRY:
            return
        state = self._state(group)
        if state["messages"]:
            self._repaired("drain_ignores_backoff")
        self._at(state["retry_ms"], lambda _: self._queue.retry_due(self._now), None)

    def _state(self, group):
        return self._queue.snapshot()["groups"].get(group, {})

    def _repaired(self, name):
        self.repairs.append((self._now, name))
