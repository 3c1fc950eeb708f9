"""What waits for the owner's decision: the oldest ask in full, the others counted; gone when none does."""

import time
from typing import Any

from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.tones import tone
from app.tui.widgets.steady_text import SteadyText
from app.tui.widgets.titles import set_title

TEXT_CHARS = 200
LOOK_S = 0.5


class AsksPanel(SteadyText):
    """Drawn anew every second while an ask waits. Everything a run wrote is plain text, never markup."""

    BORDER_TITLE = "A run asks you"

    def __init__(self) -> None:
        super().__init__(id="asks")
        self.display = False
        self.shown: dict[str, Any] | None = None
        self._shown_at = 0.0

    @property
    def read(self) -> bool:
        """Whether the ask has been there long enough to be the one that a key is meant for."""
        return time.monotonic() - self._shown_at >= LOOK_S

    def show_live(self, live: LiveData) -> None:
        """Draw the oldest open ask, or go. `shown` is the ask that a reader has in front of him."""
        asks = open_asks(live)
        self.display = bool(asks)
        before, self.shown = self.shown, asks[0] if asks else None
        if self.shown is not None and (before is None or before["id"] != self.shown["id"]):
            self._shown_at = time.monotonic()
        if asks:
            set_title(self, self.BORDER_TITLE, f"1 of {len(asks)}" if len(asks) > 1 else "")
            self.update(_words(self, asks[0], live))


def open_asks(live: LiveData) -> list[dict[str, Any]]:
    """The asks that wait for an answer, oldest first; one whose time is over is left out before the box says so."""
    now = say.now_ms()
    waiting = [ask for ask in live.asks.values() if ask["state"] == "open" and ask["expires_ms"] > now]
    return sorted(waiting, key=lambda ask: ask["n"])


def _words(panel: AsksPanel, ask: dict[str, Any], live: LiveData) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    group = live.groups.get(ask["folder"], {}).get("name", ask["folder"])
    left_s = max(0, ask["expires_ms"] - say.now_ms()) // 1000
    text.append(say.plain(group, 24), "bold")
    text.append(f"  {say.plain(ask['tool'], 40)} ")
    text.append(say.plain(" ".join(part for part in (ask["method"], ask["host"]) if part), 80), "bold")
    text.append(f"  {left_s} s left\n", tone(panel, "warn"))
    text.append(say.plain(ask["args"], TEXT_CHARS) + "\n")
    text.append(say.plain(ask["why"], TEXT_CHARS), "dim")
    return text
