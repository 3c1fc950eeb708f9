"""A table that draws lines: only rows in view are asked for, only lines that changed are painted.

`DataTable` pays for every cell of every row. Here the owner gives keys in order and a function for one row's cells,
which is called for the rows in view alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Cell = str | tuple[str, str]
"""Text, or text and a style: one of STYLES. The text is plain; it is never read as markup."""
RowOf = Callable[[str], Sequence[Cell]]
STYLES = ("good", "warn", "bad", "quiet", "strong", "accent")
HEADER_LINES = 1
GAP = 1


@dataclass(frozen=True)
class Column:
    """`width` in cells; `grow` is its share of what is left over; below `hide_below` cells of table width it is not
    drawn; `sort` names it for SortAsked, "" for a heading that sorts nothing."""

    title: str
    width: int
    grow: int = 0
    align: Literal["left", "right"] = "left"
    hide_below: int = 0
    sort: str = ""


class LineTable(ScrollView, can_focus=True):
    """`show(keys, row_of)` replaces the content; the cursor stays on its key. Keys are unique texts."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header",
        "line-table--cursor",
        *(f"line-table--{name}" for name in STYLES),
    }
    DEFAULT_CSS = """
    LineTable { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: $surface; }
    LineTable > .line-table--header { color: $text-muted; text-style: bold; background: $panel; }
    LineTable > .line-table--cursor { background: $primary-muted; }
    LineTable:focus > .line-table--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    LineTable > .line-table--good { color: $text-success; }
    LineTable > .line-table--warn { color: $text-warning; }
    LineTable > .line-table--bad { color: $text-error; text-style: bold; }
    LineTable > .line-table--quiet { text-style: dim; }
    LineTable > .line-table--strong { text-style: bold; }
    LineTable > .line-table--accent { color: $text-accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(-1)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    class Moved(Message):
        """The cursor is on another key (None: the table is empty)."""

        def __init__(self, table: "LineTable", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LineTable":
            """The table."""
            return self.table

    class Chosen(Moved):
        """Enter, or a click on the row under the cursor."""

    class SortAsked(Message):
        """A click on a heading; `by` is its Column.sort."""

        def __init__(self, table: "LineTable", by: str) -> None:
            super().__init__()
            self.table = table
            self.by = by

        @property
        def control(self) -> "LineTable":
            """The table."""
            return self.table

    def __init__(self, columns: Sequence[Column], *, empty: str = "nothing here yet", id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = list(columns)
        self._empty = empty
        self._keys: list[str] = []
        self._row_of: RowOf = lambda key: ()
        self._drawn: dict[int, tuple[object, ...]] = {}
        self._cursor = 0
        self._sorted = ("", False)

    # --- content ---

    def show(self, keys: Sequence[str], row_of: RowOf, *, sorted_by: tuple[str, bool] = ("", False)) -> None:
        """Rows in this order. `row_of(key)` gives one Cell per column, at any later time until the next `show`.
        `sorted_by` (Column.sort, descending) is marked in the heading."""
        selected, count = self.selected, len(self._keys)
        self._row_of = row_of
        if sorted_by != self._sorted:
            self._sorted = sorted_by
            self.refresh_line(self.scroll_offset.y)
        if keys != self._keys:
            self._keys = list(keys)
            self._follow(selected)
        if len(self._keys) != count:
            self.virtual_size = Size(0, len(self._keys) + HEADER_LINES)
        self._refresh_changed()

    def empty(self, text: str) -> None:
        """What is said in place of rows when there are none."""
        if text != self._empty:
            self._empty = text
            if not self._keys:
                self.refresh()

    @property
    def keys(self) -> list[str]:
        """The keys in display order."""
        return list(self._keys)

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._keys)

    @property
    def selected(self) -> str | None:
        """The key under the cursor, None in an empty table."""
        return self._keys[self._cursor] if self._cursor < len(self._keys) else None

    def select(self, key: str) -> bool:
        """Put the cursor on a key; False when there is none such."""
        if key not in self._keys:
            return False
        self._move_to(self._keys.index(key))
        return True

    def text_of(self, key: str) -> list[str]:
        """The texts of a row's cells, undecorated."""
        return [cell if isinstance(cell, str) else cell[0] for cell in self._row_of(key)]

    # --- drawing ---

    def render_line(self, y: int) -> Strip:
        """One line of the view: the heading, a row, the empty text, or blank."""
        width = self._width
        if y < HEADER_LINES:
            return self._header(width)
        index = y - HEADER_LINES + self.scroll_offset.y
        if index < len(self._keys):
            return self._row(index, width)
        if not self._keys and y == HEADER_LINES + 1:
            style = self.get_component_rich_style("line-table--quiet")
            return Strip([Segment(set_cell_size("  " + self._empty, width), style)], width)
        return Strip.blank(width, self.rich_style)

    @property
    def _width(self) -> int:
        """Cells beside the scroll bar."""
        return self.scrollable_content_region.width

    def on_resize(self) -> None:
        """Everything is laid out anew, and the cursor stays in view."""
        self._drawn.clear()
        self._scroll_into_view()

    def _header(self, width: int) -> Strip:
        style = self.get_component_rich_style("line-table--header")
        by, descending = self._sorted
        cells = [
            column.title + ((" ▼" if descending else " ▲") if by and column.sort == by else "")
            for column in self._columns
        ]
        return self._strip(cells, width, style, Style())

    def _row(self, index: int, width: int) -> Strip:
        cells = tuple(self._row_of(self._keys[index]))
        at_cursor = index == self._cursor
        self._drawn[index] = (self._keys[index], at_cursor, cells)
        over = Style()
        if at_cursor:
            over = self.get_component_rich_style("line-table--cursor", partial=True)
        return self._strip(cells, width, self.rich_style, over)

    def _strip(self, cells: Sequence[Cell], width: int, base: Style, over: Style) -> Strip:
        segments: list[Segment] = []
        left = width
        for (column, cells_wide), cell in zip(self._layout(width), cells, strict=False):
            if cells_wide <= 0 or left <= 0:
                continue
            text, name = (cell, "") if isinstance(cell, str) else cell
            style = base + self.get_component_rich_style(f"line-table--{name}", partial=True) if name else base
            shown = min(cells_wide, left)
            segments.append(Segment(_fit(text, shown, column.align), style + over))
            left -= shown
            if left > 0:
                segments.append(Segment(" " * min(GAP, left), base + over))
                left -= min(GAP, left)
        if left > 0:
            segments.append(Segment(" " * left, base + over))
        return Strip(segments, width)

    def _layout(self, width: int) -> list[tuple[Column, int]]:
        """Each column with its width in cells; 0 for those that have no room."""
        shown = [column for column in self._columns if width >= column.hide_below]
        spare = width - sum(column.width + GAP for column in shown)
        shares = sum(column.grow for column in shown)
        layout: list[tuple[Column, int]] = []
        for column in self._columns:
            wide = column.width if column in shown else 0
            if wide and shares and spare > 0:
                wide += spare * column.grow // shares
            layout.append((column, wide))
        return layout

    def _refresh_changed(self) -> None:
        """Paint again what differs from what is on the screen, among the rows in view."""
        top = self.scroll_offset.y
        in_view = range(top, top + max(0, self.size.height - HEADER_LINES))
        for index in in_view:
            now = None
            if index < len(self._keys):
                now = (self._keys[index], index == self._cursor, tuple(self._row_of(self._keys[index])))
            if now != self._drawn.get(index):
                if now is None:
                    self._drawn.pop(index, None)
                self._refresh_row(index)
        self._drawn = {index: row for index, row in self._drawn.items() if index in in_view}
        if not self._keys:
            self.refresh()

    def _refresh_row(self, index: int) -> None:
        self.refresh(Region(0, index - self.scroll_offset.y + HEADER_LINES, self.size.width, 1))

    def notify_style_update(self) -> None:
        """A theme was chosen: every line looks different."""
        self._drawn.clear()
        super().notify_style_update()

    # --- cursor ---

    def _follow(self, selected: str | None) -> None:
        """Keep the cursor on its key, or where it was."""
        if selected is not None and selected in self._keys:
            self._cursor = self._keys.index(selected)
        else:
            self._cursor = max(0, min(self._cursor, len(self._keys) - 1))
        if self.selected != selected:
            self.post_message(self.Moved(self, self.selected))

    def _move_to(self, index: int) -> None:
        index = max(0, min(index, len(self._keys) - 1))
        if index != self._cursor:
            before, self._cursor = self._cursor, index
            self._refresh_row(before)
            self._refresh_row(index)
            self.post_message(self.Moved(self, self.selected))
        self._scroll_into_view()

    def _scroll_into_view(self) -> None:
        rows = max(1, self.size.height - HEADER_LINES)
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + rows:
            self.scroll_to(y=self._cursor - rows + 1, animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Up or down by rows."""
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Up or down by what is in view."""
        self._move_to(self._cursor + by * max(1, self.size.height - HEADER_LINES))

    def action_edge(self, end: int) -> None:
        """To the first (0) or last (-1) row."""
        self._move_to(0 if end == 0 else len(self._keys) - 1)

    def action_choose(self) -> None:
        """Open what the cursor is on."""
        if self.selected is not None:
            self.post_message(self.Chosen(self, self.selected))

    def on_click(self, event: events.Click) -> None:
        """A heading sorts; a row is selected, and chosen when it was selected already."""
        at = event.get_content_offset(self)
        if at is None:  # on the border
            return
        if at.y < HEADER_LINES:
            self._click_heading(at.x)
            return
        index = at.y - HEADER_LINES + self.scroll_offset.y
        if index < len(self._keys):
            if index == self._cursor:
                self.action_choose()
            else:
                self._move_to(index)

    def _click_heading(self, x: int) -> None:
        at = 0
        for column, wide in self._layout(self._width):
            if wide and at <= x < at + wide + GAP and column.sort:
                self.post_message(self.SortAsked(self, column.sort))
                return
            at += wide + GAP if wide else 0


def _fit(text: str, width: int, align: str) -> str:
    """The text in exactly `width` cells, with … where it was cut."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - size) + text if align == "right" else text + " " * (width - size)
