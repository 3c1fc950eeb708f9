"""The dashboard: the strip, the tabs, the page in front and the keys. Data comes from `feed`; drawing is the pages'."""

import asyncio
import gc
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen

from app.errors import ProblemError, SettingsError
from app.host.keys import OperatorCredentials
from app.host.local_appliance import LocalAppliance
from app.host.paths import Paths
from app.host.settings import DashboardSettings, Settings, read_settings
from app.tui import limits, preferences, say
from app.tui.exports import new_file
from app.tui.feed import Client, Feed
from app.tui.help import Help
from app.tui.live import PARTS, LiveData, Part
from app.tui.page import Page
from app.tui.pages import PAGES
from app.tui.pages.box import Screens
from app.tui.palette import Actions
from app.tui.starting import Appliance, Starting
from app.tui.themes import DEFAULT, THEMES
from app.tui.widgets.asks_panel import open_asks
from app.tui.widgets.connection_strip import ConnectionStrip
from app.tui.widgets.key_line import KeyLine
from app.tui.widgets.tab_bar import TabBar

DRAW_EVERY_S = 0.25
RELATIVE_TIMES_EVERY_S = 10.0


class Front(Screen[None]):
    """The screen with the pages; dialogs cover it."""

    def on_screen_resume(self) -> None:
        """A dialog was closed: what was covered may have changed. Screens alone are told."""
        cast("Dashboard", super().app).wake()  # pyright: ignore[reportUnknownMemberType]  generic in the library


