"""Which page is on the glass, and what touches do to that. New screens are added to PAGES."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.host import limits
from device.ui import touch
from device.ui.screens.home import Home
from device.ui.screens.schedule import Schedule

HOME = Home.name
PAGES = {Home.name: Home, Schedule.name: Schedule}


class Navigation:
    """Keeps one page alive: the new one is built and shown before the old one is deleted.

    `actions(name, args)` hears `("ui.page", {"page": name})` for each change that a touch made, and what pages ask for.
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
        if old is not None:
            old.delete()
            self._touch.cancel()  # LVGL forgets a finger that rests on something deleted

    def update(self, face):
        """Show `face` on the current page, and on every page opened from now on."""
        self._face = face
        if self.page is not None:
            self._updated(self.page, face)

    def settle(self):
        """Do what touches asked for since the last call: outside of LVGL's callbacks, where pages may be deleted."""
        while self._meant:
            meaning, x, y = self._meant.pop(0)
            if self.page is not None:
                self._act(self.page, meaning, x, y)

    def _listen(self, screen):
        heard = self._guard.wrap("touch", self._heard)
        for code in (lv.EVENT.PRESSED, lv.EVENT.LONG_PRESSED, lv.EVENT.RELEASED, lv.EVENT.PRESS_LOST):
            screen.add_event_cb(heard, code, None)

    def _heard(self, event):
        code = event.get_code()
        point = lv.point_t()
        lv.indev_active().get_point(point)
        meaning = None
        if code == lv.EVENT.PRESSED:
            self._touch.down(point.x, point.y)
        elif code == lv.EVENT.LONG_PRESSED:
            meaning = self._touch.held(point.x, point.y)
        elif code == lv.EVENT.RELEASED:
            meaning = self._touch.up(point.x, point.y)
        else:
            self._touch.cancel()
        if meaning is not None and len(self._meant) < limits.TOUCHES:
            self._meant.append((meaning, point.x, point.y))
        self._wake()

    def _act(self, page, meaning, x, y):
        target = None
        if meaning == touch.HOLD:
            target = HOME
        elif meaning == touch.LEFT:
            target = page.left
        elif meaning == touch.RIGHT:
            target = page.right
        elif meaning == touch.TAP:
            target = page.tap_opens
            wish = self._guard.wrap(page.name, page.tapped)(x, y)
            if wish is not None:
                self._actions(wish[0], wish[1])
        if target is not None and target != page.name:
            try:
                self.open(target)
            except Exception as error:
                self._guard.report(target, error)
                return
            self._actions("ui.page", {"page": target})

    def _updated(self, page, face):
        try:
            page.update(face)
        except Exception as error:
            self._guard.report(page.name, error)
