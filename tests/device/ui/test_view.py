"""When the screen follows the host, by a clock that is moved by hand."""

import asyncio

from device.host import limits
from device.host.clock import ManualClock
from device.ui.view import View


class Rig:
    """A host whose glance is counted, and a screen that keeps what it was shown."""

    def __init__(self, online=True):
        self.online = online
        self.taken = 0
        self.shown = []
        self.clock = ManualClock()
        self.view = View(self.take, self.shown.append, self.clock)

    def take(self):
        self.taken += 1
        return {"online": self.online, "n": self.taken}

    async def __aenter__(self):
        self.view.refresh()
        self.taken = 0
        self.task = asyncio.create_task(self.view.run())
        await self.clock.settle()
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass

    def connections(self):
        return [glance["online"] for glance in self.shown]


async def test_a_change_is_shown_once_nothing_changes_any_more():
    async with Rig() as rig:
        rig.view.changed()
        await rig.clock.advance(limits.VIEW_QUIET_MS - 1)
        assert rig.taken == 0
        await rig.clock.advance(1)
        assert rig.taken == 1
        await rig.clock.advance(60 * 1000)
        assert rig.taken == 1


async def test_changes_close_together_are_shown_together():
    async with Rig() as rig:
        for _ in range(10):
            rig.view.changed()
            await rig.clock.advance(limits.VIEW_QUIET_MS // 10)
        assert rig.taken == 0
        await rig.clock.advance(2 * limits.VIEW_QUIET_MS)
        assert rig.taken == 1


async def test_a_host_that_never_rests_is_shown_now_and_then():
    async with Rig() as rig:
        for _ in range(500):
            rig.view.changed()
            await rig.clock.advance(10)
        period_ms = limits.VIEW_LATEST_MS + limits.VIEW_REST_MS
        assert 5000 // period_ms - 1 <= rig.taken <= 5000 // period_ms + 1


async def test_two_pictures_are_a_rest_apart():
    async with Rig() as rig:
        rig.view.changed()
        await rig.clock.advance(limits.VIEW_QUIET_MS)
        rig.view.changed()
        await rig.clock.advance(limits.VIEW_REST_MS)
        assert rig.taken == 1
        await rig.clock.advance(limits.VIEW_QUIET_MS)
        assert rig.taken == 2


async def test_a_box_that_starts_is_linking_before_it_is_offline():
    async with Rig(online=False) as rig:
        await rig.clock.advance(limits.LINKING_MS - 1)
        assert rig.connections() == [None]
        await rig.clock.advance(1 + limits.VIEW_QUIET_MS)
        assert rig.connections() == [None, False]
        await rig.clock.advance(10 * limits.LINKING_MS)
        assert rig.connections() == [None, False]


async def test_a_lost_host_is_linking_again_and_then_back():
    async with Rig() as rig:
        await rig.clock.advance(5 * limits.LINKING_MS)
        rig.online = False
        rig.view.changed()
        await rig.clock.advance(limits.VIEW_QUIET_MS)
        rig.online = True
        rig.view.changed()
        await rig.clock.advance(limits.VIEW_QUIET_MS + limits.VIEW_REST_MS)
        assert rig.connections() == [True, None, True]
        await rig.clock.advance(5 * limits.LINKING_MS)
        assert rig.connections() == [True, None, True]
