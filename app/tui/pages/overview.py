"""Overview: groups, the box, and a chat beside them."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input

from app.errors import ProblemError
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.chat_panel import ChatPanel
from app.tui.widgets.groups_table import GroupsTable
from app.tui.widgets.health_panel import HealthPanel
from app.tui.widgets.line_table import LineTable


class OverviewPage(Page):
    """What goes on, at a glance."""

    NAME = "overview"
    TITLE = "Overview"
    SHORT = "Ovw"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"groups", "tasks", "status", "chat"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "chat", "Chat", tooltip="Write to the selected group", id="overview.chat"),
        Binding("p", "pause", "Pause", tooltip="Pause or resume the selected group", id="overview.pause"),
        Binding("escape", "leave", "Back", show=False, tooltip="From the line back to the groups", id="overview.back"),
    ]

    def compose(self) -> ComposeResult:
        """Groups and health to the left, chat to the right."""
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

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw what is new."""
        if new & {"status", "connection"}:
            self.query_one(HealthPanel).show_live(live)
        if new & {"groups", "tasks"}:
            self.query_one(GroupsTable).show_live(live)
        if new & {"chat", "groups"}:
            self.query_one(ChatPanel).show_live(live)

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
