"""The dashboard and this machine's appliance: not running, started, stopped, set up for the first time."""

from pathlib import Path

import pytest
from textual.widgets import Button, Input, Select, Static

from app.errors import ProblemError
from app.host.local_appliance import NotRunningError
from app.tui.app import Dashboard
from app.tui.confirm import Confirm
from app.tui.welcome import BOXES, Setup, Welcome
from app.tui.widgets.connection_strip import ConnectionStrip
from tests.tui.fake_client import FakeClient
from tests.tui.test_dashboard import loaded, until

VALUE = "sk-not-a-real-key-0123456789"  # obviously fake


class FakeAppliance:
    """Runs when it is started; keeps what it was told."""

    def __init__(self, running: bool = False, new: bool = False) -> None:
        self.pid: int | None = 41 if running else None
        self.is_parent = False
        self.is_new = new
        self.box = "simulator"
        self.told: list[object] = []
        self.refuse: ProblemError | None = None

    def connect(self) -> FakeClient:
        problem = self.problem()
        if problem is not None:
            raise problem
        return FakeClient()

    def problem(self) -> ProblemError | None:
        return None if self.pid else NotRunningError("nothing runs here")

    def start(self) -> None:
        self.told.append("start")
        if self.refuse is None:
            self.pid = 42

    def failure(self) -> ProblemError | None:
        return self.refuse

    def stop(self) -> int:
        self.told.append("stop")
        self.pid = None
        return 41

    def reload(self) -> None:
        self.told.append("reload")

    async def set_up(self, box: str, kind: str = "", model: str = "", key: str = "") -> None:
        if self.refuse is not None:
            raise self.refuse
        self.told.append((box, kind, model, key))


def dashboard(appliance: FakeAppliance, folder: Path | None = None) -> Dashboard:
    app = Dashboard(appliance.connect, folder=folder, appliance=appliance)

    def connect():
        try:
            return appliance.connect()
        except ProblemError as error:
            raise app.starting.with_key(error) from None

    app.feed._connect = connect  # pyright: ignore[reportPrivateUsage]
    return app


def strip(app: Dashboard) -> str:
    return str(app.query_one(ConnectionStrip).content)


async def test_with_nothing_running_the_dashboard_opens_says_so_and_names_the_key() -> None:
    app = dashboard(FakeAppliance())
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: "nothing runs here" in strip(app), "the problem")
        assert "no data yet" in strip(app)
        assert "^o starts it" in strip(app)


async def test_a_key_starts_it_and_the_data_comes() -> None:
    appliance = FakeAppliance()
    app = dashboard(appliance)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: "nothing runs" in strip(app), "the problem")
        await pilot.press("ctrl+o")
        await loaded(pilot)
        assert appliance.told == ["start"]
        await until(pilot, lambda: "● host" in strip(app), "it is there")


async def test_what_was_started_elsewhere_is_found_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tui.feed.RETRY_S", 0.05)
    appliance = FakeAppliance()
    app = dashboard(appliance)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: "nothing runs" in strip(app), "the problem")
        appliance.pid = 77
        await loaded(pilot)
        assert appliance.told == []


async def test_a_start_that_fails_says_why_and_can_be_tried_again() -> None:
    appliance = FakeAppliance()
    appliance.refuse = ProblemError("port 21883 is taken")
    app = dashboard(appliance)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: "nothing runs" in strip(app), "the problem")
        await pilot.press("ctrl+o")
        told = app._notifications  # pyright: ignore[reportPrivateUsage]
        await until(pilot, lambda: any("21883 is taken" in one.message for one in told), "the reason")
        assert app.starting.can_start()


