"""Tasks: sortable, filterable."""

from collections.abc import Sequence
from typing import Any

from app.tui import say, when
from app.tui.live import LiveData
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

STATUS = {"active": ("●", "good"), "paused": ("‖", "accent"), "completed": ("✓", "quiet")}
NEVER_MS = 1 << 60
COLUMNS = (
    Column("", 1),
    Column("next run", 12, sort="next"),
    Column("in", 9),
    Column("group", 10, grow=1, sort="group"),
    Column("prompt", 16, grow=4, sort="prompt"),
    Column("schedule", 14, grow=1, hide_below=90, sort="schedule"),
    Column("last run", 10, hide_below=76, sort="last"),
    Column("id", 8, hide_below=110),
)
SORTS = ("next", "group", "prompt", "schedule", "last")


class TasksTable(LineTable):
    """One row per task, by default the next to run first, then what is paused or done."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, id="tasks")
        self.by, self.descending = "next", False
        self.filter = ""

    def sort_by(self, by: str) -> None:
        """Sort by this column; by the same one again: the other way round."""
        self.descending = not self.descending if by == self.by else False
        self.by = by

    def show_live(self, live: LiveData) -> None:
        """Draw the rows in view."""
        now = say.now_ms()
        wanted = [word for word in self.filter.lower().split() if word]
        found = [task for task in live.tasks.values() if _matches(task, live, wanted)]
        found.sort(key=lambda task: _key(task, self.by, live), reverse=self.descending)
        self.empty(_nothing(bool(live.tasks), self.filter, live.connected))
        title = f"Schedules · {len(found)}" + (f" of {len(live.tasks)}" if wanted else "")
        set_title(self, title, f"filter: {say.plain(self.filter, 30)}" if wanted else "")

        def row_of(key: str) -> Sequence[Cell]:
            task = live.tasks.get(key)
            return _row(task, live, now) if task is not None else ()

        self.show([task["id"] for task in found], row_of, sorted_by=(self.by, self.descending))


def _matches(task: dict[str, Any], live: LiveData, wanted: list[str]) -> bool:
    """Whether every word stands in the task: in prompt, group, schedule, status or id."""
    if not wanted:
        return True
    name = live.groups.get(task["folder"], {}).get("name", "")
    words = when.words(task["kind"], task["value"], live.zone)
    parts = (task["prompt"], task["folder"], name, task["kind"], task["value"], words, task["status"], task["id"])
    text = " ".join(str(part) for part in parts).lower()
    return all(word in text for word in wanted)


def _key(task: dict[str, Any], by: str, live: LiveData) -> tuple[Any, ...]:
    next_ms = task["next_ms"] if task["status"] == "active" and task["next_ms"] else NEVER_MS
    keys: dict[str, Any] = {
        "next": next_ms,
        "group": str(live.groups.get(task["folder"], {}).get("name", task["folder"])).lower(),
        "prompt": str(task["prompt"]).lower(),
        "schedule": when.words(task["kind"], task["value"], live.zone),
        "last": -(task["last_ms"] or 0),
    }
    return keys[by], next_ms, task["id"]


def _nothing(any_task: bool, text: str, connected: bool) -> str:
    if any_task:
        return f"no task has “{say.plain(text, 30)}” in it (Escape clears the filter)"
    if not connected:
        return "not connected yet"
    return "no tasks yet: press n for a new one"


def _row(task: dict[str, Any], live: LiveData, now: int) -> Sequence[Cell]:
    active = task["status"] == "active"
    group = live.groups.get(task["folder"], {}).get("name", task["folder"])
    last = task["last_ms"]
    failed = str(task["last_result"] or "").startswith("Error: ")
    return (
        STATUS.get(task["status"], ("?", "")),
        say.when(task["next_ms"], now, live.zone) if active else (str(task["status"]), "quiet"),
        (say.until(task["next_ms"], now), "strong") if active else "",
        say.plain(group),
        say.plain(task["prompt"]),
        (say.plain(when.words(task["kind"], task["value"], live.zone)), "quiet"),
        (say.until(last, now), "bad" if failed else "quiet") if last else ("never", "quiet"),
        (say.plain(task["id"].rsplit("-", 1)[-1], 8), "quiet"),
    )
