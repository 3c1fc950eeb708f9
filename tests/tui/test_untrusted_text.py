"""Whatever people, pages and models write reaches the screen as plain text: no markup, no escapes, on any page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.segment import Segment
from textual.pilot import Pilot

from app.tui.app import Dashboard
from app.tui.pages import PAGES
from tests.tui.fake_client import FakeClient
from tests.tui.snapshot_data import ASK, household
from tests.tui.test_dashboard import until

MARKUP = "[/x][bold red]R[/][@click=app.quit]Q[/]"
ESCAPES = "\x1b[2J\x1b]52;c;eA==\x07\x9b31m\x00"
BIDI = "\u202eevil\u2066\u200b"
NASTY = MARKUP + ESCAPES + BIDI
FREE = {"name", "sender_name", "text", "prompt", "last_result", "result", "error", "reason", "detail", "rule", "actor"}
FREE |= {"args", "why", "host", "note", "message", "remedy", "trigger", "board", "version", "tool", "problem", "suffix"}
"""Fields that somebody else writes. Folders, ids, states and times are checked by the box."""
DIALOGS = {
    "schedules": ("h", "e", "d", "question_mark", "ctrl+p"),
    "policy": ("n", "e"),
    "chat": ("t",),
    "audit": ("up",),
}


def poisoned(value: Any, name: str = "") -> Any:
    """The same answer with every free text spoilt."""
    if isinstance(value, dict):
        return {key: poisoned(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, name) for item in value]
    return f"{NASTY}{value}" if name in FREE and isinstance(value, str) else value


def nasty_household() -> FakeClient:
    client = household(asks=[ASK])
    client.answers = {name: poisoned(answer, "text") for name, answer in client.answers.items()}
    return client


def on_screen(app: Dashboard) -> Iterator[Segment]:
    for strip in app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
        yield from strip


def check_plain(app: Dashboard) -> str:
    """What is on the screen; every character may be drawn, and no text has become an action."""
    shown = ""
    for segment in on_screen(app):
        assert all(char.isprintable() for char in segment.text), repr(segment.text)
        assert "app.quit" not in str(segment.style and segment.style.meta)
        shown += segment.text
    return shown


async def settle(pilot: Pilot[Any]) -> None:
    for _ in range(3):
        await pilot.pause(0.15)


@pytest.mark.parametrize("name", [page.NAME for page in PAGES])
async def test_a_page_full_of_hostile_text_draws_it_as_plain_text(name: str) -> None:
    client = nasty_household()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await until(pilot, lambda: bool(app.live.groups), "groups")
        await app.open_page(name)
        await settle(pilot)
        check_plain(app)
        client.push("tele.text", {"run": "run-9", "folder": "family", "text": NASTY})
        client.push("audit", poisoned({**client.answers["audit"][0], "detail": "now"}))
        client.push("host.model", {"state": "offline", "name": NASTY, "text": NASTY})
        await settle(pilot)
        check_plain(app)
        for key in DIALOGS.get(name, ()):
            await pilot.press(key)
            await settle(pilot)
            check_plain(app)
            while len(app.screen_stack) > 1:
                app.pop_screen()


async def test_hostile_text_in_a_refusal_is_plain_in_the_notice() -> None:
    from app.errors import ProblemError

    client = nasty_household()
    client.refuse = ProblemError(NASTY, NASTY)
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await until(pilot, lambda: bool(app.live.groups), "groups")
        await pilot.press("2", "r")
        await settle(pilot)
        assert "[bold red]R" in check_plain(app)


async def test_the_check_sees_an_escape_and_an_action_that_reach_the_screen() -> None:
    app = Dashboard(nasty_household)
    async with app.run_test(size=(140, 45)) as pilot:
        await until(pilot, lambda: bool(app.live.groups), "groups")
        plant: Callable[[str], None] = lambda text: setattr(app.page, "border_title", text)  # noqa: E731
        app.page.styles.border = ("round", "red")
        plant("[@click=app.quit]Q[/]")
        await settle(pilot)
        with pytest.raises(AssertionError):
            check_plain(app)


def test_every_spoilt_field_is_there_to_be_seen() -> None:
    client = nasty_household()
    assert client.answers["groups"][0]["name"].startswith(NASTY)
    assert client.answers["asks"][0]["why"].startswith(NASTY)
    assert client.answers["messages"][0]["text"].startswith(NASTY)
