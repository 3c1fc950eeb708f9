"""Settings: choices take effect at once and are kept; a question is announced as was chosen."""

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Select, Static

from app.host.settings import DashboardSettings
from app.tui import preferences
from app.tui.app import Dashboard
from app.tui.preferences import Preferences
from app.tui.themes import DEFAULT, THEMES
from tests.tui.fake_client import FakeClient
from tests.tui.test_asks import ask
from tests.tui.test_dashboard import loaded, until


async def test_a_theme_is_chosen_kept_and_used_the_next_time(tmp_path: Path) -> None:
    app = Dashboard(FakeClient, folder=tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        assert app.theme == DEFAULT
        await app.open_page("settings")
        await pilot.press("t")
        await until(pilot, lambda: app.theme == THEMES[1].name, "the next theme")
        app.query_one("#density", Select).value = "compact"
        await until(pilot, lambda: app.has_class("-compact"), "no frames")
        assert app.query_one("#facts").styles.border_top[0] in ("", "none")
    again = Dashboard(FakeClient, folder=tmp_path)
    assert again.preferences == Preferences(theme=THEMES[1].name, density="compact")
    assert stat.S_IMODE((tmp_path / "dashboard.json").stat().st_mode) == 0o600


async def test_keys_choose_the_next_theme_and_the_other_density() -> None:
    app = Dashboard(FakeClient)
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        await app.open_page("settings")
        await pilot.press("t", "v")
        await until(pilot, lambda: app.preferences.density == "compact", "the other density")
        assert app.theme == THEMES[1].name
        await pilot.press("v")
        await until(pilot, lambda: app.preferences.density == "comfortable", "the first one again")


def test_config_gives_the_defaults_and_a_choice_comes_first(tmp_path: Path) -> None:
    settings = DashboardSettings(theme="nord", density="compact", notify="off")
    assert preferences.load(tmp_path / "none.json", settings) == Preferences("nord", "compact", "off")
    (tmp_path / "p.json").write_text(json.dumps({"theme": "dracula", "density": 7, "unknown": 1}))
    assert preferences.load(tmp_path / "p.json", settings) == Preferences("dracula", "compact", "off")


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"', "\x00"])
def test_a_damaged_file_costs_the_choice_and_nothing_else(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    assert preferences.load(tmp_path / "p.json", DashboardSettings()) == Preferences()


async def test_a_theme_that_is_not_there_gives_the_default() -> None:
    app = Dashboard(FakeClient, DashboardSettings(theme="no such theme"))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == DEFAULT


@pytest.mark.parametrize(
    ("notify", "focused", "bells", "notices"),
    [
        ("bell", True, 1, 0),
        ("bell", False, 1, 0),
        ("off", False, 0, 0),
        ("desktop", True, 1, 0),
        ("desktop", False, 0, 1),
    ],
)
async def test_a_question_is_announced_once_as_was_chosen(
    notify: str, focused: bool, bells: int, notices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = FakeClient()
    app = Dashboard(lambda: client, DashboardSettings(notify=notify))
    rung: list[str] = []
    written: list[str] = []
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        monkeypatch.setattr(app, "bell", lambda: rung.append("bell"))
        monkeypatch.setattr(app._driver, "write", written.append)  # pyright: ignore[reportPrivateUsage]
        app.app_focus = focused
        asked = ask(1, host="x.example\x1b;")
        client.push("ask.set", asked)
        await until(pilot, lambda: "ask-1" in app.live.asks, "the ask")
        await pilot.pause(0.5)
        client.push("ask.set", asked | {"why": "again"})
        await pilot.pause(0.5)
        sent = [text for text in written if text.startswith("\x1b]777")]
        assert (len(rung), len(sent)) == (bells, notices)
        assert all(text.count("\x1b") == 1 for text in sent)


async def test_the_page_says_where_things_are_and_names_every_action() -> None:
    app = Dashboard(FakeClient, facts=[("settings", "/somewhere/config.toml")])
    async with app.run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        await app.open_page("settings")
        await pilot.pause()
        shown = str(app.query_one("#facts-text", Static).content)
        assert "/somewhere/config.toml" in shown
        assert "schedules.run" in shown


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    def light(rgb: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("part", ["foreground", "success", "warning", "error", "accent"])
def test_texts_can_be_read_on_every_theme(theme, part: str) -> None:
    def rgb(text: str) -> tuple[float, ...]:
        return tuple(int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))

    assert contrast(rgb(getattr(theme, part)), rgb(theme.surface)) >= 4.5
