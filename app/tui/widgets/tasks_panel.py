"""Tasks by next run."""

from typing import Any

from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.rows_table import RowsTable

STATUS = {"active": ("●", "green"), "paused": ("‖", "cyan"), "completed": ("✓", "dim")}
NEVER_MS = 1 << 60


class TasksPanel(RowsTable):
    """One row per task: the next to run first, then what is paused or done."""

    BORDER_TITLE = "Schedules"

    def __init__(self) -> None:
        columns = (("", 1), ("next run", 12), ("in", 9), ("group", 14), ("prompt", 34), ("schedule", 20), ("id", 8))
        super().__init__(columns, 'none yet: say "remind me every weekday at 8:30 to water the plants"', id="tasks")

    def show_live(self, live: LiveData) -> None:
        """Redraw what differs."""
        now = say.now_ms()
        ordered = sorted(live.tasks.values(), key=lambda t: (t["next_ms"] or NEVER_MS, t["id"]))
        self.show({t["id"]: self._row(t, live, now) for t in ordered})

    def _row(self, task: dict[str, Any], live: LiveData, now: int) -> tuple[Text, ...]:
        sign, style = STATUS.get(task["status"], ("?", ""))
        active = task["status"] == "active"
        group = live.groups.get(task["folder"], {}).get("name", task["folder"])
        return (
            Text(sign, style),
            Text(say.when(task["next_ms"], now, live.zone) if active else task["status"], "" if active else "dim"),
            Text(say.until(task["next_ms"], now) if active else "", "bold" if active else "dim"),
            Text(say.plain(group, 14)),
            Text(say.plain(task["prompt"], 34)),
            Text(say.plain(f"{task['kind']} {task['value']}", 20), "dim"),
            Text(say.plain(task["id"].rsplit("-", 1)[-1], 8), "dim"),
        )
