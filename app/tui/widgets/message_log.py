"""A conversation drawn by lines: blocks are laid out once per width, only what is new or grows is laid out again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
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
        self._laid_width = 0
        self._found: str = ""

    def show(self, blocks: Sequence[Block]) -> None:
        """Draw these, oldest first; a block whose key and version are known is not laid out again."""
        at_end = self.at_end
        changed = [(b.key, b.version) for b in blocks] != [(b.key, b.version) for b in self._blocks]
        self._blocks = list(blocks)
        if changed or self._laid_width != self._width:
            self._lay_out()
            if at_end:
                self.scroll_to(y=max(0, len(self._lines) - self.size.height), animate=False, force=True)
            self.refresh()

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

    def _lay_out(self) -> None:
        width = self._width
        if width != self._laid_width:
            self._laid.clear()
            self._laid_width = width
        if width <= 0:
            return
        laid: dict[str, _Laid] = {}
        self._lines = []
        for block in self._blocks:
            known = self._laid.get(block.key)
            if known is None or known.version != block.version:
                known = _Laid(block.version, self._strips(block.render(width), width))
            laid[block.key] = known
            self._lines += [(line, block.key) for line in known.lines]
        self._laid = laid
        self.virtual_size = Size(0, len(self._lines))

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
