"""The box in numbers: slots, heap, storage, flash, uptime, and what runs next."""

from typing import Any

from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.steady_text import SteadyText


class HealthPanel(SteadyText):
    """A few aligned lines; a dash where the box has not said."""

    BORDER_TITLE = "Box"

    def show_live(self, live: LiveData) -> None:
        """Redraw all lines."""
        health, slots = live.health, live.slots
        rows = (
            ("state", self._state(live)),
            ("slots", f"{slots.get('used', '–')} of {slots.get('max', '–')} in use"),
            ("heap", f"{say.size(health.get('heap_used'))} used, {say.size(health.get('heap_free'))} free"),
            ("storage", self._storage(health)),
            ("flash", self._flash(health)),
            ("waiting", f"{health.get('spool', '–')} up, {live.host.get('spool_down', '–')} down"),
            ("up", self._uptime(live)),
        )
        text = Text()
        for name, value in rows:
            text.append(f"{name:<9}", "dim")
            text.append(say.plain(value) + "\n")
        self.update(text)

    def _state(self, live: LiveData) -> str:
        if not live.connected:
            return "unknown (host not reachable)"
        return "● online" if live.device.get("online") else "○ not reachable"

    def _storage(self, health: dict[str, Any]) -> str:
        if "storage_used" not in health:
            return "–"
        return f"{say.size(health['storage_used'])} used, {say.size(health.get('storage_free'))} free"

    def _flash(self, health: dict[str, Any]) -> str:
        return f"{say.size(health.get('flash_bytes_written'))} written, {health.get('flash_erases', '–')} erases"

    def _uptime(self, live: LiveData) -> str:
        if live.uptime_s is None:
            return "–"
        return f"{say.age(live.uptime_s)} ({live.health.get('board')}, booted in {live.health.get('boot_ms')} ms)"
