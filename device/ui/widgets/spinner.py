"""A small turning arc that exists only while something runs: LVGL animates nothing at other times."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import theme

SIZE = 18
GAP = 10  # between it and the text that it stands before


class Spinner:
    """`show(x, y)` puts it there (top left corner), `hide()` deletes it with its animation."""

    def __init__(self, parent):
        self._parent = parent
        self._spinner = None
        self._at = None

    @property
    def turning(self):
        """Whether it is shown."""
        return self._spinner is not None

    def show(self, x, y):
        """Start it, or move it."""
        if self._spinner is None:
            self._spinner = self._make()
        if self._at != (x, y):
            self._at = (x, y)
            self._spinner.set_pos(x, y)

    def hide(self):
        """Stop it; safe to call when it is not shown."""
        if self._spinner is not None:
            self._spinner.delete()
            self._spinner = self._at = None

    def _make(self):
        spinner = lv.spinner(self._parent)
        theme.bare(spinner)
        spinner.set_size(SIZE, SIZE)
        spinner.set_style_arc_width(3, lv.PART.MAIN)
        spinner.set_style_arc_width(3, lv.PART.INDICATOR)
        spinner.set_style_arc_color(theme.color(theme.DEEP), lv.PART.MAIN)
        spinner.set_style_arc_color(theme.color(theme.SKY), lv.PART.INDICATOR)
        spinner.set_style_arc_rounded(True, lv.PART.INDICATOR)
        return spinner
