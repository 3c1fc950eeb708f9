"""Overview: what waits for an answer, the groups, what runs and comes next, the box."""

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.pages.chat import ChatPage
from app.tui.widgets.asks_panel import AsksPanel
from app.tui.widgets.groups_table import GroupsTable
from app.tui.widgets.health_panel import HealthPanel
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.running_panel import RunningPanel


class OverviewPage(Page):
    """What goes on, at a glance."""

    NAME = "overview"
    TITLE = "Overview"
    SHORT = "Ovw"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"groups", "tasks", "status", "runs", "chat", "asks", "spend"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "chat", "Chat", tooltip="Write to the selected group", id="overview.chat"),
        Binding("p", "pause", "Pause", tooltip="Pause or resume the selected group", id="overview.pause"),
        Binding("a", "answer('once')", "Approve", tooltip="Say yes to what a run asks", id="overview.approve"),
        Binding("f", "answer('15min')", "15 min", tooltip="Yes, for 15 minutes to the same", id="overview.approve-15"),
        Binding("x", "answer('deny')", "Deny", tooltip="Say no to what a run asks", id="overview.deny"),
        Binding("s", "cancel", "Cancel run", tooltip="Stop the selected group's run", id="overview.cancel"),
    ]

    def compose(self) -> ComposeResult:
        """What waits for an answer on top; groups and the box to the left, what runs and comes next to the right."""
        yield AsksPanel()
        with Horizontal():
            with Vertical(id="left"):
                yield GroupsTable()
                yield HealthPanel(id="health")
            yield RunningPanel()

    def first_focus(self) -> Widget:
        """The groups."""
        return self.query_one(GroupsTable)

    def on_mount(self) -> None:
        """A countdown goes on by itself."""
        self.set_interval(1.0, self._count_down)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw what is new."""
        if new & {"asks", "groups"}:
            self._show_ask(live)
        if new & {"status", "connection", "spend"}:
            self.query_one(HealthPanel).show_live(live)
        if new & {"groups", "tasks", "spend"}:
            self.query_one(GroupsTable).show_live(live)
        if new & {"runs", "chat", "tasks", "groups"}:
            self.query_one(RunningPanel).show_live(live)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Answers are offered while something waits for one; a question has no fifteen minutes."""
        if action != "answer":
            return True
        shown = self._shown_ask()
        return shown is not None and (parameters != ("15min",) or bool(shown["port"]))

    def action_answer(self, answer: str) -> None:
        """Answer the ask that is shown, though another one may be the oldest by now."""
        shown = self._shown_ask()
        if shown is not None and not self.query_one(AsksPanel).read:
            self.notify("This question has only just come up: look at it, then answer.")
        elif shown is not None:
            self.dashboard.perform("ask.answer", id=shown["id"], answer=answer)

    def _shown_ask(self) -> dict[str, Any] | None:
        panels = self.query(AsksPanel)
        return panels.first().shown if panels else None

    def _show_ask(self, live: LiveData) -> None:
        """The footer is made anew only for another ask: that costs as much as all the rest of the page."""
        panel = self.query_one(AsksPanel)
        before = panel.shown and panel.shown["id"]
        panel.show_live(live)
        if before != (panel.shown and panel.shown["id"]):
            self.refresh_bindings()

    def _count_down(self) -> None:
        if not self.in_view:
            return
        if self.query_one(AsksPanel).display:
            self._show_ask(self.live)
        if any(run.get("state") == "running" for run in self.live.runs.values()):
            self.query_one(RunningPanel).show_live(self.live)

    async def action_chat(self) -> None:
        """Write to the selected group."""
        page = await self.dashboard.open_page(ChatPage.NAME)
        if isinstance(page, ChatPage):
            page.switch(self.query_one(GroupsTable).selected or "main")

    def action_cancel(self) -> None:
        """Stop the selected group's run."""
        group = self.live.groups.get(self.query_one(GroupsTable).selected or "", {})
        if group.get("state") == "running":
            self.dashboard.perform("run.cancel", done="The run is cancelled.", folder=group["folder"])
        else:
            self.notify("Nothing runs in the selected group.")

    def action_pause(self) -> None:
        """Pause or resume the selected group."""
        group = self.live.groups.get(self.query_one(GroupsTable).selected or "")
        if group is not None:
            self.dashboard.perform("group.resume" if group.get("paused") else "group.pause", folder=group["folder"])

    @on(LineTable.Chosen, "#groups")
    async def _group_chosen(self) -> None:
        await self.action_chat()
