"""A place to touch: a rounded field with a word on it, large enough for a finger."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import theme

LEAST_PX = 44


class Target:
    """At `x`, `y` with `width` and `height` pixels. `line` attributes (label, text, size, y, height) are those of a
    LineOfText, for whoever checks what is on the glass."""

    def __init__(self, parent, x, y, width, height, rgb):
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.size = theme.SMALL
        self.text = ""
        self.sets = 0
        self.shown = False
        self.field = theme.touchable(theme.bare(lv.obj(parent)))
        self.field.set_pos(x, y)
        self.field.set_size(width, height)
        self.field.set_style_radius(height // 2, 0)
        self.field.set_style_bg_color(theme.color(theme.DEEP), 0)
        self.field.set_style_bg_color(theme.color(rgb), lv.STATE.PRESSED)
        self.field.set_style_bg_opa(lv.OPA.COVER, 0)
        self.field.set_style_border_color(theme.color(rgb), 0)
        self.field.set_style_border_width(2, 0)
        self.field.add_flag(lv.obj.FLAG.HIDDEN)
        self.label = lv.label(self.field)
        self.label.set_style_text_font(theme.font(self.size), 0)
        self.label.set_style_text_color(theme.color(theme.FOAM), 0)
        self.label.set_text("")
        self.label.center()

    def set(self, text):
        """Show this word; "" takes the whole target off the glass."""
        if text == self.text:
            return
        self.text = text
        self.sets += 1
        self.shown = bool(text)
        self.field.set_flag(lv.obj.FLAG.HIDDEN, not text)
        self.label.set_text(text)

    def holds(self, x, y):
        """Whether these pixels are on the target."""
        return self.shown and self.x <= x < self.x + self.width and self.y <= y < self.y + self.height
