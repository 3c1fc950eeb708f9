"""Groups with their state and queue."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.line_table import Cell, Column, LineTable

STATES = {
    "idle": ("·", "quiet"),
    "waiting": ("…", "warn"),
    "running": ("▶", "good"),
    "retrying": ("↻", "accent"),
    "paused": ("‖", "quiet"),
}
BARS = " ▁▂▃▄▅▆▇█"
NO_DATA = "not connected yet"
NO_GROUPS = "no groups yet: barnacle group add NAME"
COLUMNS = (
    Column("group", 12, grow=2),
    Column("state", 10),
    Column("queue", 5, align="right"),
    Column("", 12, hide_below=58),
    Column("tasks", 5, align="right"),
    Column("last message", 12, hide_below=52),
    Column("today", 7, align="right", hide_below=70),
)


class GroupsTable(LineTable):
    """One row per group; `main` first, then by name."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty=NO_DATA, id="groups")

    def show_live(self, live: LiveData) -> None:
        """Draw the rows in view."""
        self.empty(NO_DATA if live.age_s is None else NO_GROUPS)
        now = say.now_ms()
        counts: dict[str, int] = {}
        for task in live.tasks.values():
            counts[task["folder"]] = counts.get(task["folder"], 0) + (task["status"] == "active")
        spent = live.spent_today(now)
        ordered = sorted(live.groups.values(), key=lambda g: (g["folder"] != "main", g["name"].lower()))

        def row_of(key: str) -> Sequence[Cell]:
            group = live.groups.get(key)
            depths = live.depths.get(key, ())
            used = spent.get(key, {}).get("micro_usd")
            return _row(group, depths, counts.get(key, 0), used, now) if group is not None else ()

        self.show([group["folder"] for group in ordered], row_of)


def _row(group: dict[str, Any], depths: Iterable[int], tasks: int, used: int | None, now: int) -> Sequence[Cell]:
    state = "paused" if group.get("paused") else str(group.get("state", "idle"))
    sign, style = STATES.get(state, ("?", ""))
    depth = group.get("depth") or 0
    last = group.get("last_message_ms")
    return (
        say.plain(group["name"]),
        (f"{sign} {state}", style),
        (str(depth), "strong" if depth else "quiet"),
        (line(depths), "warn"),
        (str(tasks), "" if tasks else "quiet"),
        (say.until(last, now) if isinstance(last, int) else "–", "quiet"),
        (say.dollars(used) if used is not None else "–", "quiet"),
    )


def line(depths: Iterable[int]) -> str:
    """Queue depths as a small line, oldest first; nothing where nothing waited."""
    found = list(depths)
    most = max(found, default=0)
    return "".join(BARS[-(-depth * (len(BARS) - 1) // most)] for depth in found) if most else ""
