"""The simulator's board for the screen's tests: a clock that tests move, and a record of what LVGL redraws."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.boards.simulator import Board
from device.host.clock import ManualClock
from device.ui.loop import Ui


class Glass(Board):
    """One per process: LVGL has one list of displays. `areas` are the invalidated boxes, 100 at most."""

    def __init__(self):
        super().__init__("/nonexistent")
        self._manual = ManualClock(0)
        self._ready = False
        self.drawn = 0
        self.areas = []

    def clock(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._manual

    def display(self):
        display = super().display()
        if not self._ready:
            self._ready = True
            lv.tick_set_cb(self._manual.ticks_ms)
            display.add_event_cb(self._invalidated, lv.EVENT.INVALIDATE_AREA, None)
            display.add_event_cb(self._rendered, lv.EVENT.RENDER_READY, None)
        return display

    def _rendered(self, event):
        self.drawn += 1

    def _invalidated(self, event):
        if len(self.areas) < 100:
            area = event.get_invalidated_area()
            self.areas.append((area.x1, area.y1, area.x2, area.y2))


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
