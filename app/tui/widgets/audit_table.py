"""Audit records as a table that follows its end until one looks elsewhere."""

from collections.abc import Sequence
from typing import Any

from app.tui import say
from app.tui.widgets.line_table import Cell, Column, LineTable

SIGNS = {"allow": ("✓", "good"), "deny": ("✕", "bad"), "ask": ("?", "warn"), "info": ("·", "quiet")}
COLUMNS = (
    Column("time", 8),
    Column("", 1),
    Column("kind", 15, grow=1),
    Column("who", 12, grow=1),
    Column("group", 10, grow=1, hide_below=60),
    Column("rule", 14, grow=1, hide_below=100),
    Column("why", 16, grow=5),
)


class AuditTable(LineTable):
    """`show_records` oldest first. While the cursor is on the last record it stays on the last one."""

    BORDER_TITLE = "Audit"

    def __init__(self) -> None:
        super().__init__(COLUMNS, id="audit-table")
        self._records: dict[str, dict[str, Any]] = {}
        self._known: dict[int, tuple[str, dict[str, Any]]] = {}  # keeps the records, so their ids stay theirs
        self._zone = "UTC"

    @property
    def following(self) -> bool:
        """True while the cursor is on the newest record."""
        return self.selected is None or self.selected == next(reversed(self._records), None)

    @property
    def record(self) -> dict[str, Any] | None:
        """The record under the cursor."""
        return self._records.get(self.selected or "")

    def show_records(self, records: Sequence[dict[str, Any]], zone: str) -> None:
        """Draw the ones in view."""
        follow = self.following
        self._zone = zone
        known, self._known = self._known, {}
        for record in records:
            self._known[id(record)] = known.get(id(record)) or (key_of(record), record)
        self._records = dict(self._known.values())
        self.show(list(self._records), self._cells)
        if follow:
            self.action_edge(-1)

    def _cells(self, key: str) -> Sequence[Cell]:
        record = self._records.get(key)
        if record is None:
            return ()
        decision = str(record.get("decision"))
        why = " · ".join(say.plain(record[part]) for part in ("reason", "detail") if record.get(part))
        return (
            (say.clock(int(record["ts_ms"]), self._zone), "quiet"),
            SIGNS.get(decision, ("·", "")),
            (say.plain(record.get("what", "")), "bad" if decision == "deny" else ""),
            say.plain(record.get("actor") or ""),
            say.plain(record.get("folder") or ""),
            (say.plain(record.get("rule") or ""), "quiet"),
            (why, "quiet"),
        )


def key_of(record: dict[str, Any]) -> str:
    """What tells records apart, however they came: live ones have no number yet."""
    parts = (record.get(name) or "" for name in ("ts_ms", "what", "actor", "folder", "decision", "rule", "detail"))
    return "\x1f".join(str(part) for part in parts)
