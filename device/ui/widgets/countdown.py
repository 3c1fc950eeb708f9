"""The rim as a clock that runs out: a full ring at first, nothing at the end."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import theme
from device.ui.geometry import SIZE

_LINE = 6
_EDGE = 4
_TOP = 270  # LVGL counts from three o'clock


class Countdown:
    """`update(share)`: thousandths of the time that are left; `sets` counts the changes that reached LVGL."""

    def __init__(self, parent):
        self.sets = 0
        self._angle = None
        self._arc = lv.arc(parent)
        theme.bare(self._arc)
        side = SIZE - 2 * _EDGE
        self._arc.set_size(side, side)
        self._arc.set_pos(_EDGE, _EDGE)
        self._arc.set_style_arc_width(_LINE, lv.PART.MAIN)
        self._arc.set_style_arc_color(theme.color(theme.AMBER), lv.PART.MAIN)
        self._arc.remove_style(None, lv.PART.KNOB)
        self._arc.remove_style(None, lv.PART.INDICATOR)

    def update(self, share):
        """Show what is left, the start of the ring at the top."""
        angle = share * 360 // 1000
        if angle == self._angle:
            return
        self._angle = angle
        self.sets += 1
        hidden = angle <= 0
        if self._arc.has_flag(lv.obj.FLAG.HIDDEN) != hidden:
            self._arc.set_flag(lv.obj.FLAG.HIDDEN, hidden)
        if not hidden:
            self._arc.set_bg_angles(_TOP, (_TOP + angle) if angle >= 360 else (_TOP + angle) % 360)
