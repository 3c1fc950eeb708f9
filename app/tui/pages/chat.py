"""Chat: any group as its owner; replies grow as they come, tool steps are folded, the history can be searched."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input

from app.errors import ProblemError
from app.tui import limits, say
from app.tui.chat_blocks import Known, blocks
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.message_log import MessageLog
from app.tui.widgets.titles import set_title

COLUMNS = (Column("group", 10, grow=1), Column("new", 3, align="right"))


class ChatPage(Page):
    """Groups, the conversation with one of them, a line to write in."""

    NAME = "chat"
    TITLE = "Chat"
    SHORT = "Cht"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"chat", "groups", "audit"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", tooltip="Find words in this conversation", id="chat.search"),
        Binding("n", "find_older", "Next", show=False, tooltip="The next older one with these words", id="chat.next"),
        Binding("t", "steps", "Tool steps", tooltip="Unfold or fold what tools did", id="chat.steps"),
        Binding("o", "older", "Older", tooltip="Load older messages", id="chat.older"),
        Binding("x", "cancel", "Cancel run", tooltip="Stop the group's run", id="chat.cancel"),
        Binding("y", "copy", "Copy", tooltip="Copy the last reply", id="chat.copy"),
        Binding("ctrl+n", "group(1)", "Next group", show=False, tooltip="The next group", id="chat.next_group"),
        Binding("escape", "leave", "Groups", tooltip="To the groups, where letters are keys", id="chat.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.folder = "main"
        self._unfolded = False
        self._seen: dict[str, int] = {}
        self._known: Known = {}

    def compose(self) -> ComposeResult:
        """Groups to the left, the conversation to the right."""
        with Horizontal():
            yield LineTable(COLUMNS, empty="no groups yet", id="chat-groups")
            with Vertical(id="conversation"):
                yield MessageLog(empty="Write something below.", id="log")
                yield Input(placeholder="find …", id="search")
                yield Input(placeholder="Write to the group, Enter sends", max_length=4096, id="write")

    def on_mount(self) -> None:
        """The search line shows when it is wanted."""
        self.query_one("#search").display = False

    def first_focus(self) -> Widget:
        """One opens a chat to write."""
        return self.query_one("#write")

    def opened(self) -> None:
        """Load the conversation."""
        self._load()

    def switch(self, folder: str) -> None:
        """Talk to another group."""
        if folder != self.folder:
            self.folder = folder
            self._draw()
            self._load()

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw what is new."""
        self._draw()

    def _draw(self) -> None:
        live = self.live
        if self.folder not in live.groups and "main" in live.groups:
            self.folder = "main"
        self.query_one(MessageLog).show(blocks(live, self.folder, self._unfolded, self._known))
        group = live.groups.get(self.folder, {})
        trigger = group.get("trigger", "") if group.get("requires_trigger") else ""
        answers = f"answers to {say.plain(trigger)}" if trigger else ""
        set_title(self.query_one("#conversation"), say.plain(group.get("name", self.folder)), answers)
        self._seen[self.folder] = max((int(m["ts_ms"]) for m in live.chats.get(self.folder, ())), default=0)
        table = self.query_one("#chat-groups", LineTable)
        ordered = sorted(live.groups.values(), key=lambda g: (g["folder"] != "main", str(g["name"]).lower()))
        table.show([str(group["folder"]) for group in ordered], self._cells)
        table.select(self.folder)

    def _cells(self, key: str) -> Sequence[Cell]:
        group = self.live.groups.get(key)
        if group is None:
            return ()
        messages = self.live.chats.get(key, ())
        count = sum(bool(m["from_me"]) and int(m["ts_ms"]) > self._seen.get(key, 0) for m in messages)
        running = group.get("state") == "running"
        return (say.plain(group["name"]), ("▶" if running else str(count) if count else "", "good"))

    # --- what is done ---

    @on(LineTable.Moved, "#chat-groups")
    def _group_moved(self, event: LineTable.Moved) -> None:
        if event.key is not None and self.query_one("#chat-groups").has_focus:
            self.switch(event.key)

    @on(LineTable.Chosen, "#chat-groups")
    def _group_chosen(self, event: LineTable.Chosen) -> None:
        if event.key is not None:
            self.switch(event.key)
        self.query_one("#write").focus()

    @on(Input.Submitted, "#write")
    def _said(self, event: Input.Submitted) -> None:
        text = event.input.value.strip()  # not the event's: keys in quick succession would say the same twice
        if text:
            event.input.value = ""
            self.dashboard.perform("send", folder=self.folder, text=text)

    def action_group(self, by: int) -> None:
        """The next group."""
        keys = self.query_one("#chat-groups", LineTable).keys
        if keys:
            self.switch(keys[(keys.index(self.folder) + by) % len(keys)])

    def action_leave(self) -> None:
        """Close the search, else to the groups."""
        line = self.query_one("#search", Input)
        if line.display:
            line.display = False
            line.value = ""
            self.query_one(MessageLog).find("")
            self.query_one("#log").focus()
        else:
            groups = self.query_one("#chat-groups")
            (groups if groups.display else self.query_one("#log")).focus()

    def action_search(self) -> None:
        """Write what to find."""
        line = self.query_one("#search", Input)
        line.display = True
        line.focus()

    @on(Input.Changed, "#search")
    def _search_typed(self, event: Input.Changed) -> None:
        if event.value and not self.query_one(MessageLog).find(event.value):
            self.query_one("#search", Input).border_subtitle = "not found"

    @on(Input.Submitted, "#search")
    def action_find_older(self) -> None:
        """The next older one."""
        words = self.query_one("#search", Input).value
        if words and not self.query_one(MessageLog).find(words):
            self.notify("Not found here; o loads older messages.")
        self.query_one("#log").focus()

    def action_steps(self) -> None:
        """Unfold or fold what tools did."""
        self._unfolded = not self._unfolded
        self._draw()

    def action_cancel(self) -> None:
        """Stop the group's run."""
        if self.live.groups.get(self.folder, {}).get("state") == "running":
            self.dashboard.perform("run.cancel", done="The run is cancelled.", folder=self.folder)
        else:
            self.notify("Nothing runs in this group.")

    def action_copy(self) -> None:
        """The last reply, to the clipboard, over SSH too."""
        replies = [message for message in self.live.chats.get(self.folder, ()) if message["from_me"]]
        if replies:
            self.dashboard.copy_to_clipboard(str(replies[-1]["text"]))
            self.notify("copied")

    @work(group="older", exclusive=True)
    async def action_older(self) -> None:
        """Load older messages."""
        folder = self.folder
        first: dict[str, Any] | None = next(iter(self.live.chats.get(folder, ())), None)
        if first is None:
            return
        try:
            older = await self.dashboard.request("messages", folder=folder, limit=limits.CHAT_PAGE, before_n=first["n"])
        except ProblemError as error:
            self.dashboard.complain(error)
            return
        if not older:
            self.notify("That is the first message that the laptop has.")
            return
        self.live.load_chat(folder, [*older, *self.live.chats.get(folder, ())][: limits.CHAT_MESSAGES])
        self.dashboard.wake()

    @work(group="chats", exclusive=True)
    async def _load(self) -> None:
        try:
            await self.dashboard.feed.open_chat(self.folder)
        except ProblemError:
            return  # the strip says what is wrong, and the feed loads the chat once it is connected
