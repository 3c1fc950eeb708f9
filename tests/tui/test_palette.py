"""Keys, palette and help come from one source."""

from textual.binding import Binding
from textual.widgets import Static

from app.host.settings import DashboardSettings
from app.tui.app import Dashboard
from app.tui.help import Help
from app.tui.palette import Actions, known_actions
from tests.tui.fake_client import FakeClient
from tests.tui.test_dashboard import loaded, until


async def test_every_binding_has_an_id_and_a_tooltip_and_no_id_is_used_twice() -> None:
    app = Dashboard(FakeClient)
    ids = [binding.id for page in app.pages for binding in page.BINDINGS if isinstance(binding, Binding)]
    assert len(ids) == sum(len(page.BINDINGS) for page in app.pages)
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for known in known_actions(app):
        assert known.label
        assert known.help
        assert known.keys


async def test_help_shows_every_action_that_the_palette_finds() -> None:
    app = Dashboard(FakeClient)
    async with app.run_test(size=(120, 80)) as pilot:
        await loaded(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help), "the help")
        static = app.screen.query_one(Static)
        shown = "\n".join(static.render_line(y).text for y in range(static.size.height))
        for known in known_actions(app):
            assert known.label in shown
            assert known.keys.split()[0] in shown
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_an_action_of_another_page_opens_that_page_and_acts() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        provider = Actions(app.screen)
        hits = [hit async for hit in provider.search("Schedules: Run now")]
        best = max(hits, key=lambda hit: hit.score)
        command = best.command
        result = command()
        assert result is not None
        await result
        await until(pilot, lambda: bool(client.commands()), "the command")
        assert app.page.NAME == "schedules"
        assert client.commands()[0][0] == "task.run"


async def test_a_key_map_moves_an_action_to_another_key_and_help_says_so() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client, DashboardSettings(keys={"schedules.run": "x"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        await pilot.press("2", "r")
        await pilot.pause()
        assert client.commands() == []
        await pilot.press("x")
        await until(pilot, lambda: bool(client.commands()), "the command")
        assert next(known.keys for known in known_actions(app) if known.action == "run_now") == "x"


async def test_a_page_that_is_not_in_front_draws_nothing() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        drawn: list[str] = []
        for page in app.pages:
            page.show_live = lambda live, new, name=page.NAME: drawn.append(name)  # type: ignore[method-assign]
        await pilot.press("2")
        drawn.clear()
        client.push("tele.queue", {"slots": {"used": 1, "max": 2}, "groups": {}})
        await until(pilot, lambda: bool(drawn), "a drawing")
        assert set(drawn) == {"schedules"}
