"""The box: its round screen to see and touch, how it is, what it printed, and starting it anew."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Log

from app.errors import ProblemError
from app.tui import limits, say
from app.tui.confirm import Confirm
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.box_facts import BoxFacts
from app.tui.widgets.screen_mirror import ScreenMirror

LOOK_S = 0.25
LEAST_S = 0.5
AFTER_TOUCH_S = 0.6
AFTER_NEWS_S = 4.0
ANYHOW_S = 30.0
AGAIN_S = 5.0
REST_S = 10 * 60.0
LOG_S = 2.0
SHOWN: tuple[Part, ...] = ("groups", "tasks", "runs", "chat", "asks")
"""What the box's screen is made of."""


class ScreenSource(Protocol):
    """Where pictures come from: app.host.screen_fetch.ScreenFetch."""

    async def frame(self, client: Any, /) -> bytes:
        """The raw frame; raises ProblemError."""
        ...


Screens = AbstractAsyncContextManager[ScreenSource]


class BoxPage(Page):
    """The mirror to the left; facts and log to the right."""

    NAME = "box"
    TITLE = "Box"
    SHORT = "Box"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"status"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "Picture", tooltip="Ask for another picture now", id="box.picture"),
        Binding("m", "rest", "Mirror", tooltip="Stop the mirror, or let it go on", id="box.mirror"),
        Binding("l", "log", "Log", show=False, tooltip="Go to what the box printed", id="box.log"),
        Binding("s", "screen", "Screen", show=False, tooltip="Go to the screen and its finger", id="box.screen"),
        Binding("b", "reboot", "Reboot", tooltip="Start the box anew; what runs is queued again", id="box.reboot"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._due_at = 0.0
        self._shot_at = 0.0
        self._news: tuple[int, ...] = ()
        self._used_at = 0.0
        self._resting = False
        self._log_mark = ""
        self._log_known = False

    def compose(self) -> ComposeResult:
        """Two columns."""
        with Horizontal():
            mirror = ScreenMirror()
            mirror.border_title = "Screen"
            yield mirror
            with Vertical(id="box-right"):
                yield BoxFacts(id="box-facts")
                log = Log(max_lines=limits.LOG_LINES, id="box-log")
                log.border_title = "Printed"
                yield log

    def first_focus(self) -> Widget:
        """The screen."""
        return self.query_one(ScreenMirror)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """The facts; pictures come at their own pace."""
        self.query_one(BoxFacts).show_live(live)

    def opened(self) -> None:
        """Begin to look."""
        self._used_at = time.monotonic()
        self._due_at = self._shot_at = 0.0
        self._watch_screen()
        self._watch_log()

    # --- the screen, while this page is in front ---

    @property
    def _in_front(self) -> bool:
        return self.is_attached and self.dashboard.page is self

    @work(group="screen", exclusive=True)
    async def _watch_screen(self) -> None:
        mirror = self.query_one(ScreenMirror)
        source = self.dashboard.screen_source
        if source is None:
            mirror.say("This dashboard has no way to the screen.")
            return
        try:
            async with source() as screens:
                while self._in_front:
                    if self._is_time():
                        await self._one(mirror, screens)
                    await asyncio.sleep(LOOK_S)
        except ProblemError as error:
            mirror.say(f"{error.message}. {error.remedy}")

    async def _one(self, mirror: ScreenMirror, screens: ScreenSource) -> None:
        self._news = self._signature()
        try:
            frame = await screens.frame(self.dashboard)
        except ProblemError as error:
            mirror.say(f"{error.message}. {error.remedy}")
            self._due_at = time.monotonic() + (REST_S if getattr(error, "code", "") == "unsupported" else AGAIN_S)
        else:
            mirror.show_frame(frame)
            self._due_at = time.monotonic() + ANYHOW_S
        self._shot_at = time.monotonic()
        self._tell_rest()

    def _is_time(self) -> bool:
        """A picture costs the box time, and a record in its audit: one when something may have changed, else seldom."""
        now = time.monotonic()
        if self._resting or not self.in_view or not self.live.connected or now - self._shot_at < LEAST_S:
            return False
        if now - self._used_at > REST_S:
            self._resting = True
            self._tell_rest()
            return False
        if self._shot_at and self._signature() != self._news and now - self._shot_at >= AFTER_NEWS_S:
            return True
        return now >= self._due_at

    def _signature(self) -> tuple[int, ...]:
        return tuple(self.live.versions[part] for part in SHOWN)

    def _tell_rest(self) -> None:
        self.query_one(ScreenMirror).border_subtitle = "at rest (m goes on)" if self._resting else ""

    def action_again(self) -> None:
        """A picture now."""
        self._wake(0.0)

    def action_rest(self) -> None:
        """Stop, or go on."""
        self._resting = not self._resting
        if not self._resting:
            self._wake(0.0)
        self._tell_rest()

    def _wake(self, after_s: float) -> None:
        self._resting = False
        self._used_at = time.monotonic()
        self._due_at = time.monotonic() + after_s
        self._tell_rest()

    @on(ScreenMirror.Touched)
    @work(group="touch")
    async def _touched(self, event: ScreenMirror.Touched) -> None:
        if event.is_tap:
            name, args = "screen.tap", {"x": event.x, "y": event.y}
            args |= {"hold_ms": event.ms} if event.ms is not None else {}
        else:
            name, args = "screen.swipe", {"x": event.x, "y": event.y, "to_x": event.to_x, "to_y": event.to_y}
            args |= {"ms": event.ms or 200}
        try:
            await self.dashboard.request(name, **args)
        except ProblemError as error:
            self.dashboard.complain(error)
        self._wake(AFTER_TOUCH_S)

    # --- the log ---

    @work(group="box-log", exclusive=True)
    async def _watch_log(self) -> None:
        log = self.query_one("#box-log", Log)
        while self._in_front:
            if self.live.connected and self.in_view:
                await self._read_log(log)
            await asyncio.sleep(LOG_S)

    async def _read_log(self, log: Log) -> None:
        mark = {"mark": self._log_mark} if self._log_mark else {}
        try:
            found = await self.dashboard.request("box.log", lines=limits.LOG_LINES, **mark)
        except ProblemError as error:
            log.border_subtitle = say.plain(error.message, 60)
            return
        log.border_subtitle = "" if found["lines"] or self._log_known else "nothing yet"
        self._log_known = self._log_known or bool(found["lines"])
        self._log_mark = str(found["mark"])
        if found["lines"]:
            log.write_lines([say.plain(line) for line in found["lines"]])

    def action_log(self) -> None:
        """Go to the log."""
        self.query_one("#box-log").focus()

    def action_screen(self) -> None:
        """Go to the screen."""
        self.first_focus().focus()

    # --- power ---

    def action_reboot(self) -> None:
        """Start the box anew, after a question."""

        def answered(yes: bool | None) -> None:
            if yes:
                self.dashboard.perform("box.reboot", done="The box starts anew.")
                self._wake(AGAIN_S)

        self.dashboard.push_screen(Confirm("Start the box anew? What runs is queued again afterwards."), answered)
