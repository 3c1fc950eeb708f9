"""Tasks by next run."""

from collections.abc import Sequence
from typing import Any

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.line_table import Cell, Column, LineTable

STATUS = {"active": ("●", "good"), "paused": ("‖", "accent"), "completed": ("✓", "quiet")}
NEVER_MS = 1 << 60
COLUMNS = (
    Column("", 1),
    Column("next run", 12, sort="next"),
    Column("in", 9),
    Column("group", 12, grow=1, sort="group"),
    Column("prompt", 20, grow=3, sort="prompt"),
    Column("schedule", 16, grow=1, hide_below=90),
    Column("id", 8, hide_below=110),
)


class TasksTable(LineTable):
    """One row per task: the next to run first, then what is paused or done."""

    def __init__(self) -> None:
        empty = 'none yet: say "remind me every weekday at 8:30 to water the plants"'
        super().__init__(COLUMNS, empty=empty, id="tasks")

    def show_live(self, live: LiveData) -> None:
        """Draw the rows in view."""
        ordered = sorted(live.tasks.values(), key=lambda t: (t["next_ms"] or NEVER_MS, t["id"]))
        now = say.now_ms()

        def row_of(key: str) -> Sequence[Cell]:
            task = live.tasks.get(key)
            return _row(task, live, now) if task is not None else ()

        self.show([task["id"] for task in ordered], row_of)


def _row(task: dict[str, Any], live: LiveData, now: int) -> Sequence[Cell]:
    active = task["status"] == "active"
    group = live.groups.get(task["folder"], {}).get("name", task["folder"])
    return (
        STATUS.get(task["status"], ("?", "")),
        say.when(task["next_ms"], now, live.zone) if active else (str(task["status"]), "quiet"),
        (say.until(task["next_ms"], now), "strong") if active else "",
        say.plain(group),
        say.plain(task["prompt"]),
        (say.plain(f"{task['kind']} {task['value']}"), "quiet"),
        (say.plain(task["id"].rsplit("-", 1)[-1], 8), "quiet"),
    )
