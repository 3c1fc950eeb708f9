"""The screen from afar: screen shots, taps and swipes, as the host's commands ask for them."""

import hashlib

from device.host import limits, portable
from device.host.errors import Refused
from device.ui import capture
from device.ui.geometry import SIZE

_STEP_MS = 20
_TAP_MS = 80
_SWIPE_MS = 240


class ScreenPort:
    """Carries out `screen.*`: `await perform(name, args)` returns the result or raises Refused.

    `await publish(data)` sends one tile and returns False when nobody can be reached; authorization comes before.
    """

    def __init__(self, board, ui, publish, clock):
        self._board = board
        self._ui = ui
        self._publish = publish
        self._clock = clock
        self._shot = 0
        self._doing = {
            "screen.shot": self._take_shot,
            "screen.tap": self._tap,
            "screen.swipe": self._swipe,
        }

    async def perform(self, name, args):
        """Carry out one command; one at a time, the caller sees to that."""
        doing = self._doing.get(name)
        if doing is None:
            raise Refused("unsupported", "the screen cannot do %s" % name)
        return await doing(args)

    async def _take_shot(self, args):
        """The result names the picture that goes out as tiles: {"shot", "tiles", "sha256", "w", "h"}."""
        self._shot = (self._shot + 1) & 0xFFFF or 1
        shot = (int.from_bytes(portable.random_bytes(2), "big") << 16) | self._shot
        digest = hashlib.sha256()
        self._ui.stand_still()
        try:
            for tile in capture.tiles(self._board.frame(), shot):
                digest.update(memoryview(tile)[capture.HEADER_BYTES :])
                if not await self._publish(tile):
                    raise Refused("busy", "the box lost its connection during the screen shot", "ask again")
        finally:
            in_time = self._ui.go_on()
        if not in_time:
            raise Refused("busy", "the connection was too slow for the screen shot", "ask again")
        sha256 = portable.hexlify(digest.digest())
        return {"shot": shot, "tiles": capture.tile_count(), "sha256": sha256, "w": SIZE, "h": SIZE}

    async def _tap(self, args):
        x, y = _pixel(args, "x"), _pixel(args, "y")
        await self._drag(x, y, x, y, _time(args, "hold_ms", _TAP_MS))
        return {}

    async def _swipe(self, args):
        x, y, to_x, to_y = [_pixel(args, name) for name in ("x", "y", "to_x", "to_y")]
        await self._drag(x, y, to_x, to_y, _time(args, "ms", _SWIPE_MS))
        return {}

    async def _drag(self, x, y, to_x, to_y, ms):
        """A finger from one point to the other; it leaves the glass even when the command is cancelled."""
        steps = max(1, ms // _STEP_MS)
        try:
            self._ui.touch(x, y, True)
            for step in range(1, steps + 1):
                await self._clock.sleep_ms(ms // steps)
                if (x, y) != (to_x, to_y):
                    self._ui.touch(x + (to_x - x) * step // steps, y + (to_y - y) * step // steps, True)
        finally:
            self._ui.lift(to_x, to_y)


def _pixel(args, name):
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < SIZE:
        raise Refused("bad_value", "%s must be a pixel from 0 to %d" % (name, SIZE - 1))
    return value


def _time(args, name, default_ms):
    value = args.get(name, default_ms)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= limits.TOUCH_MS:
        raise Refused("bad_value", "%s must be 1 to %d milliseconds" % (name, limits.TOUCH_MS))
    return value
