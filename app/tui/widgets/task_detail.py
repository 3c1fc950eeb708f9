"""The selected task in full: what it asks, when, what came of it."""

from typing import Any

from rich.text import Text
from textual.containers import VerticalScroll

from app.cli.times import Times
from app.errors import ProblemError
from app.host.box_time import BoxZone
from app.tui import say, when
from app.tui.live import LiveData
from app.tui.widgets.steady_text import SteadyText


class TaskDetail(VerticalScroll):
    """Drawn anew only when the task or the minute differs."""

    BORDER_TITLE = "Task"

    def __init__(self) -> None:
        super().__init__(SteadyText(id="task-text"), id="task-detail")
        self._shown: object = None

    def show_task(self, task: dict[str, Any] | None, live: LiveData) -> None:
        """Show this task (None: nothing is selected)."""
        runs = [run for run in live.runs.values() if task is not None and run.get("task") == task["id"]][-5:]
        now = say.now_ms()
        what = (task, runs, live.zone, now // say.MINUTE_MS)
        if what == self._shown:
            return
        self._shown = what
        self.query_one("#task-text", SteadyText).update(_text(task, runs, live, now))


def _text(task: dict[str, Any] | None, runs: list[dict[str, Any]], live: LiveData, now: int) -> Text:
    if task is None:
        return Text("nothing selected", "dim")
    text = Text()
    text.append(say.plain_lines(task["prompt"]) + "\n\n", "bold")
    _line(text, "group", live.groups.get(task["folder"], {}).get("name", task["folder"]))
    _line(text, "status", task["status"])
    _line(text, "runs", "with the group's conversation" if task["context"] == "group" else "on its own")
    _line(text, "missed", "run once, late" if task["missed"] == "once" else "skipped")
    _line(text, "id", task["id"])
    text.append("\n")
    _schedule(text, task, live.zone, now)
    if runs or task["last_result"]:
        text.append("\nlast runs\n", "bold")
    for run in reversed(runs):
        _run(text, run, live.zone, now)
    if not runs and task["last_result"]:
        text.append(say.plain_lines(task["last_result"]) + "\n", "dim")
    return text


def _schedule(text: Text, task: dict[str, Any], zone_name: str, now: int) -> None:
    times = Times(zone_name)
    try:
        found = when.preview(task["kind"], task["value"], BoxZone(zone_name), now)
    except ProblemError as error:  # a `once` that has passed, or a value from another version
        text.append(f"{say.plain(task['kind'])} {say.plain(task['value'])}\n", "bold")
        text.append(f"{say.plain(error.message)}\n", "dim")
        return
    text.append(say.plain(found.words) + "\n", "bold")
    if task["status"] != "active":
        text.append("would run at\n", "dim")
    for ms, note in found.runs:
        text.append(f"  {times.full(ms)}  ")
        text.append(say.until(ms, now), "dim")
        text.append(f"  ⚠ {note}\n" if note else "\n", "yellow")


def _run(text: Text, run: dict[str, Any], zone: str, now: int) -> None:
    began, ended = run.get("started_ms"), run.get("ended_ms")
    sign, style = {"done": ("✓", "green"), "failed": ("✕", "red"), "running": ("▶", "green")}.get(
        str(run["state"]), ("…", "yellow")
    )
    text.append(f"  {sign} ", style)
    text.append(say.when(began or run.get("queued_ms"), now, zone))
    if began and ended:
        text.append(f"  {(ended - began) / 1000:.1f} s", "dim")
    said = run.get("error") or run.get("result") or ""
    text.append(f"  {say.plain(said, 200)}\n", "red" if run.get("error") else "dim")


def _line(text: Text, name: str, value: object) -> None:
    text.append(f"{name:<8}", "dim")
    text.append(say.plain(value) + "\n")
