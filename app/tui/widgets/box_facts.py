"""The box in numbers, one line each; a dash where it has not said."""

from typing import Any

from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.steady_text import SteadyText


class BoxFacts(SteadyText):
    """Identity, memory, storage and flash, bus counters, starts, updates."""

    BORDER_TITLE = "Box"

    def show_live(self, live: LiveData) -> None:
        """Redraw all lines."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for name, value in _lines(live):
            text.append(f"{name:<9}", "dim")
            text.append(say.plain(value) + "\n")
        text.right_crop(1)
        self.update(text)


def _lines(live: LiveData) -> tuple[tuple[str, str], ...]:
    health, device, host = live.health, live.device, live.host
    signal = (("wifi", f"{health['rssi']} dBm"),) if health.get("rssi") is not None else ()
    return (
        ("box", f"{device.get('id', '–')} ({health.get('board', '–')}), version {health.get('version', '–')}"),
        ("state", _state(live)),
        (
            "up",
            "–" if live.uptime_s is None else f"{say.age(live.uptime_s)}, booted in {_or_dash(health, 'boot_ms')} ms",
        ),
        ("restarts", f"{_or_dash(health, 'task_restarts')} of tasks, boot {str(device.get('boot') or '–')[:8]}"),
        ("heap", _of(health, "heap_used", "heap_free", "heap_peak")),
        ("storage", _of(health, "storage_used", "storage_free")),
        ("flash", f"{say.size(health.get('flash_bytes_written'))} written, {_or_dash(health, 'flash_erases')} erases"),
        ("bus", f"{_or_dash(health, 'mqtt_reconnects')} reconnects, {_or_dash(health, 'spool')} records wait up"),
        ("to box", f"{_or_dash(host, 'spool_down')} records wait, {'held' if device.get('holding') else 'flowing'}"),
        *signal,
        ("update", "none: this version cannot update the box"),
    )


def _state(live: LiveData) -> str:
    if not live.connected:
        return "unknown (host not reachable)"
    if live.device.get("online"):
        return "● online"
    seen = say.until(live.device.get("seen_ms"), say.now_ms())
    return f"○ not reachable, seen {seen}" if seen else "○ not reachable"


def _of(health: dict[str, Any], used: str, free: str, peak: str = "") -> str:
    if health.get(used) is None:
        return "–"
    most = f", {say.size(health.get(peak))} at most" if peak and health.get(peak) is not None else ""
    return f"{say.size(health[used])} used, {say.size(health.get(free))} free{most}"


def _or_dash(facts: dict[str, Any], name: str) -> str:
    return str(facts[name]) if facts.get(name) is not None else "–"
