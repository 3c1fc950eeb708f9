"""Every action is pressed in some test, every part of a page is reached by the keyboard."""

import re
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widget import Widget

from app.tui.app import Dashboard
from app.tui.page import Page
from app.tui.pages import PAGES
from tests.tui.snapshot_data import household
from tests.tui.test_dashboard import until

TESTS = Path(__file__).parent
KEY_NAMES = {"slash": "/", "question_mark": "?"}


def keys_pressed(page: str) -> set[str]:
    """Every text that a test of this page, or of what is everywhere, presses or calls an action by."""
    about = [*TESTS.glob(f"test_{page}*.py"), TESTS / "test_dashboard.py", TESTS / "test_palette.py"]
    about += [TESTS / "test_asks.py"] if page == "overview" else []
    found: set[str] = set()
    for path in about:
        for call in re.findall(r"(?:press|action_\w+|run_action)\(([^)]*)\)", path.read_text(encoding="utf-8")):
            found |= set(re.findall(r'"([^"]+)"', call))
        found |= set(re.findall(r'(?:key|keys)[^=\n]{0,40}=\s*"([^"]+)"', path.read_text(encoding="utf-8")))
        found |= set(re.findall(r'\(\s*"([^"]{1,12})"\s*,', path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.NAME)
def test_every_key_of_a_page_is_pressed_in_its_tests(page: type[Page]) -> None:
    pressed = keys_pressed(page.NAME)
    bindings = [binding for binding in page.BINDINGS if isinstance(binding, Binding)]
    missing = [b.id for b in bindings if not set(b.key.split(",")) & pressed]
    assert missing == []


def test_a_key_that_nobody_presses_is_found() -> None:
    assert "f12" not in keys_pressed("schedules")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.NAME)
async def test_tab_reaches_all_that_a_click_reaches_and_comes_round(page: type[Page]) -> None:
    app = Dashboard(household)
    async with app.run_test(size=(140, 45)) as pilot:
        await until(pilot, lambda: bool(app.live.groups), "groups")
        shown = await app.open_page(page.NAME)
        await pilot.pause(0.3)
        clickable = {w for w in shown.query(Widget) if w.focusable and w.display and w.region.area}
        first, reached = app.focused, set[Widget]()
        assert first in clickable
        for _ in range(len(clickable) + 1):
            assert app.focused is not None
            reached.add(app.focused)
            await pilot.press("tab")
        assert reached >= clickable


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.NAME)
async def test_a_page_is_opened_by_its_number_and_by_a_click_on_its_tab(page: type[Page]) -> None:
    app = Dashboard(household)
    async with app.run_test(size=(140, 45)) as pilot:
        await until(pilot, lambda: bool(app.live.groups), "groups")
        await app.open_page("settings" if page.NAME != "settings" else "overview")
        await pilot.press(str(PAGES.index(page) + 1))
        assert app.page.NAME == page.NAME
        await app.open_page("settings" if page.NAME != "settings" else "overview")
        at = sum(len(f" {n} {one.TITLE} ") for n, one in enumerate(PAGES[: PAGES.index(page)], 1))
        await pilot.click("#tabs", offset=(at + 2, 0))
        await until(pilot, lambda: app.page.NAME == page.NAME, "the clicked tab")
