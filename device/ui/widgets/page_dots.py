"""Two dots at the bottom: there is more than one page, and this is the one you see."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import theme
from device.ui.geometry import CENTER

_Y = 330
_SIZE = 6
_PITCH = 14
_PAGES = 2


class PageDots:
    """Drawn once; `page` is the position of the page they stand on."""

    def __init__(self, parent, page):
        x = CENTER - ((_PAGES - 1) * _PITCH + _SIZE) // 2
        for index in range(_PAGES):
            dot = theme.bare(lv.obj(parent))
            dot.set_size(_SIZE, _SIZE)
            dot.set_pos(x + index * _PITCH, _Y)
            dot.set_style_radius(lv.RADIUS_CIRCLE, 0)
            dot.set_style_bg_color(theme.color(theme.FOAM if index == page else theme.SLATE), 0)
            dot.set_style_bg_opa(lv.OPA.COVER, 0)
