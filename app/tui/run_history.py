"""The runs of one task, with result, duration and log."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from app.tui import say
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

COLUMNS = (
    Column("started", 14),
    Column("state", 11),
    Column("took", 8, align="right"),
    Column("try", 3, align="right"),
    Column("result", 20, grow=1),
)
STATES = {"done": "good", "failed": "bad", "running": "accent", "queued": "warn", "interrupted": "warn"}


class RunHistory(ModalScreen[None]):
    """`runs` newest last, as the host answers; the newest is shown first. The selected one is shown in full below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,h", "dismiss", "Close"),
        Binding("y", "copy", "Copy", tooltip="Copy this run's text"),
    ]

    def __init__(self, title: str, runs: Sequence[dict[str, Any]], zone: str) -> None:
        super().__init__()
        self._title = title
        self._runs = {str(run["id"]): run for run in reversed(runs)}
        self._zone = zone

    def compose(self) -> ComposeResult:
        """The table above, one run's text below."""
        with Vertical(id="history-box") as box:
            set_title(box, f"Runs · {say.plain(self._title, 50)}", "Escape closes · y copies")
            yield LineTable(COLUMNS, empty="it has not run yet", id="runs")
            yield VerticalScroll(Static(id="run-text"), id="run-log")

    def on_mount(self) -> None:
        """Show what was handed over."""
        table = self.query_one(LineTable)
        table.show(list(self._runs), self._row)
        table.focus()
        self._show(table.selected)

    @on(LineTable.Moved)
    def _moved(self, event: LineTable.Moved) -> None:
        self._show(event.key)

    def action_copy(self) -> None:
        """To the clipboard, over SSH too."""
        run = self._runs.get(self.query_one(LineTable).selected or "")
        if run is not None:
            self.app.copy_to_clipboard(_said(run))  # pyright: ignore[reportUnknownMemberType]  generic in the library
            self.notify("copied")

    def _row(self, key: str) -> Sequence[Cell]:
        run = self._runs[key]
        began, ended = run.get("started_ms"), run.get("ended_ms")
        return (
            say.when(began or run.get("queued_ms"), say.now_ms(), self._zone),
            (str(run["state"]), STATES.get(str(run["state"]), "")),
            f"{(ended - began) / 1000:.1f} s" if began and ended else "",
            str(run.get("attempt") or 1),
            say.plain(_said(run)),
        )

    def _show(self, key: str | None) -> None:
        run = self._runs.get(key or "")
        text = Text()
        if run is not None:
            text.append(say.plain_lines(_said(run)) or "it said nothing", "red" if run.get("error") else "")
            text.append(f"\n\n{say.plain(run['id'])}", "dim")
        self.query_one("#run-text", Static).update(text)


def _said(run: dict[str, Any]) -> str:
    return "\n".join(str(run[part]) for part in ("error", "result") if run.get(part))
