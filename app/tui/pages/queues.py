"""Queues: who runs, who waits and in which order; what waits in a group, and what it refused."""

from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from app.errors import ProblemError
from app.tui import say
from app.tui.confirm import Confirm
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.queues_table import QueuesTable, is_counting
from app.tui.widgets.refused_table import RefusedTable
from app.tui.widgets.waiting_table import WaitingTable


class QueuesPage(Page):
    """The groups above; what waits in the selected one and what it refused below."""

    NAME = "queues"
    TITLE = "Queues"
    SHORT = "Que"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"groups", "status", "runs", "tasks", "audit"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", tooltip="Try the selected group again without waiting", id="queues.retry"),
        Binding("s", "cancel", "Cancel", tooltip="Stop the selected group's run", id="queues.cancel"),
        Binding("d,delete", "drop", "Drop", tooltip="Drop the selected message or task run", id="queues.drop"),
        Binding("D", "drop_all", "Drop all", tooltip="Drop all that waits in the group", id="queues.drop-all"),
        Binding("p", "pause", "Pause", tooltip="Pause or resume the selected group", id="queues.pause"),
        Binding("escape", "leave", "Back", show=False, tooltip="Back to the groups", id="queues.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._contents: dict[str, Any] = {}
        self._asked: str | None = None
        self._stale = True

    def compose(self) -> ComposeResult:
        """Groups, then the mailbox and the refusals."""
        yield QueuesTable()
        with Horizontal():
            yield WaitingTable()
            yield RefusedTable()

    def on_mount(self) -> None:
        """Times are counted, and what is out of date is asked for anew, once a second."""
        self.set_interval(1.0, self._each_second)

    def opened(self) -> None:
        """Ask what waits."""
        self._load()

    def first_focus(self) -> Widget:
        """The groups."""
        return self.query_one(QueuesTable)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw the groups; what waits is asked for within a second."""
        self.query_one(QueuesTable).show_live(live)
        self._show_contents()
        if self._asked != self.folder:
            self._load()
        elif new & {"groups", "runs", "audit"}:
            self._stale = True

    @property
    def folder(self) -> str | None:
        """The selected group."""
        return self.query_one(QueuesTable).selected

    def _each_second(self) -> None:
        if self.dashboard.page is not self or len(self.dashboard.screen_stack) > 1:
            return
        if is_counting(self.live):
            self.query_one(QueuesTable).show_live(self.live)
        if self._stale:
            self._load()

    @work(group="queue", exclusive=True)
    async def _load(self) -> None:
        folder = self.folder
        if folder is None or not self.live.connected:
            return
        self._asked, self._stale = folder, False
        try:
            self._contents = await self.dashboard.request("queue", folder=folder)
        except ProblemError as error:  # what is shown stays; the strip says what is wrong
            self.query_one(WaitingTable).empty(say.plain(error.message, 80))
            return
        self._show_contents()

    def _show_contents(self) -> None:
        shown = self._contents if self._contents.get("folder") == self.folder else {"folder": self.folder}
        self.query_one(WaitingTable).show_contents(shown, self.live)
        self.query_one(RefusedTable).show_contents(shown, self.live.zone)

    @on(LineTable.Moved, "#queues-table")
    def _moved(self) -> None:
        self._show_contents()
        self._load()

    @on(LineTable.Chosen, "#queues-table")
    def _chosen(self) -> None:
        self.query_one(WaitingTable).focus()

    def action_leave(self) -> None:
        """Back to the groups."""
        self.first_focus().focus()

    # --- what is done ---

    def action_retry(self) -> None:
        """Hand the group's failed messages over again now."""
        group = self._group()
        if group.get("retry_ms"):
            self._do("queue.retry", "It is tried again as soon as there is a slot.", folder=group["folder"])
        else:
            self.notify("Nothing waits for a retry in the selected group.")

    def action_cancel(self) -> None:
        """Stop the group's run."""
        group = self._group()
        if group.get("state") == "running":
            self._do("run.cancel", "The run is cancelled.", folder=group["folder"])
        else:
            self.notify("Nothing runs in the selected group.")

    def action_pause(self) -> None:
        """Pause or resume the group."""
        group = self._group()
        if group:
            self._do("group.resume" if group.get("paused") else "group.pause", "", folder=group["folder"])

    def action_drop(self) -> None:
        """Drop the message or task run that the cursor is on, after a question."""
        thing, folder = self.query_one(WaitingTable).thing, self._contents.get("folder")
        if thing is None or folder is None:
            self.notify("Nothing waits in the selected group.")
            return
        task = self.live.tasks.get(str(thing.get("task") or ""), {})
        words = say.plain(thing.get("text") or task.get("prompt") or thing["id"], 60)
        self._ask(f"Drop “{words}”? Nobody will answer it.", folder=folder, id=thing["id"])

    def action_drop_all(self) -> None:
        """Drop all that waits in the group, after a question."""
        table, folder = self.query_one(WaitingTable), self._contents.get("folder")
        if not table.row_count or folder is None:
            self.notify("Nothing waits in the selected group.")
            return
        name = say.plain(self._group().get("name", folder), 30)
        question = f"Drop all {table.row_count} that wait in {name}? Nobody will answer them."
        self._ask(question, folder=folder, all=True)

    def _ask(self, question: str, **args: Any) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._do("queue.drop", "Dropped.", **args)

        self.dashboard.push_screen(Confirm(question), answered)

    def _do(self, name: str, done: str, **args: Any) -> None:
        self._stale = True
        self.dashboard.perform(name, done=done, **args)

    def _group(self) -> dict[str, Any]:
        return self.live.groups.get(self.folder or "", {})
