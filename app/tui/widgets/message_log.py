"""A conversation drawn by lines: blocks are laid out once per width, only what is new or grows is laid out again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

Render = Callable[[int], RenderableType]


@dataclass(frozen=True)
class Block:
    """One message: `key` names it, `version` differs when it must be drawn anew, `text` is what a search looks in."""

    key: str
    version: object
    text: str
    render: Render


@dataclass
class _Laid:
    version: object
    lines: list[Strip]


class MessageLog(ScrollView, can_focus=True):
    """`show` replaces the blocks. Stays at the end while it is there; else where the reader is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"message-log--found"}
    DEFAULT_CSS = """
    MessageLog { height: 1fr; scrollbar-gutter: stable; overflow-x: hidden; scrollbar-size-vertical: 1; padding: 0 1; }
    MessageLog > .message-log--found { background: $warning 30%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "Up", show=False),
        Binding("down", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "First", show=False),
        Binding("end", "scroll_end", "Last", show=False),
    ]

    def __init__(self, *, empty: str = "nothing here yet", id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._blocks: list[Block] = []
        self._laid: dict[str, _Laid] = {}
        self._lines: list[tuple[Strip, str]] = []
        self._starts: list[int] = []
        self._laid_width = 0
        self._found: str = ""

    def show(self, blocks: Sequence[Block]) -> None:
        """Draw these, oldest first; a block whose key and version are known is not laid out again."""
        at_end, top = self.at_end, self.scroll_offset.y
        known, self._blocks = self._blocks, list(blocks)
        same = 0
        for new, old in zip(blocks, known, strict=False):
            if (new.key, new.version) != (old.key, old.version):
                break
            same += 1
        if same == len(blocks) == len(known) and self._laid_width == self._width:
            return
        first = self._lay_out(same)
        if at_end:
            self.scroll_to(y=max(0, len(self._lines) - self.size.height), animate=False, force=True)
        if self.scroll_offset.y != top or not first:
            self.refresh()
        elif first - top < self.size.height:  # what is above looks as before
            y = max(0, first - top)
            self.refresh(Region(0, y, self.size.width, self.size.height - y))

    def empty(self, text: str) -> None:
        """What is said while there is nothing."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    @property
    def at_end(self) -> bool:
        """True while the last line is in view."""
        return self.scroll_offset.y >= len(self._lines) - self.size.height

    @property
    def texts(self) -> list[str]:
        """The lines as they are drawn, without styles."""
        return [strip.text.rstrip() for strip, _ in self._lines]

    def find(self, words: str, back: bool = True) -> bool:
        """Go to the next older (or newer) block with these words; False when there is none."""
        wanted = words.lower()
        keys = [block.key for block in self._blocks if wanted and wanted in block.text.lower()]
        if not keys:
            self._mark("")
            return False
        now = keys.index(self._found) if self._found in keys else (len(keys) if back else -1)
        self._mark(keys[(now + (-1 if back else 1)) % len(keys)])
        top = next(y for y, (_, key) in enumerate(self._lines) if key == self._found)
        self.scroll_to(y=top, animate=False, force=True)
        return True

    def _mark(self, key: str) -> None:
        self._found = key
        self.refresh()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _lay_out(self, same: int = 0) -> int:
        """Lay out what is new; the first `same` blocks are as they were. The number of the first line that may look
        different."""
        width = self._width
        if width != self._laid_width:
            self._laid.clear()
            self._laid_width = width
            same = 0
        if width <= 0:
            self._starts, self._lines = [], []
            return 0
        same = min(same, len(self._starts))
        first = self._starts[same] if same < len(self._starts) else len(self._lines)
        del self._lines[first:], self._starts[same:]
        for block in self._blocks[same:]:
            known = self._laid.get(block.key)
            if known is None or known.version != block.version:
                known = self._laid[block.key] = _Laid(block.version, self._strips(block.render(width), width))
            self._starts.append(len(self._lines))
            self._lines += [(line, block.key) for line in known.lines]
        if len(self._laid) > len(self._blocks):
            shown = {block.key for block in self._blocks}
            self._laid = {key: laid for key, laid in self._laid.items() if key in shown}
        self._fit_scrolling(Size(0, len(self._lines)))
        return first

    def _fit_scrolling(self, size: Size) -> None:
        """Another length is the scroll bar's matter: set in the usual way it would lay out and paint all there is."""
        if size != self.virtual_size:
            self.set_reactive(cast("Reactive[Size]", MessageLog.virtual_size), size)
            self._scroll_update(size)
            if self.scroll_offset.y > self.max_scroll_y:
                self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _strips(self, renderable: RenderableType, width: int) -> list[Strip]:
        console: Console = self.app.console  # pyright: ignore[reportUnknownMemberType]  generic in the library
        options: ConsoleOptions = console.options.update(width=width, height=None, highlight=False)
        return [Strip(line).adjust_cell_length(width) for line in console.render_lines(renderable, options, pad=False)]

    def render_line(self, y: int) -> Strip:
        """One line of the view."""
        base: Style = self.rich_style
        index = y + self.scroll_offset.y
        if not self._blocks and y == 0:
            return Strip([Segment(self._empty, base + Style(dim=True))]).adjust_cell_length(self._width, base)
        if index >= len(self._lines):
            return Strip.blank(self._width, base)
        strip, key = self._lines[index]
        if key == self._found:
            base += self.get_component_rich_style("message-log--found", partial=True)
        return strip.apply_style(base).adjust_cell_length(self._width, base)

    def on_resize(self) -> None:
        """Lay everything out for the new width."""
        if self._width != self._laid_width:
            self.show(self._blocks)

    def notify_style_update(self) -> None:
        """A theme was chosen."""
        self._laid.clear()
        self._lay_out()
        super().notify_style_update()
