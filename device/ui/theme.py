"""The one place of colours and fonts. Dark, because the glass ends in a black rim; quiet, but for what matters."""

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import state

BLACK = 0x000000
FOAM = 0xF2F6F7  # what is read first
MIST = 0xA9B8BF  # what is read second
SLATE = 0x5C6B73  # what may be missed
DEEP = 0x1D4A50  # lines that only hold the shape
TEAL = 0x3FD0BE  # the appliance's own colour: all is well, coming runs
SKY = 0x86BFFF  # work going on
AMBER = 0xFFB547  # needs an eye
CORAL = 0xFF7D66  # needs a hand

SMALL = "small"
BODY = "body"
TITLE = "title"

_KINDS = {
    state.BUSY: (BODY, FOAM),
    state.STREAM: (BODY, SKY),
    state.WAITING: (SMALL, AMBER),
    state.WHO: (SMALL, TEAL),
    state.TEXT: (BODY, FOAM),
    state.QUIET: (SMALL, MIST),
    state.ALERT: (BODY, CORAL),
}
_CONNECTIONS = {state.BOOT: SLATE, state.ONLINE: TEAL, state.CONNECTING: AMBER, state.OFFLINE: AMBER}


def font(size):
    """The LVGL font of SMALL, BODY or TITLE."""
    if size == SMALL:
        return lv.font_montserrat_16
    return lv.font_montserrat_20 if size == BODY else lv.font_montserrat_24


def color(rgb):
    """An LVGL colour from 0xRRGGBB."""
    return lv.color_hex(rgb)


def row_style(kind):
    """(font size, colour) of a body row."""
    return _KINDS[kind]


def connection_color(connection):
    """The rim's colour for a state of the connection."""
    return _CONNECTIONS[connection]


def bare(obj):
    """Take everything off an LVGL object that LVGL's own theme put on: no border, padding, scrolling or clicks."""
    obj.remove_style_all()
    obj.remove_flag(lv.obj.FLAG.SCROLLABLE)
    obj.remove_flag(lv.obj.FLAG.CLICKABLE)
    return obj


def touchable(obj):
    """Let an object be clicked, and let the page hear of it too."""
    obj.add_flag(lv.obj.FLAG.CLICKABLE)
    obj.add_flag(lv.obj.FLAG.EVENT_BUBBLE)
    return obj


class Advances:
    """Widths of glyphs in pixels per font size, asked of LVGL once per glyph."""

    def __init__(self):
        self._known = {}

    def of(self, size):
        """A function: character → its width in pixels in the font `size`."""
        known = self._known.setdefault(size, {})
        face = font(size)

        def advance(character):
            width = known.get(character)
            if width is None:
                width = known[character] = face.get_glyph_width(ord(character), 0)
            return width

        return advance


ADVANCES = Advances()
