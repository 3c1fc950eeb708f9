"""The round screen in half blocks. Mouse and keys on it are fingers on the glass."""

import time
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from app.tui import half_blocks, say
from app.tui.half_blocks import GLASS

HOLD_S = 0.5
HOLD_MS = 800
SWIPE_MS = 200
SLOWEST_MS = 2000
STEP = 12
SWIPE = 140


class ScreenMirror(Widget, can_focus=True):
    """`show_frame` draws a frame, `say` a text in its place. Posts `Touched` in pixels of the glass."""

    DEFAULT_CSS = "ScreenMirror { background: $surface; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"finger({dx}, {dy})", f"Finger {key}", show=False)
            for key, dx, dy in (("left", -STEP, 0), ("right", STEP, 0), ("up", 0, -STEP), ("down", 0, STEP))
        ),
        *(
            Binding(f"shift+{key},{letter}", f"swipe({dx}, {dy})", f"Swipe {key}", show=False)
            for key, letter, dx, dy in (
                ("left", "H", -SWIPE, 0),
                ("right", "L", SWIPE, 0),
                ("up", "K", 0, -SWIPE),
                ("down", "J", 0, SWIPE),
            )
        ),
        Binding("enter", "tap", "Tap", tooltip="Tap where the finger is (arrows move it)"),
        Binding("space", "hold", "Hold", tooltip="Press for a while where the finger is"),
    ]

    @dataclass
    class Touched(Message):
        """A finger from (x, y) to (to_x, to_y), pixels of the glass; `ms` None: a short tap."""

        x: int
        y: int
        to_x: int
        to_y: int
        ms: int | None = None

        @property
        def is_tap(self) -> bool:
            """Whether it did not move."""
            return (self.x, self.y) == (self.to_x, self.to_y)

    def __init__(self) -> None:
        super().__init__(id="mirror")
        self._frame: bytes | None = None
        self._rows: list[half_blocks.Row] = []
        self._words = "asking for a picture …"
        self._down: tuple[Offset, float] | None = None
        self._finger: tuple[int, int] | None = None

    @property
    def shows_picture(self) -> bool:
        """Whether there is a picture to touch."""
        return self._frame is not None

    def show_frame(self, frame: bytes) -> None:
        """Draw a raw frame; only lines that differ are painted."""
        self._frame, self._words = frame, ""
        self._lay()

    def say(self, words: str) -> None:
        """Show words in place of a picture."""
        self._frame, self._rows, self._words = None, [], say.plain(words)
        self.refresh()

    # --- drawing ---

    @property
    def _side(self) -> int:
        return half_blocks.side_for(self.content_size.width, self.content_size.height)

    @property
    def _origin(self) -> Offset:
        """The cell where the picture begins."""
        side = self._side
        return Offset((self.content_size.width - side) // 2, (self.content_size.height - side // 2) // 2)

    def on_resize(self) -> None:
        """Another size, another picture."""
        self._rows = []
        self._lay()

    def notify_style_update(self) -> None:
        """A theme was chosen: what is around the glass has another colour."""
        super().notify_style_update()
        self._rows = []
        if self.is_mounted:
            self._lay()

    def _lay(self) -> None:
        side = self._side
        if self._frame is None or side < 2:
            return
        rows = half_blocks.rows(self._frame, side, self.background_colors[1])
        before, self._rows = self._rows, rows
        if len(before) != len(rows):
            self.refresh()
            return
        top = self._origin.y
        for y, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self.refresh(Region(0, top + y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of cells."""
        width, origin = self.content_size.width, self._origin
        blank = Style(bgcolor=self.background_colors[1].rich_color)
        row = y - origin.y
        if not self._rows:
            return self._word_line(y, width, blank)
        if not 0 <= row < len(self._rows):
            return Strip.blank(width, blank)
        at = self._finger_cell()
        line = half_blocks.strip(self._rows[row], at.x if at is not None and at.y == row else None)
        left = Segment(" " * origin.x, blank)
        right = Segment(" " * max(0, width - origin.x - line.cell_length), blank)
        return Strip([left, *line, right], width)

    def _word_line(self, y: int, width: int, blank: Style) -> Strip:
        words = self._words.split()
        lines = [""]
        for word in words:
            fits = len(lines[-1]) + len(word) < width - 2
            lines = [*lines[:-1], f"{lines[-1]} {word}".strip()] if fits else [*lines, word]
        at = y - (self.content_size.height - len(lines)) // 2
        text = lines[at][:width].center(width) if 0 <= at < len(lines) else " " * width
        return Strip([Segment(text, blank)], width)

    # --- fingers ---

    def point(self, at: Offset) -> tuple[int, int] | None:
        """The pixel of the glass below the middle of a cell of the content; None beside the picture."""
        side, origin = self._side, self._origin
        if not self._rows or side < 2:
            return None
        x, y = at.x - origin.x, at.y - origin.y
        if not (0 <= x < side and 0 <= y < side // 2):
            return None
        return (2 * x + 1) * GLASS // (2 * side), (2 * y + 1) * GLASS // side

    def _finger_cell(self) -> Offset | None:
        if self._finger is None or not self.has_focus:
            return None
        x, y = self._finger
        return Offset(x * self._side // GLASS, y * self._side // GLASS // 2)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A finger on the glass."""
        at = event.get_content_offset(self)
        if event.button == 1 and at is not None and self._on_glass(at) is not None:
            self._down = at, time.monotonic()
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The finger leaves the glass: where it was, or somewhere else."""
        if self._down is None:
            return
        (begin, since), self._down = self._down, None
        self.release_mouse()
        held_s = time.monotonic() - since
        start, end = self.point(begin), self.point(self._within(event.get_content_offset_capture(self)))
        if start is None or end is None:
            return
        if self.point(begin) == end:
            ms = min(SLOWEST_MS, round(held_s * 1000)) if held_s >= HOLD_S else None
            self._touch(start, start, ms)
        else:
            self._touch(start, end, max(100, min(SLOWEST_MS, round(held_s * 1000))))

    def _within(self, at: Offset) -> Offset:
        """The nearest cell of the picture."""
        side, origin = self._side, self._origin
        return Offset(max(origin.x, min(at.x, origin.x + side - 1)), max(origin.y, min(at.y, origin.y + side // 2 - 1)))

    def _on_glass(self, at: Offset) -> tuple[int, int] | None:
        pixel = self.point(at)
        return pixel if pixel is not None and half_blocks.on_glass(*pixel) else None

    def action_finger(self, dx: int, dy: int) -> None:
        """Move the finger of the keyboard."""
        x, y = self._finger or (GLASS // 2, GLASS // 2)
        moved = max(0, min(x + dx, GLASS - 1)), max(0, min(y + dy, GLASS - 1))
        if half_blocks.on_glass(*moved):
            self._finger = moved
        self.refresh()

    def action_tap(self) -> None:
        """Tap where the finger is."""
        at = self._finger or (GLASS // 2, GLASS // 2)
        self._touch(at, at, None)

    def action_hold(self) -> None:
        """Press for a while."""
        at = self._finger or (GLASS // 2, GLASS // 2)
        self._touch(at, at, HOLD_MS)

    def action_swipe(self, dx: int, dy: int) -> None:
        """Over the middle of the glass."""
        middle = GLASS // 2
        self._touch((middle - dx // 2, middle - dy // 2), (middle + dx // 2, middle + dy // 2), SWIPE_MS)

    def on_blur(self) -> None:
        """The finger is shown with the focus."""
        self.refresh()

    def _touch(self, start: tuple[int, int], end: tuple[int, int], ms: int | None) -> None:
        if self._rows:
            self.post_message(self.Touched(*start, *end, ms))
