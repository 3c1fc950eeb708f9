"""One line of text at a fixed height of the round glass, as wide as the circle is there."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import fit, theme
from device.ui.geometry import chord

_SLACK_PX = 6  # kerning and rounding: what a measured line may be wider in LVGL


class LineOfText:
    """A centred label that touches LVGL only when its text or style really changes; `sets` counts how often it did."""

    def __init__(self, parent, y, size, rgb, height=None, inset_px=0):
        self.y = y
        self.height = height or theme.font(size).get_line_height()
        self.x, self.width = chord(y, self.height)
        self.x += inset_px
        self.width -= 2 * inset_px
        self.text = ""
        self.sets = 0
        self._size = None
        self._rgb = None
        self._asked = None
        self.label = lv.label(parent)
        self.label.set_long_mode(lv.label.LONG_MODE.CLIP)
        self.label.set_pos(self.x, self.y)
        self.label.set_size(self.width, self.height)
        self.label.set_style_text_align(lv.TEXT_ALIGN.CENTER, 0)
        self.label.set_text("")
        self.style(size, rgb)

    @property
    def room_px(self):
        """Width that a text may take."""
        return self.width - _SLACK_PX

    @property
    def size(self):
        """The font size in use: SMALL, BODY or TITLE of the theme."""
        return self._size

    def style(self, size, rgb):
        """Change font size and colour."""
        if size != self._size:
            self._size = size
            font = theme.font(size)
            self.label.set_style_text_font(font, 0)
            self.label.set_style_pad_top(max(0, (self.height - font.get_line_height()) // 2), 0)
        if rgb != self._rgb:
            self._rgb = rgb
            self.label.set_style_text_color(theme.color(rgb), 0)

    def set(self, text):
        """Show `text` (plain glyphs), cut with dots to what fits; measured only when it is another one."""
        self._show(text, fit.cut)

    def set_tail(self, text):
        """Show the end of `text`: for text that grows."""
        self._show(text, fit.tail)

    def advance(self):
        """The function that measures a glyph of this line's font."""
        return theme.ADVANCES.of(self._size)

    def _show(self, text, cut):
        asked = (text, cut, self._size)
        if asked == self._asked:
            return
        self._asked = asked
        text = cut(text, self.room_px, self.advance())
        if text != self.text:
            self.text = text
            self.sets += 1
            self.label.set_text(text)
