"""The only task that touches LVGL: it sleeps until something changes, a finger moves, or an animation is due.

What it needs of a board: `display()` makes LVGL with its display, its tick and a pointer in event mode, read when it
is touched (LVGL goes on reading by itself while a finger rests); `touch(x, y, pressed)` for injected fingers; and
`clock()`, the box's clock. LVGL's refresh timer pauses itself while nothing is invalid: an idle screen costs nothing.
"""

import asyncio

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.host import limits
from device.ui import when
from device.ui.guard import Guard
from device.ui.navigation import HOME, Navigation
from device.ui.state import Face

_NO_TIMER = 0xFFFFFFFF  # LVGL: nothing is due, ever
_SECOND_MS = 1000  # a countdown is on the glass
_LEAST_SLEEP_MS = 5  # the host's loop always gets a turn


class Ui:
    """The round screen. `show(glance)` from anywhere in the same event loop; `run()` in a task of its own.

    `actions(name, args)` hears what a person asked for (see `Navigation`); `on_error(where, error)` hears of
    exceptions that were caught: LVGL and the screen go on. `errors` counts them.
    """

    def __init__(self, board, actions, on_error=None, clock=None):
        self._board = board
        self._clock = clock or board.clock()
        self._guard = Guard(on_error)
        self._wake = asyncio.Event()
        self._glance = None
        self._fresh = True
        self._shown_ticks_ms = 0
        self._look_due_ms = None
        self._still_until_ms = None
        self._samples = []
        self._started = False
        self.turns = 0
        self.navigation = Navigation(self._guard, actions, self._wake.set)

    @property
    def errors(self):
        """How many exceptions were caught."""
        return self._guard.errors

    def fault(self, error):
        """An exception that a binding caught in a function that LVGL called: counted and reported like our own."""
        self._guard.report("lvgl", error)

    def show(self, glance):
        """Show `glance` soon. Cheap: only the newest of several is drawn. The dict must not be changed afterwards."""
        self._glance = glance
        self._shown_ticks_ms = self._clock.ticks_ms()
        self._fresh = True
        self._wake.set()

    def touch(self, x, y, pressed):
        """Move an injected finger with the next turn; False when too many samples wait already (it is dropped)."""
        if len(self._samples) >= limits.TOUCHES:
            return False
        self._samples.append((x, y, pressed))
        self._wake.set()
        return True

    def lift(self, x, y):
        """Take the injected finger off the glass; never dropped, it takes the place of the last waiting sample."""
        if not self.touch(x, y, False):
            self._samples[-1] = (x, y, False)

    def stand_still(self):
        """Draw what is due, then nothing until `go_on` or STILL_MS later: the frame may be read in peace."""
        self.start()
        self.turn()
        lv.refr_now(None)
        self._still_until_ms = self._clock.ticks_ms() + limits.STILL_MS

    def go_on(self):
        """Draw again; returns whether the screen has stood still until now."""
        stood = self._still_until_ms is not None
        self._still_until_ms = None
        self._wake.set()
        return stood

    async def run(self):
        """Draw until cancelled."""
        self.start()
        while True:
            self._wake.clear()
            wait_ms = self.turn()
            await self._clock.sleep_ms(0)
            await self._clock.wait(self._wake, wait_ms)

    def start(self):
        """Make the display and show the home page, once; `run` does it, tests may before they call `turn`."""
        if self._started:
            return
        self._started = True
        self._board.display()
        self._refresh()
        self.navigation.open(HOME)

    def turn(self):
        """Do what is due now; returns the milliseconds until something is due again, or None when nothing will be."""
        self.turns += 1
        if self._still_until_ms is not None:
            left_ms = self._still_until_ms - self._clock.ticks_ms()
            if left_ms > 0:
                return left_ms
            self._still_until_ms = None
        while self._samples:
            x, y, pressed = self._samples.pop(0)
            self.navigation.from_afar(self._board.touch, x, y, pressed)
        self.navigation.settle()
        if self._fresh or self._look_is_due():
            self._refresh()
        due_ms = lv.timer_handler()
        return self._until(due_ms)

    def _look_is_due(self):
        return self._look_due_ms is not None and self._clock.ticks_ms() >= self._look_due_ms

    def _refresh(self):
        """Bring the page up to date with the newest glance and the time that has passed since."""
        self._fresh = False
        ticks_ms = self._clock.ticks_ms()
        now_ms = self._glance.get("now_ms") if self._glance else None
        self._look_due_ms = None
        elapsed_ms = ticks_ms - self._shown_ticks_ms
        if when.is_known(now_ms):
            now_ms += elapsed_ms
            self._look_due_ms = ticks_ms + when.until_next_minute(now_ms)
        face = Face(self._glance, now_ms, elapsed_ms)
        if face.ask is not None and face.ask.left_s > 0:
            self._look_due_ms = ticks_ms + _SECOND_MS
        self.navigation.update(face)

    def _until(self, due_ms):
        waits = []
        if due_ms != _NO_TIMER:
            waits.append(due_ms)
        if self._look_due_ms is not None:
            waits.append(self._look_due_ms - self._clock.ticks_ms())
        return max(_LEAST_SLEEP_MS, min(waits)) if waits else None
