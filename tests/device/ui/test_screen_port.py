"""Screen shots, taps and swipes from afar."""

# pyright: reportOptionalMemberAccess=false
import asyncio
import hashlib

from device.host import limits
from device.host.clock import ManualClock
from device.host.errors import Refused
from device.screen_port import ScreenPort
from device.ui import capture
from tests.device.portable_test import raises


class Glass:
    def __init__(self):
        self.pixels = bytearray(capture.FRAME_BYTES)
        self.pixels[1000] = 77

    def frame(self):
        return memoryview(self.pixels)


class Ui:
    def __init__(self):
        self.samples = []
        self.still = 0
        self.in_time = True

    def touch(self, x, y, pressed):
        self.samples.append((x, y, pressed))
        return True

    def lift(self, x, y):
        self.samples.append((x, y, False))

    def stand_still(self):
        self.still += 1

    def go_on(self):
        self.still -= 1
        return self.in_time


class World:
    def __init__(self, connected=True):
        self.glass, self.ui, self.clock, self.sent = Glass(), Ui(), ManualClock(0), []
        self._connected = connected
        self.remote = ScreenPort(self.glass, self.ui, self.publish, self.clock)

    async def publish(self, data):
        assert self.ui.still == 1
        self.sent.append(data)
        return self._connected

    async def perform(self, name, **args):
        """The result of a command, with time passing while it works."""
        task = asyncio.create_task(self.remote.perform(name, args))
        await self.clock.advance(limits.TOUCH_MS + 1000)
        return await task


async def test_a_shot_goes_out_as_tiles_and_its_result_names_them():
    world = World()
    result = await world.perform("screen.shot")
    assert result["tiles"] == len(world.sent) == capture.tile_count()
    pixels = b"".join([tile[capture.HEADER_BYTES :] for tile in world.sent])
    assert pixels == bytes(world.glass.pixels)
    assert bytes.fromhex(result["sha256"]) == hashlib.sha256(pixels).digest()
    assert world.sent[0][4:8] == result["shot"].to_bytes(4, "big")
    assert world.ui.still == 0


async def test_two_shots_have_numbers_of_their_own():
    world = World()
    first, second = await world.perform("screen.shot"), await world.perform("screen.shot")
    assert first["shot"] != second["shot"]


async def test_a_shot_without_a_connection_is_refused_and_the_screen_goes_on():
    world = World(connected=False)
    with raises(Refused):
        await world.perform("screen.shot")
    assert len(world.sent) == 1 and world.ui.still == 0


async def test_a_shot_that_took_too_long_is_refused():
    world = World()
    world.ui.in_time = False
    with raises(Refused) as caught:
        await world.perform("screen.shot")
    assert caught.error.code == "busy"


async def test_a_tap_is_a_finger_that_comes_and_goes():
    world = World()
    await world.perform("screen.tap", x=10, y=20, hold_ms=700)
    assert world.ui.samples == [(10, 20, True), (10, 20, False)]


async def test_a_swipe_moves_in_steps_and_ends_where_it_should():
    world = World()
    await world.perform("screen.swipe", x=300, y=180, to_x=60, to_y=190, ms=100)
    assert world.ui.samples[0] == (300, 180, True)
    assert world.ui.samples[-2:] == [(60, 190, True), (60, 190, False)]
    assert len(world.ui.samples) == 7


async def test_a_cancelled_press_lifts_the_finger():
    world = World()
    task = asyncio.create_task(world.remote.perform("screen.tap", {"x": 1, "y": 2, "hold_ms": 2000}))
    await world.clock.advance(100)
    task.cancel()
    await world.clock.settle()
    assert world.ui.samples[-1] == (1, 2, False)


async def test_values_beyond_the_glass_and_the_bounds_are_refused():
    world = World()
    for name, args in (
        ("screen.tap", {"x": 360, "y": 0}),
        ("screen.tap", {"x": -1, "y": 0}),
        ("screen.tap", {"x": True, "y": 0}),
        ("screen.tap", {"x": 1}),
        ("screen.tap", {"x": 1, "y": 1, "hold_ms": limits.TOUCH_MS + 1}),
        ("screen.swipe", {"x": 1, "y": 1, "to_x": 5, "to_y": "9"}),
        ("screen.swipe", {"x": 1, "y": 1, "to_x": 5, "to_y": 9, "ms": 0}),
    ):
        with raises(Refused) as caught:
            await world.remote.perform(name, args)
        assert caught.error.code == "bad_value"
    assert world.ui.samples == []


async def test_anything_else_is_unsupported():
    world = World()
    with raises(Refused) as caught:
        await world.perform("screen.paint")
    assert caught.error.code == "unsupported"
