"""A host that polls, as the one that a timeline was recorded from did."""

from device.host.host import Host
from device.host.scheduler import Scheduler


class LookingHost(Host):
    """A host that looks at its tasks every `schedule_ms`, and at its messages when told to."""

    def __init__(self, parts, schedule_ms):
        self._schedule_ms = schedule_ms
        self._unnoticed = []
        super().__init__(*parts)

    def make_scheduler(self):
        """One that looks at intervals."""
        return _LookingScheduler(self._store, self._clock, self._current_zone, self._schedule_ms)

    def arrived(self, folder):
        """Remember it until the next look."""
        if folder not in self._unnoticed:
            self._unnoticed.append(folder)

    def notice(self):
        """Look: hand over what has arrived."""
        folders, self._unnoticed = self._unnoticed, []
        for folder in folders:
            super().arrived(folder)


class _LookingScheduler(Scheduler):
    def __init__(self, store, clock, zone, interval_ms):
        super().__init__(store, clock, zone)
        self._interval_ms = interval_ms

    async def run(self):
        while True:
            await self.fire_due()
            await self._clock.sleep_ms(self._interval_ms)
