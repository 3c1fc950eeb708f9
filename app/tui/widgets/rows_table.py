"""A table that is told all its rows each time and touches only the cells that differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text
from textual.widgets import DataTable

Column = tuple[str, int]
"""Heading and width in cells."""


class RowsTable(DataTable[Text]):
    """`show` replaces the content; cursor and scroll position stay. Cells are `Text`, so nothing is read as markup."""

    def __init__(self, columns: Sequence[Column], empty: str, **options: Any) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True, **options)
        self._columns = columns
        self._empty = empty
        self._rows: dict[str, tuple[Text, ...]] = {}

    def on_mount(self) -> None:
        """Lay the columns out."""
        for name, width in self._columns:
            self.add_column(name, width=width, key=name)

    def show(self, rows: Mapping[str, Sequence[Text]]) -> None:
        """`rows`: key → one Text per column, in display order."""
        if list(rows) != list(self._rows):
            self._rebuild(rows)
            return
        for key, cells in rows.items():
            for (name, _), old, new in zip(self._columns, self._rows[key], cells, strict=True):
                if old != new:
                    self.update_cell(key, name, new)
            self._rows[key] = tuple(cells)

    @property
    def selected(self) -> str | None:
        """Key of the row under the cursor; None in an empty table."""
        keys = list(self._rows)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    def _rebuild(self, rows: Mapping[str, Sequence[Text]]) -> None:
        selected = self.selected
        self.clear()
        for key, cells in rows.items():
            self.add_row(*cells, key=key)
        self._rows = {key: tuple(cells) for key, cells in rows.items()}
        if selected in self._rows:
            self.move_cursor(row=list(self._rows).index(selected), animate=False)
        self.border_subtitle = "" if rows else self._empty
