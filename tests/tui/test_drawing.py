"""What is not in view is not drawn: pages behind others, everything behind a dialog; nor what is the same."""

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from app.tui import app as app_module
from app.tui.app import Dashboard
from app.tui.pages import PAGES
from app.tui.widgets.steady_text import SteadyText
from app.tui.widgets.titles import set_title
from tests.tui.fake_client import FakeClient
from tests.tui.snapshot_data import ASK, household
from tests.tui.test_dashboard import until

EVENTS = 100


class Painted:
    """Counts who was asked for lines, while it is on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by: dict[Widget, int] = {}
        render = Widget.render_lines

        def counted(widget: Widget, crop: Any) -> Any:
            self.by[widget] = self.by.get(widget, 0) + 1
            return render(widget, crop)

        monkeypatch.setattr(Widget, "render_lines", counted)

    def pages(self) -> set[str]:
        """The names of the pages of which anything was painted."""
        names = {page.NAME for page in PAGES}
        return {str(node.id) for widget in self.by for node in widget.ancestors_with_self if node.id in names}


def flood(client: FakeClient) -> None:
    """A hundred events of every kind."""
    for n in range(EVENTS // 5):
        client.push("audit", {**client.answers["audit"][0], "id": 1000 + n, "detail": f"flood {n}"})
        client.push("tele.queue", {"slots": {"used": n % 3, "max": 2}, "groups": {"main": {"state": "running"}}})
        client.push("tele.text", {"run": "run-9", "folder": "main", "text": "word " * n})
        client.push("tele.health", {"heap_used": 700_000 + n * 5000})
        client.push("task.set", {**client.answers["tasks"][n % 12], "prompt": f"flood {n}"})


async def flooded(app: Dashboard, client: FakeClient, pilot: Pilot[Any]) -> None:
    await pilot.pause(0.3)
    flood(client)
    await until(pilot, lambda: client.queue.empty() and not app._due, "the flood was taken in")  # pyright: ignore[reportPrivateUsage]
    await pilot.pause(1.2)  # a second's timers, too


async def every_page_seen(app: Dashboard, pilot: Pilot[Any], last: str) -> None:
    await until(pilot, lambda: bool(app.live.groups), "groups")
    for page in PAGES:
        await app.open_page(page.NAME)
        await pilot.pause()
    await app.open_page(last)


@pytest.mark.parametrize("front", ["overview", "audit"])
async def test_a_flood_paints_the_page_in_front_alone(front: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = household(asks=[ASK])
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await every_page_seen(app, pilot, front)
        painted = Painted(monkeypatch)
        await flooded(app, client, pilot)
        assert painted.pages() == {front}


async def test_behind_a_dialog_nothing_is_drawn_and_all_of_it_when_the_dialog_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = household()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await every_page_seen(app, pilot, "audit")
        await pilot.press("question_mark")
        drawn: list[str] = []
        for page in app.pages:
            monkeypatch.setattr(page, "show_live", lambda live, new, name=page.NAME: drawn.append(name))
        await flooded(app, client, pilot)
        assert drawn == []
        await pilot.press("escape")
        await until(pilot, lambda: drawn == ["audit"], "the page behind it")


async def test_a_flood_is_drawn_four_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    client = household()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await every_page_seen(app, pilot, "audit")
        drawn: list[int] = []
        monkeypatch.setattr(app.page, "show_live", lambda live, new: drawn.append(len(live.audit)))
        await flooded(app, client, pilot)
        assert 1 <= len(drawn) <= 2 + 2 / app_module.DRAW_EVERY_S
        assert drawn[-1] == len(app.live.audit)


async def test_the_same_text_and_title_again_paint_nothing_and_another_height_lays_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Dashboard(household)
    layouts: list[Screen[Any]] = []
    async with app.run_test(size=(140, 45)) as pilot:
        await until(pilot, lambda: bool(app.live.groups), "groups")
        await app.open_page("audit")
        await pilot.pause(0.5)
        text = app.query_one("#audit-text", SteadyText)
        table = app.query_one("#audit-table")
        text.update("one\ntwo")
        await pilot.pause(0.3)
        lay_out = Screen._refresh_layout  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setattr(
            Screen,
            "_refresh_layout",
            lambda screen, *args, **more: (layouts.append(screen), lay_out(screen, *args, **more)),
        )
        painted = Painted(monkeypatch)
        set_title(table, str(table.border_title or ""), str(table.border_subtitle or ""))
        text.update("one\ntwo")
        await pilot.pause(0.1)
        assert text not in painted.by and table not in painted.by and not layouts
        text.update("one\nother")
        await pilot.pause(0.1)
        assert text in painted.by and not layouts
        text.update("one\ntwo\nthree")
        await pilot.pause(0.1)
        assert layouts


async def test_a_title_is_never_markup() -> None:
    app = Dashboard(household)
    async with app.run_test(size=(80, 24)):
        for title in ("[/b]", "[bold]x", "[@click=app.quit]q[/]"):
            set_title(app.page, title, title)
            assert app.page._border_title.plain == title  # type: ignore[attr-defined]
