"""Audit: what was decided, by which rule, as it happens; searched, paused, read in full, exported."""

import json
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from app.cli.times import Times
from app.errors import ProblemError, UsageError
from app.tui import audit_filter, limits, say
from app.tui.audit_filter import AuditFilter
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.audit_table import AuditTable, key_of
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.steady_text import SteadyText
from app.tui.widgets.titles import set_title

FIELDS = ("decision", "what", "actor", "folder", "rule", "reason", "detail", "host", "version", "origin")


class AuditPage(Page):
    """Filter line, table, the selected record in full, the state of the chain."""

    NAME = "audit"
    TITLE = "Audit"
    SHORT = "Aud"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"audit", "status"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", tooltip="words, group: kind: decision: host: since:2h", id="audit.filter"),
        Binding("space", "hold", "Hold", tooltip="Stand still, or go on with what came meanwhile", id="audit.hold"),
        Binding("f", "follow", "Follow", tooltip="Go to the newest record and stay there", id="audit.follow"),
        Binding("o", "older", "Older", tooltip="Load records from before the first one", id="audit.older"),
        Binding("x", "export", "Export", tooltip="Write what is shown to a file, as JSON lines", id="audit.export"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the selected record as JSON", id="audit.copy"),
        Binding("escape", "leave", "Back", show=False, tooltip="Clear the filter", id="audit.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._filter = AuditFilter()
        self._older: list[dict[str, Any]] = []
        self._held: list[dict[str, Any]] | None = None
        self._shown: list[dict[str, Any]] = []
        self._chain = Text("chain: not asked yet", "dim")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        placeholder = "filter: deny  group:family  kind:task  host:example.org  -actor:box  since:2h"
        yield Input(placeholder=placeholder, id="audit-filter")
        yield Static(id="audit-problem", classes="error")
        with Horizontal():
            yield AuditTable()
            yield VerticalScroll(SteadyText(id="audit-text"), id="audit-detail")
        yield SteadyText(id="audit-chain")

    def on_mount(self) -> None:
        """The filter line shows when it is wanted."""
        self.query_one("#audit-filter").display = False
        self.query_one("#audit-detail").border_title = "Record"

    def opened(self) -> None:
        """Ask how the chain stands."""
        self._ask_chain()

    def first_focus(self) -> Widget:
        """The table."""
        return self.query_one(AuditTable)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw the rows in view."""
        records = self._held if self._held is not None else self._merged(live)
        self._shown = [record for record in records if self._filter.holds(record)]
        table = self.query_one(AuditTable)
        table.empty("nothing matches (Escape clears the filter)" if self._filter else "nothing was decided yet")
        table.show_records(self._shown, live.zone)
        held = " · standing still (Space goes on)" if self._held is not None else ""
        title = f"Audit · {len(self._shown)}" + (f" of {len(records)}" if self._filter else "") + held
        set_title(table, title, "" if table.following else "f goes to the newest")
        self.query_one("#audit-chain", SteadyText).update(self._chain)
        self._show_record()

    def _merged(self, live: LiveData) -> list[dict[str, Any]]:
        """What was loaded from before, then what is live; nothing twice."""
        if not self._older:
            return list(live.audit)
        known = {key_of(record) for record in live.audit}
        return [record for record in self._older if key_of(record) not in known] + list(live.audit)

    # --- what is shown ---

    def action_filter(self) -> None:
        """Write what to look for."""
        line = self.query_one("#audit-filter", Input)
        line.display = True
        line.focus()

    @on(Input.Changed, "#audit-filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        problem = self.query_one("#audit-problem", Static)
        try:
            self._filter = audit_filter.parse(event.value, say.now_ms(), Times(self.live.zone))
        except UsageError as error:
            problem.update(Text(f"{error.message}; {error.remedy}"))
            problem.display = True
            return
        problem.display = False
        self._again()

    @on(Input.Submitted, "#audit-filter")
    def _filter_done(self) -> None:
        self.query_one("#audit-filter").display = bool(self._filter)
        self.first_focus().focus()

    def action_leave(self) -> None:
        """Clear the filter and go back to the table."""
        line = self.query_one("#audit-filter", Input)
        line.value = ""
        line.display = False
        self.first_focus().focus()

    def action_hold(self) -> None:
        """Stand still, or go on."""
        self._held = self._merged(self.live) if self._held is None else None
        self._again()

    def action_follow(self) -> None:
        """Go to the newest record and stay there."""
        self._held = None
        self._again()
        self.query_one(AuditTable).action_edge(-1)

    @work(group="audit", exclusive=True)
    async def action_older(self) -> None:
        """Load records from before the first one."""
        first = next(iter(self._merged(self.live)), None)
        before = {"before": first["id"]} if first is not None and "id" in first else {}
        try:
            older = await self.dashboard.request("audit", limit=limits.AUDIT_PAGE, **before)
        except ProblemError as error:
            self.dashboard.complain(error)
            return
        if not older:
            self.notify("That is the first record that the laptop has.")
        self._older = [*older, *self._older][-limits.AUDIT_OLDER :]
        self._again()

    @on(LineTable.Moved, "#audit-table")
    def _moved(self) -> None:
        self._show_record()

    def _show_record(self) -> None:
        record = self.query_one(AuditTable).record
        text = Text()
        if record is not None:
            text.append(Times(self.live.zone).second(int(record["ts_ms"])) + "\n\n", "bold")
            for name in FIELDS:
                if record.get(name):
                    text.append(f"{name:<9}", "dim")
                    text.append(say.plain_lines(record[name]) + "\n")
        self.query_one("#audit-text", SteadyText).update(text)

    def _again(self) -> None:
        self.show_live(self.live, {"audit"})

    @work(group="chain", exclusive=True)
    async def _ask_chain(self) -> None:
        try:
            broker = await self.dashboard.request("broker")
        except ProblemError as error:
            self._chain = Text(f"chain: {say.plain(error.message)}", "dim")
        else:
            self._chain = chain_line(broker.get("audit") or {})
        self.query_one("#audit-chain", SteadyText).update(self._chain)

    # --- what is done ---

    def action_copy(self) -> None:
        """To the clipboard, over SSH too."""
        record = self.query_one(AuditTable).record
        if record is not None:
            self.dashboard.copy_to_clipboard(json.dumps(record, ensure_ascii=False))
            self.notify("copied")

    def action_export(self) -> None:
        """Write what is shown to a new file in the folder for exports."""
        if not self._shown:
            self.notify("Nothing is shown.", severity="warning")
            return
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in self._shown)
        try:
            path = self.dashboard.export("audit", ".jsonl", text)
        except OSError as error:
            self.dashboard.complain(ProblemError(f"not exported: {error}", "make room, or the folder writable"))
            return
        self.notify(f"{len(self._shown)} records in {path}", timeout=8, markup=False)


def chain_line(audit: dict[str, Any]) -> Text:
    """How the chain stands, in one line."""
    state = say.plain(audit.get("state") or "unknown")
    text = Text("chain: ", "dim", no_wrap=True, overflow="ellipsis")
    if state == "ok":
        text.append("✓ written and synced", "green")
    else:
        text.append(f"✕ {state}: {say.plain(audit.get('message') or '')}", "bold red")
    if audit.get("n"):
        text.append(f" · {audit['n']} records", "dim")
    text.append(" · to check it: barnacle audit verify", "dim")
    return text
