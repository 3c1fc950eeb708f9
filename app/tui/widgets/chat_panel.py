"""The chat with one group, as its owner."""

from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, RichLog

from app.tui import limits, say
from app.tui.live import LiveData

LOG_LINES = limits.CHAT_MESSAGES * 4


class ChatPanel(Vertical):
    """History and a line to write in. Posts `Said`; the text never becomes markup."""

    class Said(Message):
        """The owner wrote a line to a group."""

        def __init__(self, folder: str, text: str) -> None:
            super().__init__()
            self.folder = folder
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="chat")
        self.folder = "main"
        self._shown: list[Any] = []
        self.border_title = "Chat"

    def compose(self) -> ComposeResult:
        """History above, input below."""
        yield RichLog(id="history", markup=False, highlight=False, wrap=True, max_lines=LOG_LINES, min_width=20)
        yield Input(id="line", placeholder="Write to the group, Enter sends", max_length=4096)

    def switch(self, folder: str) -> None:
        """Show another group's chat."""
        self.folder = folder
        self._shown = []
        self.query_one("#history", RichLog).clear()

    def show_live(self, live: LiveData) -> None:
        """Append what is new; redraw when the history was replaced."""
        group = live.groups.get(self.folder, {})
        self.border_title = f"Chat · {say.plain(group.get('name', self.folder))}"
        trigger = group.get("trigger", "") if group.get("requires_trigger") else ""
        self.border_subtitle = f"answers to {say.plain(trigger)}" if trigger else ""
        messages: list[Any] = list(live.chats.get(self.folder, ()))
        keys = [message.get("n") for message in messages]
        log = self.query_one("#history", RichLog)
        if self._shown != keys[: len(self._shown)]:
            log.clear()
            self._shown = []
        for message in messages[len(self._shown) :]:
            log.write(self._line(message, live.zone))
        self._shown = keys

    def _line(self, message: dict[str, Any], zone: str) -> Text:
        line = Text()
        line.append(say.clock(int(message["ts_ms"]), zone)[:5] + " ", "dim")
        style = "bold cyan" if message["from_me"] else "bold"
        line.append(say.plain(message.get("sender_name") or ("Barnacle" if message["from_me"] else "?"), 20), style)
        line.append("  " + say.plain_lines(message["text"]))
        return line

    @on(Input.Submitted, "#line")
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text:
            event.input.value = ""
            self.post_message(self.Said(self.folder, text))
