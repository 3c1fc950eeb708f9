"""The tail of the audit: what was decided, for whom, by which rule."""

from typing import Any

from rich.text import Text
from textual.widgets import RichLog

from app.tui import limits, say
from app.tui.live import LiveData

SIGNS = {"allow": ("✓", "green"), "deny": ("✕", "bold red"), "info": ("·", "dim"), "ask": ("?", "yellow")}


class AuditPanel(RichLog):
    """Appends what is new; starts over when the list was replaced."""

    BORDER_TITLE = "Audit"

    def __init__(self) -> None:
        super().__init__(id="audit-log", markup=False, highlight=False, wrap=False, max_lines=limits.AUDIT_LINES)
        self._shown: list[dict[str, Any]] = []

    def show_live(self, live: LiveData) -> None:
        """Draw the entries that are not there yet."""
        entries = list(live.audit)
        new = self._new(entries)
        if new is None:
            self.clear()
            new = entries
        for entry in new:
            self.write(self._line(entry, live.zone))
        self._shown = entries

    def _new(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        """The entries after the last one shown; None when that one is no longer among them."""
        if not self._shown:
            return entries
        last = self._shown[-1]
        for index in range(len(entries) - 1, -1, -1):
            if entries[index] is last or entries[index] == last:
                return entries[index + 1 :]
        return None

    def _line(self, entry: dict[str, Any], zone: str) -> Text:
        sign, style = SIGNS.get(str(entry.get("decision")), ("·", ""))
        line = Text(no_wrap=True)
        line.append(say.clock(int(entry["ts_ms"]), zone) + " ", "dim")
        line.append(f"{sign} ", style)
        line.append(f"{say.plain(entry.get('what'), 18):<18} ", "bold" if sign == "✕" else "")
        who = " ".join(say.plain(entry.get(key)) for key in ("actor", "folder") if entry.get(key))
        line.append(f"{who:<20} ")
        line.append(" · ".join(say.plain(entry.get(key)) for key in ("reason", "detail") if entry.get(key)), "dim")
        return line
