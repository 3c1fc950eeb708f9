"""Overrides in time: each is in force until the earlier of two ends, by the wall clock and by the clock that only runs.

The running clock stops with the box, so the time that is left is written down every OVERRIDE_PACE_MS and whenever the
wall clock is set. After a reboot an override has what was written down, less the time that has passed since by the
wall clock and at least one pace: a clock that was set back, however often, buys nothing. The first time that the host
tells after a reboot is the end of the outage: a step forward counts as time passed. Nothing adds time.
"""

import asyncio

from device.host import audit, limits, override_commands


class Overrides:
    """`boot()` once with the recovered store, then `run()` for ever; `live()` are those in force at this moment.

    `put(kind, body)` puts a record for certain, if need be without room in the spool."""

    def __init__(self, store, clock, put):
        self._store = store
        self._clock = clock
        self._put = put
        self._until = {}  # id -> ticks of its end
        self._changed = asyncio.Event()
        self._told_time = False

    def boot(self):
        """Take up those that the last boot left, with the time that each has left; what is over ends here."""
        last_ms, now_ms = self._store.last_ms, self._clock.now_ms()
        for override in self._stored():
            passed_ms = max(limits.OVERRIDE_PACE_MS, max(now_ms, last_ms) - override["noted_ms"])
            left_ms = min(override["left_ms"] - passed_ms, override["end_ms"] - max(now_ms, last_ms))
            self._until[override["id"]] = self._clock.ticks_ms() + left_ms
        self._note_left()
        self.end_due()

    def live(self):
        """The bodies of those in force now, whether or not the end of others has been recorded yet."""
        return [override for override in self._stored() if self.left_ms(override) > 0]

    def left_ms(self, override):
        """How long it has left: the earlier of both ends, 0 or less when it is over."""
        by_ticks = self._until.get(override["id"], 0) - self._clock.ticks_ms()
        return min(by_ticks, override["end_ms"] - self._clock.now_ms())

    def added(self, override):
        """An override was recorded: a new one starts its time here."""
        if override["id"] in self._until:
            return
        self._until[override["id"]] = self._clock.ticks_ms() + override["left_ms"]
        detail = "%s for %d min" % (_scope(override), override["left_ms"] // 60000)
        self._note("override.start", override, override["reason"], detail)
        self._changed.set()

    def ended(self, body):
        """The end of an override was recorded."""
        if self._until.pop(body["id"], None) is not None:
            detail = "%s: %s" % (body["id"], body["why"])
            self._put("audit", audit.entry(self._clock.now_ms(), "override.end", "box", None, "info", "", "", detail))
        self._changed.set()

    def clock_set(self, step_ms):
        """The wall clock was set by so much: after a real step what is left is written down beside the new time."""
        if not self._told_time:
            self._told_time = True
            for id_ in self._until:
                self._until[id_] -= max(0, step_ms)
        if abs(step_ms) > limits.CLOCK_STEP_MS:
            self._note_left()
        self._changed.set()

    def group_removed(self, folder):
        """End what was for this group alone: a later one of that name is another."""
        for override in self._stored():
            if override["group"] == folder:
                self._put("override.end", override_commands.ended(override["id"], "its group was removed"))

    def end_due(self):
        """Record the end of those that are over."""
        for override in self._stored():
            if self.left_ms(override) <= 0:
                self._put("override.end", override_commands.ended(override["id"], "its time is over"))

    async def run(self):
        """End each in time, and write down what is left now and then."""
        while True:
            self._changed.clear()
            waits = [self.left_ms(override) for override in self._stored()]
            wait_ms = min(waits + [limits.OVERRIDE_PACE_MS]) if waits else None
            if not await self._clock.wait(self._changed, wait_ms):
                self.end_due()
                self._note_left()

    def _stored(self):
        return list(self._store.state.overrides.values())

    def _note_left(self):
        """On the box alone: the laptop has the end."""
        ticks_ms = self._clock.ticks_ms()
        left = {id_: max(0, self._until[id_] - ticks_ms) for id_ in self._until}
        if left:
            self._store.put("override.left", {"left_ms": left, "noted_ms": self._clock.now_ms()}, up=False)

    def _note(self, what, override, reason, detail):
        entry = audit.entry(
            self._clock.now_ms(), what, override["by"], override["group"], "allow", "override", reason, detail
        )
        self._put("audit", entry)


def _scope(override):
    """ "api.example:443 GET for family" in few words."""
    port = ":%d" % override["port"] if override["port"] else ""
    methods = " " + ",".join(override["methods"]) if override["methods"] else ""
    return "%s: %s%s%s" % (override["id"], override["host"], port, methods)
