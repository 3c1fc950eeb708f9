"""Which page is on the glass, and what touches do to that. New screens are added to PAGES."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.host import limits
from device.ui import touch
from device.ui.screens.ask import Ask
from device.ui.screens.home import Home
from device.ui.screens.schedule import Schedule

HOME = Home.name
_HEARD = (
    lv.EVENT.PRESSED,
    lv.EVENT.LONG_PRESSED,
    lv.EVENT.LONG_PRESSED_REPEAT,
    lv.EVENT.RELEASED,
    lv.EVENT.PRESS_LOST,
)
PAGES = {Home.name: Home, Schedule.name: Schedule, Ask.name: Ask}


class Navigation:
    """Keeps one page alive: the new one is built and shown before the old one is deleted.

    `actions(name, args)` hears `("ui.page", {"page": name})` for each change that a touch made, and what pages ask for,
    with "presence" in its args: True when a finger on the glass did it, False when any of the touch came from afar.
    `wake()` is called when a finger did something: `settle` is due then. What can be clicked on a page must let its
    events bubble (`theme.touchable`), so that swipes and long presses count wherever they begin.
    """

    def __init__(self, guard, actions, wake):
        self._guard = guard
        self._actions = guard.wrap("actions", actions)
        self._wake = wake
        self._touch = touch.Touch()
        self._meant = []
        self._face = None
        self._ask = None
        self._afar = False  # an injected sample is being read
        self._injected = False  # the touch that goes on has one
        self._down_ms = 0
        self.page = None

    @property
    def pressed(self):
        """Whether a finger is on the glass."""
        return self._touch.pressed

    def open(self, name):
        """Show the page `name`; when it cannot be built, the old one stays."""
        page = PAGES[name](self._guard)
        self._listen(page.screen)
        if self._face is not None:
            self._updated(page, self._face)
        lv.screen_load(page.screen)
        old, self.page = self.page, page
        self._meant.clear()  # was meant for what was there before
        if old is not None:
            old.delete()
            self._touch.cancel()  # LVGL forgets a finger that rests on something deleted

    def update(self, face):
        """Show `face` on the current page, and on every page opened from now on."""
        self._face = face
        if not self._follow(face.ask) and self.page is not None:
            self._updated(self.page, face)

    def from_afar(self, move, x, y, pressed):
        """Have `move(x, y, pressed)` carry out one injected sample: the touch that it belongs to is nobody's finger."""
        self._afar = self._injected = True
        try:
            move(x, y, pressed)
        finally:
            self._afar = False

    def settle(self):
        """Do what touches asked for since the last call: outside of LVGL's callbacks, where pages may be deleted."""
        while self._meant:
            meaning, x, y, presence = self._meant.pop(0)
            if self.page is not None:
                self._act(self.page, meaning, x, y, presence)

    def _follow(self, ask):
        """Bring another ask to the front, or leave the page of one that is over; whether a page was opened."""
        wanted = None if ask is None else ask.id
        if wanted == self._ask or self.page is None:
            return False
        self._ask = wanted
        if wanted is None and self.page.name != Ask.name:
            return False
        return self._try_to_open(HOME if wanted is None else Ask.name)

    def _listen(self, screen):
        heard = self._guard.wrap("touch", self._heard)
        for code in _HEARD:
            screen.add_event_cb(heard, code, None)

    def _heard(self, event):
        code = event.get_code()
        point = lv.point_t()
        lv.indev_active().get_point(point)
        meaning = None
        if code == lv.EVENT.PRESSED:
            self._injected = self._afar
            self._down_ms = lv.tick_get()
            self._touch.down(point.x, point.y)
        elif code == lv.EVENT.LONG_PRESSED or code == lv.EVENT.LONG_PRESSED_REPEAT:
            meaning = self._held(code, point)
        elif code == lv.EVENT.RELEASED:
            meaning = self._touch.up(point.x, point.y)
        else:
            self._touch.cancel()
        if meaning is not None and len(self._meant) < limits.TOUCHES:
            self._meant.append((meaning, point.x, point.y, not self._injected))
        self._wake()

    def _held(self, code, point):
        """HOLD once the finger has stayed for LVGL's long-press time, or for the time that the page asks for."""
        least_ms = self.page.hold_ms if self.page is not None else 0
        if least_ms and lv.tick_elaps(self._down_ms) < least_ms:
            return None
        if not least_ms and code == lv.EVENT.LONG_PRESSED_REPEAT:
            return None
        return self._touch.held(point.x, point.y)

    def _act(self, page, meaning, x, y, presence):
        target = None
        if meaning == touch.HOLD and page.hold_ms:
            self._wish(page, page.held, x, y, presence)
        elif meaning == touch.HOLD:
            target = HOME
        elif meaning == touch.LEFT:
            target = page.left
        elif meaning == touch.RIGHT:
            target = page.right
        elif meaning == touch.TAP:
            target = page.tap_opens if self._ask is None or page.name != HOME else Ask.name
            self._wish(page, page.tapped, x, y, presence)
        if target is not None and target != page.name and self._try_to_open(target):
            self._actions("ui.page", {"page": target})

    def _wish(self, page, asked, x, y, presence):
        wish = self._guard.wrap(page.name, asked)(x, y)
        if wish is not None:
            self._actions(wish[0], dict(wish[1], presence=presence))

    def _try_to_open(self, name):
        try:
            self.open(name)
        except Exception as error:
            self._guard.report(name, error)
            return False
        return True

    def _updated(self, page, face):
        try:
            page.update(face)
        except Exception as error:
            self._guard.report(page.name, error)
