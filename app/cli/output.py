"""What commands print: tables that fit the terminal, JSON, and text that cannot harm the terminal."""

import os
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any, TextIO

GAP = 2
MIN_COLUMN = 8
FALLBACK_COLUMNS = 100
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def clean(text: object) -> str:
    """`text` on one line, without anything a terminal would obey: controls, escapes, direction marks."""
    spaced = " ".join(str(text).split())
    return "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def clean_lines(text: object) -> str:
    """The same, with the line breaks kept."""
    return "\n".join(clean(line) for line in str(text).splitlines())


def width_of(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(_cell_width(char) for char in text)


def shorten(text: str, width: int) -> str:
    """`text` cut to `width` columns, with "…" where something is missing."""
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for char in text:
        used += _cell_width(char)
        if used > width - 1:
            break
        kept += char
    return kept + "…"


class Output:
    """Prints to `stream` (stdout). Colours and widths only for a terminal; NO_COLOR and TERM=dumb are respected."""

    def __init__(self, stream: TextIO | None = None, width: int | None = None) -> None:
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream.isatty()
        self._width = width or (_columns(self._stream) if self.is_terminal else None)
        self._colours = self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def line(self, text: str = "") -> None:
        """One line as it is: the caller cleans what others wrote."""
        print(text, file=self._stream, flush=True)

    def json(self, value: Any) -> None:
        """Indented JSON; control characters are escaped by JSON itself."""
        import json

        self.line(json.dumps(value, indent=2, ensure_ascii=not self._speaks_unicode()))

    def json_line(self, value: Any) -> None:
        """One JSON value on one line."""
        import json

        self.line(json.dumps(value, ensure_ascii=not self._speaks_unicode()))

    def styled(self, text: str, *styles: str) -> str:
        """`text` in a style of _STYLES where the stream shows colours."""
        if not self._colours or not text:
            return text
        return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]], empty: str = "nothing") -> None:
        """Aligned columns. Cells are cleaned; on a terminal the widest columns give way so that lines fit. Where even
        that is not enough, each row is told in lines of its own, without what it has nothing of."""
        if not rows:
            self.line(self.styled(empty, "dim"))
            return
        cells = [[clean("-" if cell is None else cell) for cell in row] for row in rows]
        widths = [max(width_of(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
        self._narrow(widths)
        if self._width is not None and sum(widths) + GAP * (len(widths) - 1) > self._width:
            self._blocks(heads, cells, self._width)
            return
        self.line(self.styled(_row(heads, widths), "bold"))
        for row in cells:
            self.line(_row(row, widths))

    def _blocks(self, heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
        beside = max(width_of(head) for head in heads) + GAP
        for number, row in enumerate(rows):
            if number:
                self.line()
            for head, cell in zip(heads, row, strict=True):
                if cell not in ("", "-"):
                    named = head + " " * (beside - width_of(head))
                    self.line(self.styled(named, "bold") + shorten(cell, max(1, width - beside)))

    def _narrow(self, widths: list[int]) -> None:
        if self._width is None:
            return
        while sum(widths) + GAP * (len(widths) - 1) > self._width and max(widths) > MIN_COLUMN:
            widths[widths.index(max(widths))] -= 1

    def _speaks_unicode(self) -> bool:
        return (self._stream.encoding or "").lower().replace("-", "") == "utf8"


def _columns(stream: TextIO) -> int:
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    try:
        return os.get_terminal_size(stream.fileno()).columns or FALLBACK_COLUMNS
    except OSError:
        return FALLBACK_COLUMNS


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    cut = [shorten(cell, width) for cell, width in zip(cells, widths, strict=True)]
    padded = [cell + " " * (width - width_of(cell) + GAP) for cell, width in zip(cut, widths, strict=True)]
    return "".join(padded).rstrip()


def _cell_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
