"""When the screen follows the host: once the host has a quiet moment, now and then while it has none.

A glance costs the host's loop some milliseconds, a person reads no faster than a few times a second: so a change waits
for VIEW_QUIET_MS without another one, at most VIEW_LATEST_MS, and two glances are at least VIEW_REST_MS apart.
"""

import asyncio

from device.host import limits


class View:
    """`refresh()` first; then `changed()` says that the glance may look different, and `run()` in a task shows it.

    take()   the host's glance; its "online" is True or False
    show     takes the glance; "online" is then None ("linking") for LINKING_MS after the start or the loss of the host
    """

    def __init__(self, take, show, clock):
        self._take = take
        self._show = show
        self._clock = clock
        self._changed = asyncio.Event()
        self._lost_at = clock.ticks_ms()
        self._linking = False

    def changed(self):
        """The glance may look different. Costs nothing."""
        self._changed.set()

    def refresh(self):
        """Show the newest glance now."""
        glance = self._take()
        now_ms = self._clock.ticks_ms()
        if glance["online"]:
            self._lost_at = None
        elif self._lost_at is None:
            self._lost_at = now_ms
        self._linking = self._lost_at is not None and now_ms - self._lost_at < limits.LINKING_MS
        if self._linking:
            glance["online"] = None
        self._show(glance)

    async def run(self):
        """Follow the host until cancelled."""
        while True:
            await self._clock.wait(self._changed, self._until_offline())
            await self._quiet()
            self.refresh()
            await self._clock.sleep_ms(limits.VIEW_REST_MS)

    async def _quiet(self):
        """Return after a while without changes, or when it has taken too long."""
        waited_ms = 0
        while waited_ms < limits.VIEW_LATEST_MS:
            self._changed.clear()
            await self._clock.sleep_ms(limits.VIEW_QUIET_MS)
            waited_ms += limits.VIEW_QUIET_MS
            if not self._changed.is_set():
                return
        self._changed.clear()

    def _until_offline(self):
        """How long "linking" may stay on the glass; None when it is not there."""
        if not self._linking or self._lost_at is None:
            return None
        return max(0, self._lost_at + limits.LINKING_MS - self._clock.ticks_ms())
