"""The ring around the edge: the connection, and the coming twelve hours as a clock face.

A closed ring is a live connection, a ring open at the top one that is being made, hour dots alone mean offline.
A bright stroke is now, filled dots are coming runs (the next one larger), and an arc leads from now to the next.
"""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.host import limits
from device.ui import state, theme
from device.ui.geometry import CENTER, SIZE, dial_angle, on_circle

_EDGE = 4  # between the ring and the glass' edge
_LINE = 3
_TRACK = CENTER - _EDGE - _LINE // 2 - 5  # radius of the ring's centre line
_NOW_LENGTH = 16
_DOT = 11
_NEXT_DOT = 17
_HOUR_DOT = 5
_OPENINGS = {state.BOOT: (318, 222), state.ONLINE: (0, 360), state.CONNECTING: (318, 222), state.OFFLINE: (0, 0)}


class Rim:
    """`update(connection, minute, marks)`; `sets` counts the changes that reached LVGL."""

    def __init__(self, parent):
        self.sets = 0
        self._shown = None
        self._hours = [_dot(parent, _HOUR_DOT, theme.AMBER) for _ in range(12)]
        for hour, dot in enumerate(self._hours):
            _put(dot, dial_angle(hour * 60), _HOUR_DOT)
        self._ring = _arc(parent, _LINE)
        self._lead = _arc(parent, _LINE + 2)
        self._now = _arc(parent, _NOW_LENGTH)
        self._now.set_style_arc_rounded(False, lv.PART.MAIN)
        self._dots = [_dot(parent, _DOT, theme.TEAL) for _ in range(limits.NEXT_SHOWN)]

    def update(self, connection, minute, marks):
        """`connection` of `state`, local `minute` of the day or None, `marks` minutes of coming runs, soonest first."""
        wanted = (connection, minute, tuple(marks))
        if wanted == self._shown:
            return
        before = self._shown or (None, -1, None)
        self._shown = wanted
        self.sets += 1
        if connection != before[0]:
            self._show_connection(connection)
        if minute != before[1]:
            self._show_now(minute)
        if wanted != before:
            self._show_marks(minute, marks, theme.TEAL)

    def _show_connection(self, connection):
        start, end = _OPENINGS[connection]
        _hide(self._ring, start == end)
        if start != end:
            self._ring.set_bg_angles(start, end)
        rgb = theme.DEEP if connection == state.ONLINE else theme.connection_color(connection)
        self._ring.set_style_arc_color(theme.color(rgb), lv.PART.MAIN)
        for dot in self._hours:
            _hide(dot, connection != state.OFFLINE)

    def _show_now(self, minute):
        _hide(self._now, minute is None)
        if minute is not None:
            angle = dial_angle(minute)
            self._now.set_style_arc_color(theme.color(theme.FOAM), lv.PART.MAIN)
            self._now.set_bg_angles((angle + 359) % 360, (angle + 1) % 360)

    def _show_marks(self, minute, marks, rgb):
        lead = minute is not None and marks and dial_angle(marks[0]) != dial_angle(minute)
        _hide(self._lead, not lead)
        if lead:
            self._lead.set_style_arc_color(theme.color(rgb), lv.PART.MAIN)
            self._lead.set_bg_angles(dial_angle(minute), dial_angle(marks[0]))
        for index, dot in enumerate(self._dots):
            _hide(dot, index >= len(marks))
            if index < len(marks):
                _put(dot, dial_angle(marks[index]), _NEXT_DOT if index == 0 else _DOT)


def _arc(parent, width):
    """A whole ring of `width` whose centre line is the track."""
    arc = lv.arc(parent)
    theme.bare(arc)
    side = 2 * (_TRACK + (width + 1) // 2)
    arc.set_size(side, side)
    arc.set_pos((SIZE - side) // 2, (SIZE - side) // 2)
    arc.set_style_arc_width(width, lv.PART.MAIN)
    arc.set_style_arc_rounded(True, lv.PART.MAIN)
    arc.remove_style(None, lv.PART.KNOB)
    arc.remove_style(None, lv.PART.INDICATOR)
    return arc


def _dot(parent, size, rgb):
    dot = theme.bare(lv.obj(parent))
    dot.set_size(size, size)
    dot.set_style_radius(lv.RADIUS_CIRCLE, 0)
    dot.set_style_bg_color(theme.color(rgb), 0)
    dot.set_style_bg_opa(lv.OPA.COVER, 0)
    dot.set_style_outline_color(theme.color(theme.BLACK), 0)
    dot.set_style_outline_width(3 if size >= _DOT else 0, 0)
    return dot


def _put(dot, angle, size):
    x, y = on_circle(angle, _TRACK)
    dot.set_size(size, size)
    dot.set_pos(x - size // 2, y - size // 2)


def _hide(obj, hidden):
    if obj.has_flag(lv.obj.FLAG.HIDDEN) != hidden:
        obj.set_flag(lv.obj.FLAG.HIDDEN, hidden)
