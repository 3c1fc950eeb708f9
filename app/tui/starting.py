"""Starting and stopping the appliance of this machine from its dashboard."""

import asyncio
from typing import TYPE_CHECKING, Protocol

from app.errors import ProblemError
from app.tui.confirm import Confirm
from app.tui.welcome import Setup, Welcome

if TYPE_CHECKING:
    from app.tui.app import Dashboard

START_TIMEOUT_S = 40.0
LOOK_S = 0.1
BY_HAND = "barnacle up"


class Appliance(Protocol):
    """What it needs of `app.host.local_appliance.LocalAppliance`."""

    @property
    def pid(self) -> int | None:
        """The running instance; None when there is none."""
        ...

    @property
    def is_parent(self) -> bool:
        """Whether stopping it closes this dashboard."""
        ...

    def start(self) -> None:
        """Start it on its own. Raises OSError."""
        ...

    def failure(self) -> ProblemError | None:
        """Why what was started has ended already."""
        ...

    def stop(self) -> int:
        """Stop it and wait for its end. Raises ProblemError."""
        ...

    def problem(self) -> ProblemError | None:
        """Why the host does not answer, as far as this machine knows."""
        ...

    @property
    def box(self) -> str:
        """What the box is. Raises ProblemError."""
        ...

    @property
    def is_new(self) -> bool:
        """Whether the first start's questions are still open."""
        ...

    async def set_up(self, box: str, kind: str = "", model: str = "", key: str = "") -> None:
        """Choose box and model. Raises ProblemError."""
        ...

    def reload(self) -> None:
        """Let a running host read the settings anew. Raises ProblemError."""
        ...


class Starting:
    """Belongs to one dashboard; `appliance` is None when that looks at another machine."""

    def __init__(self, dashboard: "Dashboard", appliance: Appliance | None) -> None:
        self.appliance = appliance
        self._dashboard = dashboard
        self._busy = False

    def can_start(self) -> bool:
        """Whether there is something to start from here, and it does not run."""
        return self.appliance is not None and not self._busy and self.appliance.pid is None

    def can_stop(self) -> bool:
        """Whether it runs here."""
        return self.appliance is not None and not self._busy and self.appliance.pid is not None

    def problem(self) -> ProblemError | None:
        """For the strip: what is wrong and which key helps."""
        found = self.appliance.problem() if self.appliance is not None else None
        return self.with_key(found) if found is not None else None

    def with_key(self, problem: ProblemError) -> ProblemError:
        """The problem, its remedy naming the key where that is the remedy."""
        if problem.remedy or not self.can_start():
            return problem
        problem.remedy = f"{self._dashboard.key_of('start')} starts it"
        return problem

    def is_first(self) -> bool:
        """Whether the welcome is due: on a new installation, once."""
        return self.appliance is not None and not self._dashboard.preferences.welcomed and self.appliance.is_new

    async def welcome(self) -> None:
        """Ask what the box is and which model answers, do it, and see that it runs."""
        appliance = self.appliance
        if appliance is None:
            return
        if not self._dashboard.preferences.welcomed:
            self._dashboard.prefer(welcomed=True)
        try:
            before = appliance.box
        except ProblemError as error:
            self._dashboard.complain(error)
            return

        async def apply(setup: Setup) -> None:
            await appliance.set_up(setup.box, setup.preset, setup.model, setup.key)

        secrets = not self._dashboard.is_web  # a browser's way here is not encrypted
        setup = await self._dashboard.push_screen_wait(Welcome(before, apply, secrets=secrets))
        if setup is not None:
            await self._carry_on(appliance, setup, before)

    async def _carry_on(self, appliance: Appliance, setup: Setup, before: str) -> None:
        if appliance.pid is None:
            await self.start()
        elif setup.box != before and appliance.is_parent:
            self._dashboard.notify("The other box comes with the next start: q, then barnacle up.", severity="warning")
        elif setup.box != before:
            question = "Another box means a restart of Barnacle. Now?"
            if await self._dashboard.push_screen_wait(Confirm(question)):
                await self.restart()
        elif setup.preset:
            appliance.reload()
            self._dashboard.notify("The host starts again with its model.")

    async def start(self) -> bool:
        """Start it and wait until it answers; False, with the reason told, when it does not."""
        appliance = self.appliance
        if appliance is None or not self.can_start():
            return False
        self._busy = True
        try:
            appliance.start()
            await self._until_there(appliance)
        except ProblemError as error:
            self._dashboard.complain(error)
            return False
        except OSError as error:
            self._dashboard.complain(ProblemError(f"cannot be started: {error}", f"try: {BY_HAND}"))
            return False
        finally:
            self._done()
        self._dashboard.notify("Barnacle runs, and goes on when this dashboard is closed.")
        return True

    async def stop(self) -> bool:
        """Stop it after a question; True when it has ended."""
        appliance = self.appliance
        if appliance is None or not self.can_stop():
            return False
        more = "\nThis dashboard closes with it." if appliance.is_parent else ""
        question = f"Stop Barnacle (pid {appliance.pid})? Nothing is answered or scheduled until it runs again.{more}"
        return bool(await self._dashboard.push_screen_wait(Confirm(question))) and await self._stop(appliance)

    async def restart(self) -> bool:
        """Stop it without a question, and start it."""
        appliance = self.appliance
        return appliance is not None and await self._stop(appliance) and await self.start()

    async def _stop(self, appliance: Appliance) -> bool:
        self._busy = True
        try:
            await asyncio.to_thread(appliance.stop)
        except ProblemError as error:
            self._dashboard.complain(error)
            return False
        finally:
            self._done()
        self._dashboard.live.set_connection(False, "stopped")
        return True

    def _done(self) -> None:
        self._busy = False
        if self._dashboard.screen_stack:  # none is left when the dashboard was closed meanwhile
            self._dashboard.refresh_bindings()

    async def _until_there(self, appliance: Appliance) -> None:
        """Raises ProblemError when it ends or does not answer in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_TIMEOUT_S
        while not self._dashboard.live.connected:
            failure = appliance.failure()
            if failure is not None:
                raise failure
            if loop.time() > deadline:
                raise ProblemError("it was started and does not answer", "see what is wrong: barnacle status")
            self._dashboard.feed.hurry()
            await asyncio.sleep(LOOK_S)
