"""Keeps the box's own tasks going: one that fails is restarted, counted and reported, never hidden."""

import asyncio

from device.host import limits, portable


class Supervisor:
    """`report(name, error)` is told of each failure; `restarts` counts them."""

    def __init__(self, clock, report):
        self._clock = clock
        self._report = report
        self._tasks = []
        self.restarts = 0

    def start(self, name, work):
        """Run `work()` (a coroutine function that should never return) until `stop`, restarting it when it fails."""
        self._tasks.append(portable.spawn(self._keep(name, work), name))

    def stop(self):
        """Cancel everything that was started."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _keep(self, name, work):
        wait_ms = limits.RESTART_MS
        while True:
            started_ms = self._clock.ticks_ms()
            try:
                await work()
                error = "it returned"
            except asyncio.CancelledError:
                raise
            except Exception as failure:  # whatever it was, the box goes on and says so
                error = "%s: %s" % (type(failure).__name__, failure)
            self.restarts += 1
            self._tell(name, error)
            if self._clock.ticks_ms() - started_ms > limits.RESTART_MAX_MS:
                wait_ms = limits.RESTART_MS
            await self._clock.sleep_ms(wait_ms)
            wait_ms = min(2 * wait_ms, limits.RESTART_MAX_MS)

    def _tell(self, name, error):
        try:
            self._report(name, error)
        except Exception as failure:  # a report that fails (no memory, no storage) must not end what it reports about
            print("barnacle: %s failed (%s), and so did its report: %s" % (name, error, failure))
