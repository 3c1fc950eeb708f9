"""The box in numbers: slots, heap, storage, flash, Wi-Fi, uptime, what was spent today, and how old all that is."""

from typing import Any

from rich.text import Text
from textual import events

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.steady_text import SteadyText


class HealthPanel(SteadyText):
    """A few aligned lines, one line where there is room for no more; a dash where the box has not said."""

    BORDER_TITLE = "Box"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._live: LiveData | None = None

    def show_live(self, live: LiveData) -> None:
        """Redraw all lines, the most important first."""
        self._live = live
        self.update(_in_one_line(live) if self.content_size.height == 1 else _in_lines(live))

    def on_resize(self, event: events.Resize) -> None:
        """Another size: perhaps one line, perhaps all."""
        if self._live is not None:
            self.show_live(self._live)


def _in_lines(live: LiveData) -> Text:
    health, slots = live.health, live.slots
    rows = (
        ("state", _state(live)),
        ("spent", _spent(live)),
        ("heap", f"{say.size(health.get('heap_used'))} used, {say.size(health.get('heap_free'))} free"),
        ("storage", _storage(health)),
        ("flash", f"{say.size(health.get('flash_bytes_written'))} written, {health.get('flash_erases', '–')} erases"),
        ("slots", f"{slots.get('used', '–')} of {slots.get('max', '–')} in use"),
        ("up", _uptime(live)),
        ("Wi-Fi", _wifi(health)),
        ("waiting", f"{health.get('spool', '–')} up, {live.host.get('spool_down', '–')} down"),
        ("version", f"box {health.get('version', '–')}, host {live.host.get('version', '–')}"),
    )
    text = Text(no_wrap=True, overflow="ellipsis")
    for name, value in rows:
        text.append(f"{name:<9}", "dim")
        text.append(say.plain(value) + "\n")
    return text


def _in_one_line(live: LiveData) -> Text:
    health = live.health
    up = "–" if live.uptime_s is None else say.age(live.uptime_s)
    text = Text(no_wrap=True, overflow="ellipsis")
    for name, value in (
        ("heap", say.size(health.get("heap_used"))),
        ("flash", say.size(health.get("flash_bytes_written"))),
        ("up", up),
        ("spent", _dollars(live)),
        ("storage", f"{say.size(health.get('storage_free'))} free"),
    ):
        text.append(f"{name} ", "dim")
        text.append(f"{say.plain(value)}  ")
    return text


def _state(live: LiveData) -> str:
    if not live.connected:
        return "unknown (host not reachable)"
    heard = "" if live.health_age_s is None else f", health {say.age(live.health_age_s)} old"
    return ("● online" if live.device.get("online") else "○ not reachable") + heard


def _dollars(live: LiveData) -> str:
    return say.dollars(sum(row.get("micro_usd") or 0 for row in live.spent_today(say.now_ms()).values()))


def _spent(live: LiveData) -> str:
    spent = live.spent_today(say.now_ms()).values()
    calls, tokens = (sum(row.get(name) or 0 for row in spent) for name in ("calls", "input"))
    tokens += sum(row.get("output") or 0 for row in spent)
    return f"{_dollars(live)} today, {calls} calls, {tokens} tokens"


def _storage(health: dict[str, Any]) -> str:
    if "storage_used" not in health:
        return "–"
    return f"{say.size(health['storage_used'])} used, {say.size(health.get('storage_free'))} free"


def _wifi(health: dict[str, Any]) -> str:
    return f"{health['wifi_dbm']} dBm" if isinstance(health.get("wifi_dbm"), int) else "–"


def _uptime(live: LiveData) -> str:
    if live.uptime_s is None:
        return "–"
    health = live.health
    return f"{say.age(live.uptime_s)} ({health.get('board', '–')}, booted in {health.get('boot_ms', '–')} ms)"
