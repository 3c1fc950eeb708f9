"""What a group's box did not take, missed or gave up lately, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.tui import say
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

COLUMNS = (
    Column("when", 12),
    Column("what", 14, grow=1),
    Column("why", 18, grow=4),
)


class RefusedTable(LineTable):
    """`show_contents` draws the answer to the request `queue`, the newest first."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty="nothing was refused", id="queue-refused")

    def show_contents(self, contents: Mapping[str, Any], zone: str) -> None:
        """Draw what was refused."""
        now = say.now_ms()
        refused: list[dict[str, Any]] = list(reversed(contents.get("refused") or []))
        rows = {f"{record['ts_ms']} {number}": record for number, record in enumerate(refused)}
        set_title(self, f"Refused, missed, given up · {len(rows)}" if rows else "Refused, missed, given up")

        def row_of(key: str) -> Sequence[Cell]:
            record = rows.get(key)
            return _row(record, now, zone) if record is not None else ()

        self.show(list(rows), row_of)


def _row(record: dict[str, Any], now: int, zone: str) -> Sequence[Cell]:
    why = " · ".join(say.plain(record[name]) for name in ("reason", "rule", "detail") if record.get(name))
    return (say.when(record["ts_ms"], now, zone), "quiet"), (say.plain(record["what"]), "bad"), why