class Dashboard(App[None]):
    """`connect` makes a client of the host; everything else is drawn from what it answers."""

    TITLE = "Barnacle"
    CSS_PATH = Path(__file__).with_name("barnacle.tcss")
    COMMANDS = {Actions}  # noqa: RUF012  Textual declares it so
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-medium"), (130, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"page('{page.NAME}')", page.TITLE, show=False, id=f"tab.{page.NAME}")
            for number, page in enumerate(PAGES, 1)
        ),
        Binding("question_mark", "help", "Help", tooltip="Every key, by page", id="help"),
        Binding("ctrl+p", "command_palette", "Commands", tooltip="Find an action by its name", id="palette"),
        Binding("ctrl+r", "refresh", "Reload", show=False, tooltip="Ask the host for everything anew", id="refresh"),
        Binding(
            "ctrl+o", "start", "Start", tooltip="Start the appliance of this machine; it outlives this", id="start"
        ),
        Binding("ctrl+o", "stop", "Stop", show=False, tooltip="Stop the appliance; asks first", id="stop"),
        Binding("f2", "setup", "Set up", show=False, tooltip="Choose what the box is, and a model", id="setup"),
        Binding("q", "quit", "Quit", tooltip="Leave; the appliance goes on where it was started separately", id="quit"),
    ]

    def __init__(
        self,
        connect: Callable[[], Client],
        settings: DashboardSettings | None = None,
        *,
        folder: Path | None = None,
        facts: Sequence[tuple[str, str]] = (),
        appliance: Appliance | None = None,
        screen_source: Callable[[], Screens] | None = None,
    ) -> None:
        """`folder` keeps preferences and exports; without one nothing is kept, and exports go where the user is.
        `facts` are (name, value) that the settings page shows. `appliance` is this machine's; None for another's.
        `screen_source` makes what pictures of the box's screen come from."""
        super().__init__()
        settings = settings or DashboardSettings()
        self.live = LiveData()
        self.starting = Starting(self, appliance)
        self.feed = Feed(connect, self.live, self.wake, self.starting.problem)
        self.pages: list[Page] = [page() for page in PAGES]
        self.facts = list(facts)
        self.screen_source = screen_source
        self._folder = folder
        self.preferences = preferences.load(self._file, settings)
        self._front = 0
        self._drawn: list[dict[Part, int]] = [{} for _ in self.pages]
        self._connections = 0
        self._due = False
        self._exported = 0
        self._announced: set[str] = set()
        for one in THEMES:
            self.register_theme(one)
        self.set_keymap(settings.keys)
        self._apply_preferences()  # before the first paint: another theme later would mean to read all styles again

    @property
    def _file(self) -> Path | None:
        return self._folder / "dashboard.json" if self._folder is not None else None

    @property
    def page(self) -> Page:
        """The page in front."""
        return self.pages[self._front]

    def compose(self) -> ComposeResult:
        """Strip, tabs, the first page, footer; the other pages are made when they are first opened."""
        yield ConnectionStrip(id="strip")
        yield TabBar([(page.NAME, page.TITLE, page.SHORT) for page in self.pages])
        with Container(id="pages"):
            yield self.pages[0]
        yield KeyLine()

    def on_mount(self) -> None:
        """Start following the host; the first paint does not wait for it."""
        self._draw()
        self.page.opened()
        self.page.first_focus().focus()
        self.set_interval(RELATIVE_TIMES_EVERY_S, self._tick)
        self.call_after_refresh(self._painted)
        if self.starting.is_first():
            self.call_after_refresh(self.action_setup)
        if not self.is_headless:  # whoever stops the appliance gets the terminal back in order
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)

    def _painted(self) -> None:
        """What the first paint did not wait for: the client's libraries among it."""
        self.run_worker(self.feed.run(), name="feed", exit_on_error=True)
        gc.freeze()  # what is there by now stays to the end: `run` has put the collector off until here
        gc.enable()

    # --- pages ---

    async def open_page(self, name: str) -> Page:
        """Bring a page to the front, draw it and give it the keyboard; a key pressed meanwhile goes to it."""
        index = [page.NAME for page in self.pages].index(name)
        page = self.pages[index]
        if index != self._front:
            self.page.display = False
            self._front = index
            if not page.is_attached:
                await self.query_one("#pages", Container).mount(page)
            page.display = True
        self._draw()
        page.opened()
        self.set_focus(page.first_focus())  # at once: `focus()` is done later, and the next key may be here already
        return page

    async def action_page(self, name: str) -> None:
        """Open a tab."""
        await self.open_page(name)

    @on(TabBar.Picked)
    async def _tab_clicked(self, event: TabBar.Picked) -> None:
        await self.open_page(event.name)

    # --- drawing, at most every DRAW_EVERY_S, and only the page in front ---

    def wake(self) -> None:
        """There may be something new to draw."""
        if not self._due:
            self._due = True
            self.set_timer(DRAW_EVERY_S, self._draw)

    def _tick(self) -> None:
        self._drawn[self._front] = {}
        self.wake()

    def _draw(self) -> None:
        self._due = False
        live = self.live
        strips = self.query(ConnectionStrip)
        if not strips:
            return  # on a slow machine nothing is there yet, and when it is left nothing any more
        strips.first().show(live)
        self.query_one(TabBar).show(self.page.NAME, self._marks())
        self._announce_asks()
        if live.versions["connection"] != self._connections:
            self._connections = live.versions["connection"]
            self.refresh_bindings()  # what can be started or stopped is another now
        if len(self.screen_stack) > 1 or not self.page.is_mounted:
            return  # what is covered is drawn when it is seen again
        drawn = self._drawn[self._front]
        new: set[Part] = {part for part in PARTS if live.versions[part] != drawn.get(part, -1)}
        self._drawn[self._front] = dict(live.versions)
        if new & (self.page.PARTS | {"connection"}):
            self.page.show_live(live, new)

    def _marks(self) -> dict[str, str]:
        asks = len(open_asks(self.live))
        return {"overview": f"!{asks}"} if asks else {}

    def _announce_asks(self) -> None:
        """Tell of every ask, once."""
        waiting = {str(ask["id"]): ask for ask in open_asks(self.live)}
        for key, ask in waiting.items():
            if key not in self._announced:
                self.announce(f"{ask.get('folder')} asks: {ask.get('tool')} {ask.get('host') or ''}")
        self._announced = set(waiting)

    def get_default_screen(self) -> Front:
        """What the pages are on."""
        return Front(id="_default")

    # --- what pages ask for ---

    async def request(self, name: str, /, **args: Any) -> Any:
        """Ask the host; raises ProblemError."""
        return await self.feed.request(name, **args)

    @work(group="requests")
    async def perform(self, name: str, /, done: str = "", **args: Any) -> None:
        """Ask for one thing; what speaks against it is shown with its remedy, `done` when it was carried out."""
        try:
            result = await self.feed.request(name, **args)
        except ProblemError as error:
            self.complain(error)
            return
        if name == "send" and result.get("queued"):
            self.notify("The box is not reachable: the message waits on the laptop.", severity="warning")
        elif done:
            self.notify(say.plain(done), markup=False)

    def complain(self, error: ProblemError) -> None:
        """Show what failed and what to do."""
        text = " ".join(part for part in (error.message, error.remedy) if part)
        self.notify(say.plain(text), severity="error", timeout=8, markup=False)

    def export(self, name: str, suffix: str, text: str) -> Path:
        """Write a new private file into the folder for exports; its path. Raises OSError."""
        if self._exported >= limits.EXPORTS:
            raise OSError(f"{limits.EXPORTS} files were exported already; restart the dashboard for more")
        path = new_file(self._folder / "exports" if self._folder else Path.cwd(), name, suffix, text)
        self._exported += 1
        return path

    # --- looks and notices ---

    def prefer(self, **choices: Any) -> None:
        """Choose something (see Preferences) and keep it for the next time."""
        self.preferences = replace(self.preferences, **choices)
        self._apply_preferences()
        self._tick()  # colours in text are the theme's
        try:
            preferences.save(self._file, self.preferences)
        except OSError as error:
            self.complain(ProblemError(f"the choice is not kept: {error}", "make its folder writable"))

    def _apply_preferences(self) -> None:
        chosen = self.preferences
        self.theme = chosen.theme if chosen.theme in self.available_themes else DEFAULT
        self.set_class(chosen.density == "compact", "-compact")

    def announce(self, text: str) -> None:
        """Call somebody to the dashboard, in the way that was chosen; a desktop notification only from elsewhere."""
        if self.preferences.notify == "off":
            return
        if self.preferences.notify == "desktop" and not self.app_focus and self._driver is not None:
            self._driver.write(f"\x1b]777;notify;Barnacle;{say.plain(text, 120).replace(';', ',')}\x07")
        else:
            self.bell()

    def in_keymap(self, binding: Binding) -> Binding:
        """The binding with the key that the user's key map gives it."""
        keys = self._keymap.get(binding.id or "")
        return binding.with_key(keys.split(",")[0]) if keys else binding

    def key_of(self, binding_id: str) -> str:
        """The key of one of the application's own bindings, as it is shown."""
        found = [one for one in self.BINDINGS if isinstance(one, Binding) and one.id == binding_id]
        return self.get_key_display(self.in_keymap(found[0]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes no sense at present is not offered."""
        if action in ("start", "stop"):
            return self.starting.can_start() if action == "start" else self.starting.can_stop()
        if action == "setup":
            return self.starting.appliance is not None
        return super().check_action(action, parameters)

    @work(group="appliance")
    async def action_start(self) -> None:
        """Start the appliance of this machine."""
        await self.starting.start()

    @work(group="appliance")
    async def action_setup(self) -> None:
        """Choose what the box is, and a model."""
        await self.starting.welcome()

    @work(group="appliance")
    async def action_stop(self) -> None:
        """Stop it, after a question."""
        await self.starting.stop()

    def action_help(self) -> None:
        """Every key, by page."""
        self.push_screen(Help(self))

    @work(group="refresh", exclusive=True)
    async def action_refresh(self) -> None:
        """Ask the host for everything anew."""
        try:
            await self.feed.reload()
        except ProblemError as error:
            self.complain(error)


def run(paths: Paths, remote: OperatorCredentials | None = None) -> int:
    """Show the dashboard until it is closed; the exit code. Needs a terminal, and nothing else: what is not reachable
    or cannot be read is shown as such. `remote`: credentials of another machine's appliance, None for this one's."""
    gc.disable()  # until the first paint
    local = LocalAppliance(paths) if remote is None else None
    try:
        settings = read_settings(paths.config)
    except SettingsError:  # the strip says so, for as long as it is so
        settings = Settings()
    place = remote or settings.mqtt
    facts = [
        ("settings", str(paths.config)),
        ("state", str(paths.state)),
        ("logs", str(paths.logs)),
        ("broker", f"{place.host}:{place.port}"),
    ]

    def connect() -> Client:
        from app.host.operator_client import OperatorClient  # its libraries load after the first paint

        if remote is not None:
            return OperatorClient(remote)
        try:
            return OperatorClient(LocalAppliance(paths).credentials())
        except ProblemError as error:
            raise app.starting.with_key(error) from None

    def screens() -> Screens:
        from app.host.screen_fetch import ScreenFetch  # its picture library takes a while to load

        return ScreenFetch(remote or LocalAppliance(paths).credentials())

    more: dict[str, Any] = {"folder": paths.state / "dashboard", "facts": facts, "appliance": local}
    app = Dashboard(connect, settings.dashboard, screen_source=screens, **more)
    app.run()
    return app.return_code or 0
