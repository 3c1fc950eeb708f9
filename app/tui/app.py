"""The dashboard: composition, keys and what they do. Data comes from `feed`, drawing is in `widgets/`."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Input, TabbedContent, TabPane

from app.errors import ProblemError
from app.host.keys import OperatorCredentials
from app.host.operator_client import OperatorClient
from app.host.paths import Paths
from app.host.settings import Settings
from app.tui import say
from app.tui.confirm import Confirm
from app.tui.feed import Client, Feed
from app.tui.live import PARTS, LiveData
from app.tui.widgets.audit_panel import AuditPanel
from app.tui.widgets.chat_panel import ChatPanel
from app.tui.widgets.connection_strip import ConnectionStrip
from app.tui.widgets.groups_panel import GroupsPanel
from app.tui.widgets.health_panel import HealthPanel
from app.tui.widgets.tasks_panel import TasksPanel

DRAW_EVERY_S = 0.25
RELATIVE_TIMES_EVERY_S = 10.0


class Dashboard(App[None]):
    """`connect` makes a client of the host; everything else is drawn from what it answers."""

    TITLE = "Barnacle"
    CSS_PATH = Path(__file__).with_name("barnacle.tcss")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it as an instance variable
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "tab('overview')", "Overview", tooltip="Groups, box and chat"),
        Binding("2", "tab('schedules')", "Schedules", tooltip="All tasks by next run"),
        Binding("3", "tab('audit-tab')", "Audit", tooltip="What was decided, by which rule"),
        Binding("c", "chat", "Chat", tooltip="Write to the selected group"),
        Binding("p", "pause", "Pause/resume", tooltip="Pause or resume the selected task or group"),
        Binding("r", "run_now", "Run now", tooltip="Run the selected task now"),
        Binding("d", "remove", "Remove", tooltip="Remove the selected task"),
        Binding("escape", "leave", "Back", show=False),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, connect: Callable[[], Client]) -> None:
        super().__init__()
        self.live = LiveData()
        self._feed = Feed(connect, self.live, self._wake)
        self._drawn = dict.fromkeys(PARTS, -1)
        self._due = False

    def compose(self) -> ComposeResult:
        """Strip, tabs, footer."""
        yield ConnectionStrip(id="strip")
        with TabbedContent(initial="overview"):
            with TabPane("Overview", id="overview"), Horizontal():
                with Vertical(id="left"):
                    yield GroupsPanel()
                    yield HealthPanel(id="health")
                yield ChatPanel()
            with TabPane("Schedules", id="schedules"):
                yield TasksPanel()
            with TabPane("Audit", id="audit-tab"):
                yield AuditPanel()
        yield Footer()

    def on_mount(self) -> None:
        """Start following the host; the first paint does not wait for it."""
        self._draw()
        self.query_one(GroupsPanel).focus()
        self.set_interval(RELATIVE_TIMES_EVERY_S, self._tick)
        self.run_worker(self._feed.run(), name="feed", exit_on_error=True)
        self._open_chat("main")
        if not self.is_headless:  # whoever stops the appliance gets the terminal back in order
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)

    # --- drawing, at most every DRAW_EVERY_S ---

    def _wake(self) -> None:
        if not self._due:
            self._due = True
            self.set_timer(DRAW_EVERY_S, self._draw)

    def _tick(self) -> None:
        for part in ("groups", "tasks", "status"):
            self._drawn[part] = -1
        self._wake()

    def _draw(self) -> None:
        self._due = False
        live = self.live
        new = {part for part in PARTS if live.versions[part] != self._drawn[part]}
        self._drawn = dict(live.versions)
        if new & {"status", "connection"}:
            self.query_one(ConnectionStrip).show(live)
            self.query_one(HealthPanel).show_live(live)
        if new & {"groups", "tasks"}:
            self.query_one(GroupsPanel).show_live(live)
            self.query_one(TasksPanel).show_live(live)
        if "audit" in new:
            self.query_one(AuditPanel).show_live(live)
        if new & {"chat", "groups"}:
            self.query_one(ChatPanel).show_live(live)

    # --- actions ---

    def action_tab(self, tab: str) -> None:
        """Show a tab and put the focus on its content."""
        self.query_one(TabbedContent).active = tab
        focus = {"overview": GroupsPanel, "schedules": TasksPanel, "audit-tab": AuditPanel}[tab]
        self.query_one(focus).focus()

    def action_chat(self) -> None:
        """Write to the selected group."""
        self.action_tab("overview")
        self._open_chat(self.query_one(GroupsPanel).selected or "main")
        self.query_one("#line", Input).focus()

    def action_leave(self) -> None:
        """From the chat line back to the groups."""
        self.action_tab(self.query_one(TabbedContent).active)

    def action_pause(self) -> None:
        """Pause or resume the selected task, or the selected group on the overview."""
        if self.query_one(TabbedContent).active == "schedules":
            task = self.live.tasks.get(self.query_one(TasksPanel).selected or "")
            if task is not None:
                self._do("task.pause" if task["status"] == "active" else "task.resume", id=task["id"])
        else:
            group = self.live.groups.get(self.query_one(GroupsPanel).selected or "")
            if group is not None:
                self._do("group.resume" if group.get("paused") else "group.pause", folder=group["folder"])

    def action_run_now(self) -> None:
        """Run the selected task now."""
        task = self._selected_task()
        if task is not None:
            self._do("task.run", id=task)

    def action_remove(self) -> None:
        """Remove the selected task, after a question."""
        task = self.live.tasks.get(self._selected_task() or "")
        if task is None:  # perhaps gone since the table was drawn
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._do("task.remove", id=task["id"])

        self.push_screen(Confirm(f"Remove “{say.plain(task['prompt'], 60)}”?"), answered)

    def _selected_task(self) -> str | None:
        if self.query_one(TabbedContent).active != "schedules":
            self.notify("Choose a task on the Schedules tab (2) first.")
            return None
        return self.query_one(TasksPanel).selected

    @on(DataTable.RowSelected, "#groups")
    def _group_chosen(self) -> None:
        self.action_chat()

    @on(ChatPanel.Said)
    def _said(self, event: ChatPanel.Said) -> None:
        self._do("send", folder=event.folder, text=event.text)

    @work(group="requests")
    async def _do(self, name: str, **args: object) -> None:
        """Ask for one thing; say what came of it only when it matters."""
        try:
            result = await self._feed.request(name, **args)
        except ProblemError as error:
            self.notify(say.plain(" ".join((error.message, error.remedy))), severity="error", timeout=8, markup=False)
            return
        if name == "send" and result.get("queued"):
            self.notify("The box is not reachable: the message waits on the laptop.", severity="warning")

    @work(group="chats", exclusive=True)
    async def _open_chat(self, folder: str) -> None:
        chat = self.query_one(ChatPanel)
        if chat.folder != folder:
            chat.switch(folder)
        try:
            await self._feed.open_chat(folder)
        except ProblemError:
            return  # the strip says what is wrong, and the feed loads the chat once it is connected


def run(paths: Paths, settings: Settings, credentials: OperatorCredentials) -> int:
    """Show the dashboard until it is closed; the exit code. Needs a terminal, and nothing else: what is not reachable
    is shown as such. `paths` and `settings` are for screens that edit them."""
    app = Dashboard(lambda: OperatorClient(credentials))
    app.run()
    return app.return_code or 0
