"""The clock's numerals, drawn from lines and arcs: larger than any font in the firmware, and sharp.

Each glyph lies in a box of 30 × 56 (the centre line of its stroke). A stroke is ("l", x1, y1, x2, y2) or
("a", centre x, centre y, radius, start, end), angles in degrees clockwise from three o'clock.
"""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import theme
from device.ui.geometry import CENTER

BOX_WIDTH = 30
BOX_HEIGHT = 56
STROKE = 8
GAP = 22  # between the centre lines of neighbours
_NARROW = {"1": 19, ":": 0}  # widths of those that do not fill the box

_GLYPHS = {
    "0": (("a", 15, 15, 15, 180, 360), ("l", 30, 15, 30, 41), ("a", 15, 41, 15, 0, 180), ("l", 0, 41, 0, 15)),
    "1": (("l", 4, 10, 17, 0), ("l", 17, 0, 17, 56)),
    "2": (("a", 15, 15, 15, 180, 400), ("l", 26.5, 24.7, 0, 56), ("l", 0, 56, 30, 56)),
    "3": (("a", 15, 13, 13, 190, 450), ("a", 15, 41, 15, 270, 530)),
    "4": (("l", 19, 0, 0, 40), ("l", 0, 40, 30, 40), ("l", 22, 24, 22, 56)),
    "5": (("l", 26, 0, 5, 0), ("l", 5, 0, 2, 27), ("a", 13, 39, 17, 228, 510)),
    "6": (("a", 15, 41, 15, 0, 360), ("l", 19, 0, 1.6, 34.2)),
    "7": (("l", 0, 0, 30, 0), ("l", 30, 0, 9, 56)),
    "8": (("a", 15, 13, 13, 0, 360), ("a", 15, 41, 15, 0, 360)),
    "9": (("a", 15, 15, 15, 0, 360), ("l", 28.4, 21.8, 11, 56)),
    "-": (("l", 4, 28, 26, 28),),
    ":": (("l", 0, 18, 0, 18.1), ("l", 0, 40, 0, 40.1)),
}


class Numerals:
    """A line of numerals, centred on the glass; `text` is five characters like "17:05" or "--:--"."""

    def __init__(self, parent, y, guard):
        self.text = ""
        self.sets = 0
        self._rgb = theme.FOAM
        self._line = lv.draw_line_dsc_t()
        self._arc = lv.draw_arc_dsc_t()
        self.width = 4 * BOX_WIDTH + 4 * GAP + STROKE
        self.box = theme.bare(lv.obj(parent))
        self.box.set_pos(CENTER - self.width // 2, y)
        self.box.set_size(self.width, BOX_HEIGHT + STROKE)
        self.box.add_event_cb(guard.wrap("clock", self._draw), lv.EVENT.DRAW_MAIN, None)

    def set(self, text, rgb=theme.FOAM):
        """Show `text` in a colour; nothing is redrawn when neither changed."""
        if text != self.text or rgb != self._rgb:
            self.text = text
            self._rgb = rgb
            self.sets += 1
            self.box.invalidate()

    def _draw(self, event):
        layer = event.get_layer()
        area = lv.area_t()
        self.box.get_coords(area)
        self._prepare()
        widths = [_NARROW.get(character, BOX_WIDTH) for character in self.text]
        x = area.x1 + (self.width - sum(widths) - GAP * (len(widths) - 1)) // 2
        y = area.y1 + STROKE // 2
        for index, width in enumerate(widths):
            self._glyph(layer, _GLYPHS.get(self.text[index], ()), x, y)
            x += width + GAP

    def _prepare(self):
        line, arc = self._line, self._arc
        line.init()
        arc.init()
        line.color = arc.color = theme.color(self._rgb)
        line.width = arc.width = STROKE
        line.round_start = line.round_end = arc.rounded = 1

    def _glyph(self, layer, strokes, x, y):
        for stroke in strokes:
            if stroke[0] == "l":
                line = self._line
                line.p1.x, line.p1.y = x + stroke[1], y + stroke[2]
                line.p2.x, line.p2.y = x + stroke[3], y + stroke[4]
                lv.draw_line(layer, line)
            else:
                arc = self._arc
                arc.center.x, arc.center.y = x + stroke[1], y + stroke[2]
                arc.radius = stroke[3] + STROKE // 2
                arc.start_angle, arc.end_angle = stroke[4], stroke[5]
                lv.draw_arc(layer, arc)
