"""Schedules: the tasks, and everything that can be done to them."""

from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from app.errors import ProblemError
from app.tui import limits, say
from app.tui.confirm import Confirm
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.run_history import RunHistory
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.task_detail import TaskDetail
from app.tui.widgets.tasks_table import SORTS, TasksTable

REMADE = ("folder", "prompt", "kind", "value", "context", "missed")


class SchedulesPage(Page):
    """The table of tasks, the selected one beside it."""

    NAME = "schedules"
    TITLE = "Schedules"
    SHORT = "Sch"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"tasks", "groups", "runs", "status"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", tooltip="Make a task", id="schedules.new"),
        Binding("e", "edit", "Edit", tooltip="Edit the selected task (Enter does, too)", id="schedules.edit"),
        Binding("p", "pause", "Pause", tooltip="Pause or resume the selected task", id="schedules.pause"),
        Binding("r", "run_now", "Run now", tooltip="Run the selected task now", id="schedules.run"),
        Binding("h", "history", "Runs", tooltip="What its runs said, and how long they took", id="schedules.history"),
        Binding("d,delete", "remove", "Remove", tooltip="Remove the selected task", id="schedules.remove"),
        Binding("u", "undo", "Undo", tooltip="Make the removed task again, or take an edit back", id="schedules.undo"),
        Binding("D", "duplicate", "Copy", show=False, tooltip="A new task like this one", id="schedules.duplicate"),
        Binding("slash", "filter", "Filter", tooltip="Show tasks with these words only", id="schedules.filter"),
        Binding("s", "sort", "Sort", show=False, tooltip="Sort by the next column", id="schedules.sort"),
        Binding("escape", "leave", "Back", show=False, tooltip="Clear the filter", id="schedules.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._undo: list[tuple[str, str, dict[str, Any]]] = []

    def compose(self) -> ComposeResult:
        """Filter line, table, detail."""
        yield Input(placeholder="filter: words of prompt, group, schedule, status", id="task-filter")
        with Horizontal():
            yield TasksTable()
            yield TaskDetail()

    def on_mount(self) -> None:
        """The filter line shows when it is wanted."""
        self.query_one("#task-filter").display = False

    def first_focus(self) -> Widget:
        """The table."""
        return self.query_one(TasksTable)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw the rows in view and the selected task."""
        table = self.query_one(TasksTable)
        table.show_live(live)
        self.query_one(TaskDetail).show_task(live.tasks.get(table.selected or ""), live)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Undo is offered when there is something to undo."""
        return action != "undo" or bool(self._undo)

    # --- what is shown ---

    @on(LineTable.Moved, "#tasks")
    def _moved(self) -> None:
        self.query_one(TaskDetail).show_task(self._selected(), self.live)

    @on(LineTable.SortAsked, "#tasks")
    def _sort_asked(self, event: LineTable.SortAsked) -> None:
        self._sort(event.by)

    def action_sort(self) -> None:
        """By the next column, or back to the first."""
        by = self.query_one(TasksTable).by
        self._sort(SORTS[(SORTS.index(by) + 1) % len(SORTS)])

    def _sort(self, by: str) -> None:
        table = self.query_one(TasksTable)
        table.sort_by(by)
        table.show_live(self.live)

    def action_filter(self) -> None:
        """Write what to look for."""
        line = self.query_one("#task-filter", Input)
        line.display = True
        line.focus()

    @on(Input.Changed, "#task-filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        table = self.query_one(TasksTable)
        table.filter = event.value
        table.show_live(self.live)

    @on(Input.Submitted, "#task-filter")
    def _filter_done(self) -> None:
        self.query_one("#task-filter").display = bool(self.query_one(TasksTable).filter)
        self.first_focus().focus()

    def action_leave(self) -> None:
        """Clear the filter and go back to the table."""
        line = self.query_one("#task-filter", Input)
        line.value = ""
        line.display = False
        self.first_focus().focus()

    # --- what is done ---

    def action_new(self) -> None:
        """Make a task in the selected task's group."""
        selected = self._selected() or {}
        self._edit({"folder": selected.get("folder", "main")})

    def action_duplicate(self) -> None:
        """A new task like the selected one, to be changed."""
        task = self._selected()
        if task is not None:
            self._edit({name: task[name] for name in REMADE})

    @on(LineTable.Chosen, "#tasks")
    def action_edit(self) -> None:
        """Edit the selected task."""
        task = self._selected()
        if task is not None:
            self._edit(task)

    def _edit(self, task: dict[str, Any]) -> None:
        from app.tui.task_editor import TaskEditor  # nothing that a first paint should wait for

        groups = [(str(group["name"]), folder) for folder, group in self.live.groups.items()]
        if not groups:
            self.notify("The groups are not known yet: is the host reachable?", severity="warning")
            return

        def edited(fields: dict[str, Any] | None) -> None:
            if fields is None or set(fields) == {"id"}:
                return
            if "id" in fields:
                before = {name: task[name] for name in fields if name != "id"}
                self._change("task.edit", fields, ("the edit", "task.edit", {"id": task["id"], **before}))
            else:
                self._change("task.add", fields, None)

        self.dashboard.push_screen(TaskEditor(task, sorted(groups), self.live.zone), edited)

    def action_pause(self) -> None:
        """Pause or resume the selected task."""
        task = self._selected()
        if task is not None:
            self.dashboard.perform("task.pause" if task["status"] == "active" else "task.resume", id=task["id"])

    def action_run_now(self) -> None:
        """Run the selected task now."""
        task = self._selected()
        if task is not None:
            self.dashboard.perform("task.run", done="It runs as soon as there is a slot.", id=task["id"])

    def action_remove(self) -> None:
        """Remove the selected task, after a question."""
        task = self._selected()
        if task is None:  # perhaps gone since the table was drawn
            return

        def answered(yes: bool | None) -> None:
            if yes:
                again = {name: task[name] for name in REMADE}
                self._change("task.remove", {"id": task["id"]}, ("the removal", "task.add", again))

        question = f"Remove “{say.plain(task['prompt'], 60)}”? (u makes it again)"
        self.dashboard.push_screen(Confirm(question), answered)

    @work(group="requests")
    async def _change(self, name: str, args: dict[str, Any], back: tuple[str, str, dict[str, Any]] | None) -> None:
        """Ask the box; what takes it back is remembered when it was done."""
        try:
            await self.dashboard.request(name, **args)
        except ProblemError as error:
            self.dashboard.complain(error)
            return
        if back is not None:
            self._undo = [*self._undo, back][-limits.UNDO :]
            self.refresh_bindings()

    @work(group="requests")
    async def action_undo(self) -> None:
        """Take the last removal or edit back."""
        if not self._undo:
            return
        what, name, args = self._undo.pop()
        self.refresh_bindings()
        try:
            await self.dashboard.request(name, **args)
        except ProblemError as error:
            self.dashboard.complain(error)
        else:
            self.notify(f"took {what} back")

    @work(group="history", exclusive=True)
    async def action_history(self) -> None:
        """The runs of the selected task."""
        task = self._selected()
        if task is None:
            return
        try:
            runs = await self.dashboard.request("task.history", id=task["id"], limit=limits.HISTORY)
        except ProblemError as error:
            self.dashboard.complain(error)
            return
        self.dashboard.push_screen(RunHistory(str(task["prompt"]), runs, self.live.zone))

    def _selected(self) -> dict[str, Any] | None:
        return self.live.tasks.get(self.query_one(TasksTable).selected or "")
