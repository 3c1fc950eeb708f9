"""What a finger meant: tap, swipe or long press, from where it went down and came up. No LVGL.

LVGL's own gestures want a minimum speed, which injected and remote touches do not have; distance is enough here.
"""

TAP = "tap"
LEFT = "left"
RIGHT = "right"
UP = "up"
DOWN = "down"
HOLD = "hold"
SWIPE_PX = 48  # shorter moves are taps that slipped
SLIP_PX = 16


class Touch:
    """Fed with `down`, `held` and `up`; `up` returns the meaning. A press that was held long means HOLD, once."""

    def __init__(self):
        self.pressed = False
        self._x = self._y = 0
        self._held = False

    def down(self, x, y):
        """The finger touches the glass."""
        self.pressed = True
        self._held = False
        self._x, self._y = x, y

    def cancel(self):
        """The touch is over without a meaning (LVGL forgot it because what lay below was deleted)."""
        self.pressed = False

    def held(self, x, y):
        """The finger has stayed down for LVGL's long-press time: HOLD if it stayed in place, else None."""
        if not self.pressed or self._held or abs(x - self._x) > SLIP_PX or abs(y - self._y) > SLIP_PX:
            return None
        self._held = True
        return HOLD

    def up(self, x, y):
        """The finger leaves: TAP, a direction, or None (after a hold, or a short slip)."""
        if not self.pressed:
            return None
        self.pressed = False
        if self._held:
            return None
        dx, dy = x - self._x, y - self._y
        if abs(dx) >= SWIPE_PX and abs(dx) > abs(dy):
            return LEFT if dx < 0 else RIGHT
        if abs(dy) >= SWIPE_PX:
            return UP if dy < 0 else DOWN
        return TAP if abs(dx) <= SLIP_PX and abs(dy) <= SLIP_PX else None
