"""A frame of the round screen as half blocks: two pixels of the picture in each cell, one above the other."""

import math
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

UPPER = "▀"
GLASS = 360
Row = bytes
"""Two lines of pixels, RGB: what one line of cells shows."""


def side_for(width: int, height: int) -> int:
    """The side in pixels, an even number, of the largest square that so many cells can show; 0 for no room."""
    return max(0, min(width, 2 * height)) & ~1


def rows(frame: bytes, side: int, background: Color) -> list[Row]:
    """The frame, `side` by `side`, as lines of cells; outside of the round glass it has the background."""
    from PIL import Image  # not before a picture is shown: it takes a while to load

    from app.host.screen import to_image

    picture = to_image(frame)
    small = picture.resize((side, side), Image.Resampling.BOX).tobytes()  # pyright: ignore[reportUnknownMemberType]
    around = bytes((background.r, background.g, background.b))
    lines = [small[at : at + 3 * side] for at in range(0, 3 * side * side, 3 * side)]
    for y, line in enumerate(lines):
        out = _outside(y, side)
        lines[y] = around * out + line[3 * out : 3 * (side - out)] + around * out
    return [lines[y] + lines[y + 1] for y in range(0, side, 2)]


def strip(row: Row, finger: int | None = None) -> Strip:
    """One line of cells; equal neighbours are one segment. `finger` is the cell that a finger points at."""
    wide = len(row) // 6
    segments: list[Segment] = []
    last, count = b"", 0
    for x in range(wide):
        cell = row[3 * x : 3 * x + 3] + row[3 * (wide + x) : 3 * (wide + x) + 3]
        if x == finger:
            segments += [_segment(last, count)] if count else []
            segments.append(Segment("✛", Style.parse("bold reverse")))
            last, count = b"", 0
        elif cell == last:
            count += 1
        else:
            segments += [_segment(last, count)] if count else []
            last, count = cell, 1
    segments += [_segment(last, count)] if count else []
    return Strip(segments, wide)


def _segment(cell: bytes, count: int) -> Segment:
    style = _style(cell)
    return Segment((UPPER if style.color else " ") * count, style)


@lru_cache(4096)
def _style(cell: bytes) -> Style:
    """The colours of a cell; without a foreground where both pixels are the same."""
    below = RichColor.from_rgb(*cell[3:])
    return Style(bgcolor=below) if cell[:3] == cell[3:] else Style(color=RichColor.from_rgb(*cell[:3]), bgcolor=below)


def _outside(y: int, side: int) -> int:
    """How many pixels of line `y` are left of the glass."""
    radius = side / 2
    up = abs(y + 0.5 - radius)
    return round(radius - math.sqrt(max(0.0, radius * radius - up * up)))


def on_glass(x: int, y: int) -> bool:
    """Whether a pixel of the screen is on the round glass."""
    middle = (GLASS - 1) / 2
    return (x - middle) ** 2 + (y - middle) ** 2 <= (GLASS / 2) ** 2
