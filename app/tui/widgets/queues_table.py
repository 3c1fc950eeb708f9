"""Every group's place in the queue: what it does, what waits, when it tries again."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.groups_table import NO_DATA, NO_GROUPS, STATES, line
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

COLUMNS = (
    Column("#", 2, align="right"),
    Column("group", 12, grow=2),
    Column("state", 10),
    Column("waits", 5, align="right"),
    Column("", 12, hide_below=92),
    Column("retry", 8),
    Column("since", 7),
    Column("runs", 12, grow=4, hide_below=64),
)


class QueuesTable(LineTable):
    """One row per group: those that run first, then those that wait in their order, then the others by name."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty=NO_DATA, id="queues-table")

    def show_live(self, live: LiveData) -> None:
        """Draw what differs; each second while something is counted down or up."""
        self.empty(NO_DATA if live.age_s is None else NO_GROUPS)
        now = say.now_ms()
        queue = cast("Mapping[str, Any]", live.status.get("queue") or {})
        waiting: list[str] = list(queue.get("waiting") or [])
        running = running_runs(live)
        ordered = sorted(live.groups.values(), key=lambda group: _order(group, waiting))
        used, most = live.slots.get("used", "–"), live.slots.get("max", "–")
        set_title(self, f"Queues · {used} of {most} slots in use")

        def row_of(key: str) -> Sequence[Cell]:
            group = live.groups.get(key)
            place = waiting.index(key) + 1 if key in waiting else 0
            return _row(group, place, running.get(key), live, now) if group is not None else ()

        self.show([group["folder"] for group in ordered], row_of)


def running_runs(live: LiveData) -> dict[str, dict[str, Any]]:
    """folder → the run that goes on in it."""
    return {run["folder"]: run for run in live.runs.values() if run.get("state") == "running"}


def is_counting(live: LiveData) -> bool:
    """Whether a time is shown that changes each second."""
    return bool(running_runs(live)) or any(group.get("retry_ms") for group in live.groups.values())


def _order(group: dict[str, Any], waiting: list[str]) -> tuple[Any, ...]:
    folder, state = group["folder"], group.get("state")
    if state == "running":
        return 0, 0, folder
    if folder in waiting:
        return 1, waiting.index(folder), folder
    return 2, 0 if state == "retrying" or group.get("depth") else 1, folder != "main", str(group["name"]).lower()


def _row(group: dict[str, Any], place: int, run: dict[str, Any] | None, live: LiveData, now: int) -> Sequence[Cell]:
    known = str(group.get("state", "idle"))
    state = "paused" if group.get("paused") and known != "running" else known
    sign, style = STATES.get(state, ("?", ""))
    depth, retry = group.get("depth") or 0, group.get("retry_ms")
    return (
        str(place) if place else "",
        say.plain(group["name"]),
        (f"{sign} {state}", style),
        (str(depth), "strong" if depth else "quiet"),
        (line(live.depths.get(group["folder"], ())), "warn"),
        (_left(retry, now), "accent") if retry else "",
        (say.age(max(0, now - (run.get("started_ms") or now)) / 1000), "good") if run else "",
        _what(run, live) if run else "",
    )


def _left(ms: int, now: int) -> str:
    seconds = max(0, ms - now) // 1000
    return "now" if not seconds else f"{seconds} s" if seconds < 60 else f"{seconds // 60}:{seconds % 60:02} min"


def _what(run: dict[str, Any], live: LiveData) -> str:
    task = live.tasks.get(str(run.get("task") or ""))
    text = say.plain(task["prompt"]) if task is not None else "answers" if not run.get("task") else "a task"
    attempt = run.get("attempt") or 1
    return f"try {attempt}: {text}" if attempt > 1 else text
