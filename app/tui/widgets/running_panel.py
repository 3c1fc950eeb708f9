"""What runs now, for how long and what it says; below it, what comes next."""

from typing import Any

from rich.text import Text
from textual.containers import VerticalScroll

from app.tui import say
from app.tui.live import LiveData
from app.tui.tones import tone
from app.tui.widgets.steady_text import SteadyText

NEXT_SHOWN = 12
LIVE_LINES = 6


class RunningPanel(VerticalScroll):
    """Drawn anew only when its text differs."""

    BORDER_TITLE = "Now and next"

    def __init__(self) -> None:
        super().__init__(SteadyText(id="running-text"), id="running", can_focus=False)

    def show_live(self, live: LiveData) -> None:
        """Runs in progress, then the coming ones."""
        if live.age_s is None:
            self.query_one("#running-text", SteadyText).update(Text("not connected yet", "dim"))
            return
        now = say.now_ms()
        text = Text()
        running = [run for run in live.runs.values() if run.get("state") == "running"]
        for run in running:
            _running(self, text, run, live, now)
        if not running:
            text.append("nothing runs\n", "dim")
        text.append("\nnext\n", "bold")
        coming = sorted(
            (task for task in live.tasks.values() if task["status"] == "active" and task["next_ms"]),
            key=lambda task: (task["next_ms"], task["id"]),
        )
        for task in coming[:NEXT_SHOWN]:
            text.append(f"  {say.when(task['next_ms'], now, live.zone):<13}", "")
            text.append(f"{say.until(task['next_ms'], now):<10}", "dim")
            text.append(f"{_name(live, task['folder'])}  ", "dim")
            text.append(say.plain(task["prompt"], 80) + "\n")
        if not coming:
            text.append("  nothing is scheduled\n", "dim")
        self.query_one("#running-text", SteadyText).update(text)


def _running(panel: RunningPanel, text: Text, run: dict[str, Any], live: LiveData, now: int) -> None:
    task = live.tasks.get(str(run.get("task") or ""))
    what = say.plain(task["prompt"], 60) if task is not None else "answers"
    text.append("▶ ", tone(panel, "good"))
    text.append(_name(live, run["folder"]), "bold")
    text.append(f"  {what}")
    if run.get("started_ms"):
        text.append(f"  {say.age(max(0, now - run['started_ms']) / 1000)}", "dim")
    if (run.get("attempt") or 1) > 1:
        text.append(f"  try {run['attempt']}", tone(panel, "warn"))
    text.append("\n")
    said = say.plain_lines(live.run_texts.get(run["folder"], "")).splitlines()[-LIVE_LINES:]
    for line in said:
        text.append(f"    {line}\n", "italic")


def _name(live: LiveData, folder: str) -> str:
    return say.plain(live.groups.get(folder, {}).get("name", folder), 20)
