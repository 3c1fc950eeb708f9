"""A board for the screen's tests: LVGL with a frame buffer, injected touches, and a clock that tests move."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.host.clock import ManualClock
from device.ui.geometry import SIZE
from device.ui.loop import Ui


def _unheard():
    """Touches before a loop listens."""


class Glass:
    """What the loop needs of a board; one per process, because LVGL has one display list."""

    def __init__(self):
        self.frame = bytearray(SIZE * SIZE * 2)
        self.pointer = None
        self.on_touch = _unheard
        self.flushes = 0
        self.areas = []
        self._clock = ManualClock(0)
        self._samples = []
        self._last = (0, 0, False)

    def clock(self):
        return self._clock

    def display(self):
        if self.pointer is not None:
            return
        lv.init()
        display = lv.display_create(SIZE, SIZE)
        display.set_color_format(lv.COLOR_FORMAT.RGB565)
        display.set_buffers(self.frame, None, len(self.frame), lv.DISPLAY_RENDER_MODE.DIRECT)
        display.set_flush_cb(self._flush)
        display.add_event_cb(self._invalidated, lv.EVENT.INVALIDATE_AREA, None)
        self._display = display
        self.pointer = lv.indev_create()
        self.pointer.set_type(lv.INDEV_TYPE.POINTER)
        self.pointer.set_mode(lv.INDEV_MODE.EVENT)
        self.pointer.set_read_cb(self._read)

    def touch(self, x, y, pressed):
        self._samples.append((x, y, pressed))
        self.on_touch()

    def _flush(self, display, area, pixels):
        self.flushes += 1
        display.flush_ready()

    def _invalidated(self, event):
        if len(self.areas) >= 100:
            return
        area = event.get_invalidated_area()
        self.areas.append((area.x1, area.y1, area.x2, area.y2))

    def _read(self, pointer, data):
        if self._samples:
            self._last = self._samples.pop(0)
        data.point.x, data.point.y = self._last[0], self._last[1]
        data.state = lv.INDEV_STATE.PRESSED if self._last[2] else lv.INDEV_STATE.RELEASED


def _nothing(name, args):
    """An action that nobody wants to hear about."""


class Screen:
    """A running screen for tests: one LVGL, one `Ui`; `settle` draws until nothing is due soon."""

    def __init__(self):
        self.glass = Glass()
        self.actions = []
        self.errors = []
        self.on_action = _nothing
        self.ui = Ui(self.glass, self._act, lambda where, error: self.errors.append((where, error)))
        self.ui.start()

    @property
    def page(self):
        return self.ui.navigation.page

    def home(self, value):
        """Start over on a fresh home page that shows the glance `value`."""
        self.on_action = _nothing
        self.ui.show(value)
        self.ui.navigation.open("home")
        self.settle()
        self.actions.clear()
        self.errors.clear()
        self.glass.areas.clear()

    def step(self, ms):
        """Let `ms` milliseconds pass and take one turn; returns what `turn` says."""
        self.glass.clock()._move_to(self.glass.clock().ticks_ms() + ms)
        return self.ui.turn()

    def settle(self):
        for _ in range(3):
            self.step(40)

    def press(self, x, y, hold_ms=40):
        """Down, `hold_ms`, up."""
        self.swipe(x, y, x, y, hold_ms)

    def swipe(self, x, y, to_x, to_y, ms=120):
        """A finger that goes from one point to the other."""
        self.glass.touch(x, y, True)
        self.step(10)
        steps = max(1, ms // 30)
        for index in range(1, steps + 1):
            self.glass.touch(x + (to_x - x) * index // steps, y + (to_y - y) * index // steps, True)
            self.step(30)
        self.glass.touch(to_x, to_y, False)
        self.step(10)
        self.settle()

    def _act(self, name, args):
        self.actions.append((name, args))
        self.on_action(name, args)
