"""Overview: groups, the box, and a chat beside them."""

from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input

from app.errors import ProblemError
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.asks_panel import AsksPanel
from app.tui.widgets.chat_panel import ChatPanel
from app.tui.widgets.groups_table import GroupsTable
from app.tui.widgets.health_panel import HealthPanel
from app.tui.widgets.line_table import LineTable


class OverviewPage(Page):
    """What goes on, at a glance."""

    NAME = "overview"
    TITLE = "Overview"
    SHORT = "Ovw"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"groups", "tasks", "status", "chat", "asks"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "chat", "Chat", tooltip="Write to the selected group", id="overview.chat"),
        Binding("p", "pause", "Pause", tooltip="Pause or resume the selected group", id="overview.pause"),
        Binding("a", "answer('once')", "Approve", tooltip="Say yes to what a run asks", id="overview.approve"),
        Binding("f", "answer('15min')", "15 min", tooltip="Yes, for 15 minutes to the same", id="overview.approve-15"),
        Binding("x", "answer('deny')", "Deny", tooltip="Say no to what a run asks", id="overview.deny"),
        Binding("escape", "leave", "Back", show=False, tooltip="From the line back to the groups", id="overview.back"),
    ]

    def compose(self) -> ComposeResult:
        """What waits for an answer on top; groups and health to the left, chat to the right."""
        yield AsksPanel()
        with Horizontal():
            with Vertical(id="left"):
                yield GroupsTable()
                yield HealthPanel(id="health")
            yield ChatPanel()

    def first_focus(self) -> Widget:
        """The groups."""
        return self.query_one(GroupsTable)

    def opened(self) -> None:
        """Load the chat that is shown."""
        self._open_chat(self.query_one(ChatPanel).folder)

    def on_mount(self) -> None:
        """A countdown goes on by itself."""
        self.set_interval(1.0, self._count_down)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw what is new."""
        if new & {"asks", "groups"}:
            self.query_one(AsksPanel).show_live(live)
            self.refresh_bindings()
        if new & {"status", "connection"}:
            self.query_one(HealthPanel).show_live(live)
        if new & {"groups", "tasks"}:
            self.query_one(GroupsTable).show_live(live)
        if new & {"chat", "groups"}:
            self.query_one(ChatPanel).show_live(live)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Answers are offered while something waits for one; a question has no fifteen minutes."""
        if action != "answer":
            return True
        shown = self._shown_ask()
        return shown is not None and (parameters != ("15min",) or bool(shown["port"]))

    def action_answer(self, answer: str) -> None:
        """Answer the ask that is shown, though another one may be the oldest by now."""
        shown = self._shown_ask()
        if shown is not None:
            self.dashboard.perform("ask.answer", id=shown["id"], answer=answer)

    def _shown_ask(self) -> dict[str, Any] | None:
        panels = self.query(AsksPanel)
        return panels.first().shown if panels else None

    def _count_down(self) -> None:
        panel = self.query_one(AsksPanel)
        if panel.display:
            panel.show_live(self.live)
            self.refresh_bindings()

    def action_chat(self) -> None:
        """Write to the selected group."""
        self._open_chat(self.query_one(GroupsTable).selected or "main")
        self.query_one("#line", Input).focus()

    def action_leave(self) -> None:
        """From the chat line back to the groups."""
        self.first_focus().focus()

    def action_pause(self) -> None:
        """Pause or resume the selected group."""
        group = self.live.groups.get(self.query_one(GroupsTable).selected or "")
        if group is not None:
            self.dashboard.perform("group.resume" if group.get("paused") else "group.pause", folder=group["folder"])

    @on(LineTable.Chosen, "#groups")
    def _group_chosen(self) -> None:
        self.action_chat()

    @on(ChatPanel.Said)
    def _said(self, event: ChatPanel.Said) -> None:
        self.dashboard.perform("send", folder=event.folder, text=event.text)

    @work(group="chats", exclusive=True)
    async def _open_chat(self, folder: str) -> None:
        chat = self.query_one(ChatPanel)
        if chat.folder != folder:
            chat.switch(folder)
        try:
            await self.dashboard.feed.open_chat(folder)
        except ProblemError:
            return  # the strip says what is wrong, and the feed loads the chat once it is connected
