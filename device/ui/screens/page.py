"""What every screen is: a pure view over a `Face`, built when it is opened and deleted when it is left."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import theme


class Page:
    """One LVGL screen. A page names itself, says where a tap or a swipe leads, builds its widgets, and updates them.

    A page never changes anything but itself: what a touch asks for goes to the loop as a page's name, or as an action
    `(name, args)` returned from `tapped`.
    """

    name = ""
    tap_opens = None  # name of the page that a tap anywhere opens
    left = None  # name of the page that a swipe to the left opens
    right = None
    hold_ms = 0  # how long a finger must stay for `held`; 0: a long press leads home

    def __init__(self, guard):
        self.screen = lv.obj(None)
        theme.bare(self.screen)
        self.screen.add_flag(lv.obj.FLAG.CLICKABLE)  # LVGL hears a finger only over what can be clicked
        self.screen.set_style_bg_color(theme.color(theme.BLACK), 0)
        self.screen.set_style_bg_opa(lv.OPA.COVER, 0)
        self.build(self.screen, guard)

    def build(self, screen, guard):
        """Make the widgets. `guard.wrap` every function that LVGL shall call."""

    def update(self, face):
        """Show `face`; touch only what has changed."""

    def labels(self):
        """All lines of text, for whoever checks that they fit the glass."""
        return []

    def tapped(self, x, y):
        """An action `(name, args)` for a tap at these pixels, or None. `tap_opens` needs nothing here."""
        return

    def held(self, x, y):
        """An action `(name, args)` for a finger that stayed here for `hold_ms`, or None."""
        return

    def delete(self):
        """Delete the LVGL objects; the page is dead then."""
        self.screen.delete()
