"""Time, passed in to whoever needs it: a real clock, and one that tests and replays move by hand."""

import asyncio
import heapq

from device.host import portable


class SystemClock:
    """The platform's clock, corrected by an offset once somebody authenticated has told the time."""

    def __init__(self):
        self._offset_ms = 0
        self._raw = portable.raw_ticks_ms()
        self._ticks_ms = 0

    def now_ms(self):
        """UTC wall time in milliseconds since 1970."""
        return portable.utc_ms() + self._offset_ms

    def ticks_ms(self):
        """Monotonic milliseconds since this clock was made; never wraps (asked at least once a day)."""
        raw = portable.raw_ticks_ms()
        self._ticks_ms += portable.ticks_diff(raw, self._raw)
        self._raw = raw
        return self._ticks_ms

    def set_utc_ms(self, utc_ms):
        """Correct the wall time; returns the step in milliseconds (positive: forwards)."""
        step_ms = utc_ms - self.now_ms()
        self._offset_ms += step_ms
        return step_ms

    async def sleep_ms(self, ms):
        """Sleep for `ms` milliseconds."""
        await portable.sleep_ms(ms)

    async def wait(self, event, timeout_ms):
        """Wait for an `asyncio.Event`: True when it was set, False after `timeout_ms` (None: no limit)."""
        return await portable.wait_event(event, timeout_ms)


class ManualClock:
    """A clock that stands still until `advance` moves it; sleepers wake in order of time, then of arrival."""

    SETTLE_TURNS = 30

    def __init__(self, start_ms=0):
        self._now_ms = start_ms
        self._ticks_ms = 0
        self._sleepers = []
        self._sequence = 0

    def now_ms(self):
        """UTC wall time in milliseconds since 1970."""
        return self._now_ms

    def ticks_ms(self):
        """Monotonic milliseconds since the clock was made."""
        return self._ticks_ms

    def set_utc_ms(self, utc_ms):
        """Step the wall time without letting time pass; returns the step in milliseconds."""
        step_ms = utc_ms - self._now_ms
        self._now_ms = utc_ms
        return step_ms

    async def sleep_ms(self, ms):
        """Sleep until `advance` has moved the clock by `ms` milliseconds."""
        if ms <= 0:
            await asyncio.sleep(0)
            return
        await self._alarm(ms).wait()

    async def wait(self, event, timeout_ms):
        """Wait for an `asyncio.Event`: True when it was set, False after `timeout_ms` of its time (None: for ever)."""
        if timeout_ms is None:
            await event.wait()
            return True
        alarm = self._alarm(max(0, timeout_ms))
        while not event.is_set() and not alarm.is_set():
            either = asyncio.Event()
            watchers = [asyncio.create_task(_relay(event, either)), asyncio.create_task(_relay(alarm, either))]
            try:
                await either.wait()
            finally:
                for watcher in watchers:
                    watcher.cancel()
        return event.is_set()

    async def advance(self, ms):
        """Move the clock by `ms` milliseconds, waking each sleeper at its time and letting all tasks run in between."""
        await self.settle()
        end_ms = self._ticks_ms + ms
        while self._sleepers and self._sleepers[0][0] <= end_ms:
            due_ms, _, alarm = heapq.heappop(self._sleepers)
            self._move_to(due_ms)
            alarm.set()
            await self.settle()
        self._move_to(end_ms)
        await self.settle()

    async def settle(self):
        """Let every task that can run do so."""
        for _ in range(self.SETTLE_TURNS):
            await asyncio.sleep(0)

    def _alarm(self, ms):
        alarm = asyncio.Event()
        self._sequence += 1
        heapq.heappush(self._sleepers, (self._ticks_ms + ms, self._sequence, alarm))
        return alarm

    def _move_to(self, ticks_ms):
        if ticks_ms > self._ticks_ms:
            self._now_ms += ticks_ms - self._ticks_ms
            self._ticks_ms = ticks_ms


async def _relay(event, either):
    await event.wait()
    either.set()