async def test_stopping_asks_and_its_data_stays_with_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tui.feed.LOOK_S", 0.01)
    appliance = FakeAppliance(running=True)
    client = FakeClient()
    appliance.connect = lambda: client if appliance.pid else FakeAppliance().connect()  # type: ignore[method-assign]
    app = dashboard(appliance)
    async with app.run_test(size=(100, 24)) as pilot:
        await loaded(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("n", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question again")
        assert appliance.told == []
        await pilot.press("y")
        await until(pilot, lambda: appliance.told == ["stop"], "stopped")
        client.connected = False
        client.push("client.connection", {"connected": False})
        await until(pilot, lambda: "nothing runs here" in strip(app), "the problem")
        assert "data " in strip(app) and "old" in strip(app)
        assert "starts it" in strip(app)
        await loaded(pilot)


async def test_a_dashboard_of_another_machine_starts_and_stops_nothing() -> None:
    app = Dashboard(FakeClient)
    async with app.run_test(size=(100, 24)) as pilot:
        await loaded(pilot)
        await pilot.press("ctrl+o", "f2")
        assert len(app.screen_stack) == 1
        assert not app.starting.can_start() and not app.starting.can_stop()


async def test_the_welcome_is_offered_once_and_escape_changes_nothing(tmp_path: Path) -> None:
    appliance = FakeAppliance(running=True, new=True)
    app = dashboard(appliance, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome), "the welcome")
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1, "closed")
        await loaded(pilot)
    assert appliance.told == []
    again = dashboard(appliance, tmp_path)
    async with again.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        assert len(again.screen_stack) == 1
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(again.screen, Welcome), "asked for")


async def test_the_welcome_is_not_offered_where_something_was_chosen_already() -> None:
    app = dashboard(FakeAppliance(running=True, new=False))
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        assert len(app.screen_stack) == 1


async def test_box_and_model_are_chosen_and_then_it_starts() -> None:
    appliance = FakeAppliance(new=True)
    app = dashboard(appliance)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome), "the welcome")
        await pilot.pause()
        app.screen.query_one("#box", Select).value = "desktop"
        app.screen.query_one("#preset", Select).value = "anthropic"
        await until(pilot, lambda: bool(app.screen.query_one("#key-field").display), "the key is asked for")
        app.screen.query_one("#key", Input).value = VALUE
        await pilot.pause()
        assert VALUE not in app.export_screenshot()
        await pilot.press("ctrl+s")
        await loaded(pilot)
        assert appliance.told == [("desktop", "anthropic", "", VALUE), "start"]


async def test_what_stands_in_the_way_is_said_and_the_choice_stays() -> None:
    appliance = FakeAppliance(new=True)
    appliance.refuse = ProblemError("no keyring", "start one")
    app = dashboard(appliance)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome), "the welcome")
        await pilot.pause()
        app.screen.query_one("#preset", Select).value = "openai"
        await pilot.pause()
        app.screen.query_one("#begin", Button).press()
        shown = app.screen.query_one("#welcome-error", Static)
        await until(pilot, lambda: str(shown.content) == "no keyring; start one", "the reason")
        appliance.refuse = None
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 1, "done")
        assert appliance.told == [("simulator", "openai", "", ""), "start"]


async def test_a_running_host_reads_a_new_model_and_another_box_restarts_after_a_question() -> None:
    appliance = FakeAppliance(running=True)
    app = dashboard(appliance)
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, Welcome), "the welcome")
        await pilot.pause()
        app.screen.query_one("#preset", Select).value = "ollama"
        await pilot.pause()
        assert not app.screen.query_one("#key-field").display
        await pilot.press("ctrl+s")
        await until(pilot, lambda: appliance.told == [("simulator", "ollama", "", ""), "reload"], "told")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, Welcome), "the welcome again")
        await pilot.pause()
        app.screen.query_one("#box", Select).value = "desktop"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: appliance.told[2:] == [("desktop", "", "", ""), "stop", "start"], "restarted")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45)])
@pytest.mark.parametrize("box", [name for _, name in BOXES])
async def test_every_choice_is_explained_and_fits(size: tuple[int, int], box: str) -> None:
    app = dashboard(FakeAppliance(new=True))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome), "the welcome")
        await pilot.pause()
        app.screen.query_one("#box", Select).value = box
        app.screen.query_one("#preset", Select).value = "anthropic"
        await pilot.pause()
        assert str(app.screen.query_one("#box-hint", Static).content)
        assert app.screen.query_one("#welcome").region.right <= size[0]
        app.screen.query_one("#key").focus()
        await pilot.pause()
        assert app.screen.query_one("#key").region.bottom <= size[1]


def test_a_key_is_not_in_what_python_prints_of_a_choice() -> None:
    assert VALUE not in repr(Setup("simulator", "openai", "", VALUE))
