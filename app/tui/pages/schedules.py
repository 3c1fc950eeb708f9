"""Schedules: the tasks by next run, and what can be done to them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from app.tui import say
from app.tui.confirm import Confirm
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.tasks_table import TasksTable


class SchedulesPage(Page):
    """The table of tasks."""

    NAME = "schedules"
    TITLE = "Schedules"
    SHORT = "Sch"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"tasks", "groups", "status"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", tooltip="Pause or resume the selected task", id="schedules.pause"),
        Binding("r", "run_now", "Run now", tooltip="Run the selected task now", id="schedules.run"),
        Binding("d,delete", "remove", "Remove", tooltip="Remove the selected task", id="schedules.remove"),
    ]

    def compose(self) -> ComposeResult:
        """The table."""
        yield TasksTable()

    def first_focus(self) -> Widget:
        """The table."""
        return self.query_one(TasksTable)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw the rows in view."""
        self.query_one(TasksTable).show_live(live)

    def action_pause(self) -> None:
        """Pause or resume the selected task."""
        task = self._selected()
        if task is not None:
            self.dashboard.perform("task.pause" if task["status"] == "active" else "task.resume", id=task["id"])

    def action_run_now(self) -> None:
        """Run the selected task now."""
        task = self._selected()
        if task is not None:
            self.dashboard.perform("task.run", id=task["id"])

    def action_remove(self) -> None:
        """Remove the selected task, after a question."""
        task = self._selected()
        if task is None:  # perhaps gone since the table was drawn
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dashboard.perform("task.remove", id=task["id"])

        self.dashboard.push_screen(Confirm(f"Remove “{say.plain(task['prompt'], 60)}”?"), answered)

    def _selected(self) -> dict[str, object] | None:
        return self.live.tasks.get(self.query_one(TasksTable).selected or "")
