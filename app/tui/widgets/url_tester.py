"""What would happen to this URL: three fields, and the verdict below them as one types."""

from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from app.tui import say

PAUSE_S = 0.4
STYLES = {
    "allow": ("✓ allowed", "bold green"),
    "ask": ("? you are asked", "bold yellow"),
    "deny": ("✕ denied", "bold red"),
}
HINT = "what would happen to a request (t)"


class UrlTester(Vertical):
    """Posts `Asked` a moment after the last key; `show` and `complain` draw the answer."""

    BORDER_TITLE = "Try a URL"

    @dataclass
    class Asked(Message):
        """The request to be judged. `number` grows with each, so that a late answer to an older one is known."""

        url: str
        method: str
        group: str
        number: int

    def __init__(self) -> None:
        super().__init__(id="tester")
        self._number = 0
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """The fields in one line."""
        with Horizontal(id="tester-fields"):
            yield Input(placeholder="https://api.example/v1", id="test-url")
            yield Input(placeholder="GET", id="test-method")
            yield Input(placeholder="any group", id="test-group")
        yield Static(Text(HINT, "dim"), id="test-verdict")

    def enter(self, url: str = "") -> None:
        """Begin to write."""
        line = self.query_one("#test-url", Input)
        if url:
            line.value = url
        line.focus()

    def again(self) -> None:
        """The rules have changed: judge anew what stands there."""
        if self.query_one("#test-url", Input).value.strip():
            self._ask()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._number += 1
        if self.query_one("#test-url", Input).value.strip():
            self._pause = self.set_timer(PAUSE_S, self._ask)
        else:
            self._say(Text(HINT, "dim"))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.again()

    def _ask(self) -> None:
        self._number += 1
        fields = (self.query_one(f"#test-{name}", Input) for name in ("url", "method", "group"))
        url, method, group = (field.value.strip() for field in fields)
        if "://" not in url:
            url = f"https://{url}"
        self.post_message(self.Asked(url, method.upper() or "GET", group, self._number))

    def show(self, number: int, said: dict[str, Any]) -> None:
        """The verdict on the request of that number."""
        if number != self._number:
            return
        words, style = STYLES.get(str(said.get("effect")), (say.plain(said.get("effect")), "bold red"))
        text = Text(words, style)
        text.append(f" by {say.plain(said.get('rule'))}", "bold")
        text.append(f": {say.plain(said.get('reason'))}")
        addresses: list[dict[str, Any]] = said.get("addresses") or []
        for one in addresses:
            text.append(f"\n{say.plain(one['address'])} ", "dim")
            denied: dict[str, Any] | None = one.get("denied")
            text.append(f"{say.plain(one['class'])}", "red" if denied else "green")
        if said.get("remedy"):
            text.append(f"\n{say.plain(said['remedy'])}", "dim")
        self._say(text)

    def complain(self, number: int, message: str) -> None:
        """It could not be judged."""
        if number == self._number:
            self._say(Text(say.plain(message), "yellow"))

    def _say(self, text: Text) -> None:
        self.query_one("#test-verdict", Static).update(text)
