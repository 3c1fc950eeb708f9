"""When tasks fire. It sleeps until the next due time or until something changed; nothing is polled.

A due time is claimed before anything runs: the queued run and the task's next due time are one commit, so a due time
fires once whatever happens afterwards. A task's due time waits while a run of it goes on, while its group is paused and
while the spool is full; if it is then late (by more than LATE_MS), `missed` decides: "once" runs it, "skip" reports
it as missed. Setting the clock only moves the moment of the next look: what was claimed has a new due time already.
"""

import asyncio

from device.host import audit, limits, run_records, schedule


class Scheduler:
    """`zone()` gives the zone of the settings. A claimed run reaches dispatch through the store's observer."""

    def __init__(self, store, clock, zone):
        self._store = store
        self._clock = clock
        self._zone = zone
        self._changed = asyncio.Event()
        self._rescheduling = False  # cron tasks may still be due as another zone had it

    def changed(self):
        """Tasks, groups, runs, the clock or the zone changed: look again."""
        self._changed.set()

    async def run(self):
        """Fire what is due, for ever."""
        while True:
            self._changed.clear()
            await self.fire_due()
            await self._clock.wait(self._changed, self.wait_ms())

    async def fire_due(self):
        """Claim and queue everything that is due now, earliest first."""
        while self._rescheduling:
            await self._room()
            self.reschedule()
        for task in self._due():
            await self._room()
            current = self._store.state.tasks.get(task["id"])
            if current is not None and self._is_due(current, self._busy(), self._clock.now_ms()):
                self._fire(current)
        await self._store.committed()

    def next_ms(self):
        """The next due time among tasks that may fire, or None."""
        busy = self._busy()
        best = None
        for task in self._store.state.tasks.values():
            next_ms = task["next_ms"]
            if next_ms is not None and (best is None or next_ms < best) and self._may_fire(task, busy):
                best = next_ms
        return best

    def wait_ms(self):
        """How long nothing will be due; None when there is no task that may fire."""
        next_ms = self.next_ms()
        if next_ms is None:
            return None
        return min(max(0, next_ms - self._clock.now_ms()), limits.SLEEP_MAX_MS)

    def reschedule(self):
        """Compute the next due time of every cron task anew, because the zone changed. Overdue ones stay due.

        Those that the spool has no room for follow with the next `fire_due`."""
        self._rescheduling = True
        now_ms = self._clock.now_ms()
        for task in list(self._store.state.tasks.values()):
            if task["kind"] != "cron" or task["next_ms"] is None or task["next_ms"] <= now_ms:
                continue
            next_ms = schedule.first("cron", task["value"], now_ms, self._zone())
            if next_ms == task["next_ms"]:
                continue
            if not self._has_room():
                return
            self._store.put("task.set", dict(task, next_ms=next_ms))
        self._rescheduling = False

    async def _room(self):
        while not self._has_room():
            await self._store.wait_for_room()

    def _has_room(self):
        return self._store.has_room(limits.RUN_RESERVE_RECORDS, limits.RUN_RESERVE_BYTES)

    def _due(self):
        busy = self._busy()
        now_ms = self._clock.now_ms()
        due = [t for t in self._store.state.tasks.values() if self._is_due(t, busy, now_ms)]
        due.sort(key=_order)
        return due

    def _busy(self):
        """The tasks that have a run waiting or going on."""
        return {run["task"] for run in self._store.state.runs if run_records.is_active(run)}

    def _is_due(self, task, busy, now_ms):
        next_ms = task["next_ms"]
        return next_ms is not None and next_ms <= now_ms and self._may_fire(task, busy)

    def _may_fire(self, task, busy):
        group = self._store.state.groups.get(task["folder"])
        return task["status"] == "active" and group is not None and not group["paused"] and task["id"] not in busy

    def _fire(self, task):
        now_ms, due_ms = self._clock.now_ms(), task["next_ms"]
        after = schedule.after_run(task["kind"], task["value"], due_ms, now_ms, self._zone())
        claimed = dict(task, next_ms=after)
        if task["missed"] == "skip" and now_ms - due_ms > limits.LATE_MS:
            self._report_missed(claimed, due_ms, "it was due while it could not run")
            return
        self._store.put("task.set", claimed)
        self._store.put("run.queued", run_records.queued_task(task, now_ms, due_ms))

    def _report_missed(self, task, due_ms, why):
        if task["next_ms"] is None:
            task = dict(task, status="completed", last_result="Missed: " + why)
        self._store.put("task.set", task)
        audit.note(self._store, self._clock, "task.missed", task["folder"], why, "%s due %d" % (task["id"], due_ms))


def _order(task):
    return task["next_ms"], task["created_ms"], task["id"]
