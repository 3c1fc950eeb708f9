"""The box page: pictures in half blocks, mouse and keys as fingers, its pace, facts, log and reboot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.color import Color
from textual.color import Color as Background
from textual.pilot import Pilot
from textual.widgets import Log

from app.host.operator_client import OperatorRefused
from app.host.screen import FRAME_BYTES, SIZE
from app.tui import half_blocks
from app.tui.app import Dashboard
from app.tui.confirm import Confirm
from app.tui.pages import box
from app.tui.pages.box import BoxPage
from app.tui.widgets.box_facts import BoxFacts
from app.tui.widgets.screen_mirror import ScreenMirror
from tests.tui.fake_client import FakeClient
from tests.tui.test_dashboard import loaded, until

RED, BLUE = b"\x00\xf8", b"\x1f\x00"  # RGB565, little endian
HEALTH = {"board": "simulator", "version": "1.2", "heap_used": 700_000, "heap_free": 900_000, "spool": 3}
HEALTH |= {"flash_bytes_written": 4096, "flash_erases": 2, "storage_used": 1024, "storage_free": 2048, "boot_ms": 289}
HEALTH |= {"mqtt_reconnects": 5, "task_restarts": 1, "uptime_ms": 61_000}


def frame(upper: bytes = RED, lower: bytes = BLUE) -> bytes:
    """The upper half in one colour, the lower in another."""
    return upper * (SIZE * SIZE // 2) + lower * (SIZE * SIZE // 2)


class Screens:
    """A box's screen: counts pictures, and whether anybody looks."""

    def __init__(self) -> None:
        self.frame_now = frame()
        self.pictures = 0
        self.open = 0
        self.error: Exception | None = None

    async def frame(self, client: Any, /) -> bytes:
        self.pictures += 1
        if self.error is not None:
            raise self.error
        return self.frame_now

    @asynccontextmanager
    async def source(self) -> AsyncIterator["Screens"]:
        self.open += 1
        try:
            yield self
        finally:
            self.open -= 1


@pytest.fixture
def client() -> FakeClient:
    fake = FakeClient()
    fake.answers["box.log"] = {"lines": ["ready 289", "\x1b[31mred [b]x[/b]"], "mark": "7:20"}
    fake.answers["status"]["device"] |= {"health": HEALTH, "boot": "b0c5b0c5b0c5"}
    return fake


@pytest.fixture
def screens() -> Screens:
    return Screens()


async def opened(pilot: Pilot[Any], app: Dashboard) -> ScreenMirror:
    await loaded(pilot)
    await app.open_page("box")
    mirror = app.query_one(ScreenMirror)
    await until(pilot, lambda: mirror.shows_picture, "a picture")
    return mirror


def dashboard(client: FakeClient, screens: Screens) -> Dashboard:
    return Dashboard(lambda: client, screen_source=screens.source)


def test_half_blocks_have_the_frames_colours_and_nothing_beside_the_glass() -> None:
    rows = half_blocks.rows(frame(), 40, Background(1, 2, 3))
    assert len(rows) == 20
    above, below = half_blocks.strip(rows[5]), half_blocks.strip(rows[15])
    assert above.cell_length == below.cell_length == 40
    colours = [[segment.style.bgcolor for segment in line if segment.style] for line in (above, below)]
    assert Color.from_rgb(255, 0, 0) in colours[0] and Color.from_rgb(0, 0, 255) in colours[1]
    assert all(line[0] == line[-1] == Color.from_rgb(1, 2, 3) for line in colours)
    assert len(above) <= 7  # equal neighbours are one segment


def test_the_picture_is_as_large_as_its_cells_allow_and_stays_square() -> None:
    assert [half_blocks.side_for(w, h) for w, h in ((40, 20), (40, 50), (100, 20), (41, 30), (0, 5), (1, 1))] == [
        40,
        40,
        40,
        40,
        0,
        0,
    ]
    with pytest.raises(Exception, match="bytes"):
        half_blocks.rows(b"x" * (FRAME_BYTES - 1), 40, Background(0, 0, 0))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45), (200, 60)])
async def test_a_click_is_a_tap_at_the_pixel_below_it(
    client: FakeClient, screens: Screens, size: tuple[int, int]
) -> None:
    app = dashboard(client, screens)
    async with app.run_test(size=size) as pilot:
        mirror = await opened(pilot, app)
        wide, high = mirror.content_size
        side = half_blocks.side_for(wide, high)
        left, top = (wide - side) // 2 + 1, (high - side // 2) // 2 + 1  # 1: the frame around it
        for cell_x, cell_y in ((side // 2, side // 4), (side // 4, side // 8), (side - 2, side // 4)):
            await pilot.click(mirror, offset=(left + cell_x, top + cell_y))
        await until(pilot, lambda: len(client.commands()) == 3, "three taps")
        taps = [args for name, args in client.commands() if name == "screen.tap"]
        step = SIZE / side
        for tap, (cell_x, cell_y) in zip(
            taps, ((side // 2, side // 4), (side // 4, side // 8), (side - 2, side // 4)), strict=True
        ):
            assert abs(tap["x"] - (cell_x + 0.5) * step) <= 1 and abs(tap["y"] - (2 * cell_y + 1) * step) <= 1
            assert "hold_ms" not in tap
        corner = client.commands()
        await pilot.click(mirror, offset=(left, top))  # on the picture, beside the glass
        await pilot.pause()
        assert client.commands() == corner


async def test_a_drag_is_a_swipe_also_when_it_ends_beside_the_glass(client: FakeClient, screens: Screens) -> None:
    app = dashboard(client, screens)
    async with app.run_test(size=(140, 45)) as pilot:
        mirror = await opened(pilot, app)
        side = half_blocks.side_for(*mirror.content_size)
        middle = mirror.content_size.height // 2 + 1
        await pilot.mouse_down(mirror, offset=(side * 3 // 4, middle))
        await pilot.hover(mirror, offset=(side // 4, middle))
        await pilot.mouse_up(mirror, offset=(side // 4, middle))
        await until(pilot, lambda: bool(client.commands()), "a swipe")
        name, swipe = client.commands()[0]
        assert name == "screen.swipe" and swipe["x"] > 250 > 110 > swipe["to_x"]
        assert swipe["y"] == swipe["to_y"] and 100 <= swipe["ms"] <= 2000
        await pilot.mouse_down(mirror, offset=(side // 2, middle))
        await pilot.mouse_up("#box-log", offset=(5, 5))
        await until(pilot, lambda: len(client.commands()) == 2, "a swipe to the edge")
        assert client.commands()[1][1]["to_x"] > 350


async def test_keys_are_fingers_too(client: FakeClient, screens: Screens) -> None:
    app = dashboard(client, screens)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, app)
        await pilot.press("right", "right", "up", "enter")
        await pilot.press("space", "shift+left", "J")
        await until(pilot, lambda: len(client.commands()) == 4, "four touches")
        assert sorted(client.commands(), key=str) == sorted(
            [
                ("screen.tap", {"x": 204, "y": 168}),
                ("screen.tap", {"x": 204, "y": 168, "hold_ms": 800}),
                ("screen.swipe", {"x": 250, "y": 180, "to_x": 110, "to_y": 180, "ms": 200}),
                ("screen.swipe", {"x": 180, "y": 110, "to_x": 180, "to_y": 250, "ms": 200}),
            ],
            key=str,
        )
        await pilot.press(*["down"] * 40)
        await pilot.press("enter")
        await until(pilot, lambda: len(client.commands()) == 5, "another")
        assert half_blocks.on_glass(client.commands()[4][1]["x"], client.commands()[4][1]["y"])


async def test_a_touch_asks_for_another_picture_soon_and_a_quiet_box_is_left_alone(
    client: FakeClient, screens: Screens
) -> None:
    app = dashboard(client, screens)
    async with app.run_test(size=(140, 45)) as pilot:
        mirror = await opened(pilot, app)
        assert screens.pictures == 1
        await pilot.pause(1.5)
        assert screens.pictures == 1
        screens.frame_now = frame(BLUE, RED)
        await pilot.press("enter")
        await until(pilot, lambda: screens.pictures == 2, "another picture")
        blue = Background(0, 0, 255).rich_color
        line = mirror.render_line(mirror.content_size.height // 4)
        assert blue in [segment.style.bgcolor for segment in line if segment.style]
        await pilot.press("r")
        await until(pilot, lambda: screens.pictures == 3, "one more")
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < 1.5:
            await pilot.press("r")  # as a key that is held down
        assert 4 <= screens.pictures <= 3 + 1.5 / box.LEAST_S


async def test_news_of_what_the_screen_shows_is_a_reason_at_a_bounded_pace(
    client: FakeClient, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "AFTER_NEWS_S", 0.5)
    app = dashboard(client, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        for number in range(30):
            client.push("tele.queue", {"slots": {"used": 1, "max": 2}, "groups": {"main": {"depth": number}}})
            await pilot.pause(0.05)
        assert 2 <= screens.pictures <= 5
        client.push("tele.health", HEALTH)
        await pilot.pause(1)
        before = screens.pictures
        client.push("tele.health", HEALTH)
        await pilot.pause(1)
        assert screens.pictures == before  # the screen does not show that


async def test_nobody_looks_while_the_page_is_hidden_at_rest_or_covered(
    client: FakeClient, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "ANYHOW_S", 0.2)
    app = dashboard(client, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        mirror = await opened(pilot, app)
        await until(pilot, lambda: screens.pictures > 2, "looking")
        await pilot.press("m")
        await pilot.pause(0.5)
        count = screens.pictures
        await pilot.pause(1)
        assert screens.pictures == count and "at rest" in str(mirror.border_subtitle)
        await pilot.press("m")
        await until(pilot, lambda: screens.pictures > count, "looking again")
        await app.open_page("overview")
        await until(pilot, lambda: screens.open == 0, "given back")
        asked, count = len(client.requests), screens.pictures
        await pilot.pause(1)
        assert screens.pictures == count and len(client.requests) == asked
        monkeypatch.setattr(box, "REST_S", 0.5)
        await app.open_page("box")
        await until(pilot, lambda: "at rest" in str(mirror.border_subtitle), "rest after a while without a key")


async def test_without_a_screen_that_is_said_and_it_is_not_asked_again(client: FakeClient, screens: Screens) -> None:
    screens.error = OperatorRefused("unsupported", "the desktop host has no screen", "look at the terminal")
    app = dashboard(client, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        await app.open_page("box")
        await until(
            pilot, lambda: "desktop host has no screen" in app.export_screenshot().replace("&#160;", " "), "why"
        )
        await pilot.pause(0.5)
        assert screens.pictures == 1
        await pilot.press("enter")  # nothing to touch
        await pilot.pause()
        assert client.commands() == []


async def test_a_picture_that_failed_is_tried_again(
    client: FakeClient, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "AGAIN_S", 0.2)
    screens.error = OperatorRefused("box_offline", "the box cannot be reached", "")
    app = dashboard(client, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        await app.open_page("box")
        await until(pilot, lambda: screens.pictures > 1, "another try")
        screens.error = None
        await until(pilot, lambda: app.query_one(ScreenMirror).shows_picture, "a picture")


async def test_facts_and_log_are_shown_cleaned_and_followed_by_mark(
    client: FakeClient, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "LOG_S", 0.1)
    app = dashboard(client, screens)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, app)
        log = app.query_one("#box-log", Log)
        await until(pilot, lambda: log.line_count >= 3, "the log")
        assert list(log.lines)[:2] == ["ready 289", " [31mred [b]x[/b]"]
        asked = [args for name, args in client.requests if name == "box.log"]
        assert "mark" not in asked[0] and asked[1]["mark"] == "7:20"
        said = str(app.query_one(BoxFacts).content)
        for words in ("box-1 (simulator), version 1.2", "5 reconnects", "4 KB written, 2 erases", "cannot update"):
            assert words in said
        client.answers["box.log"] = {"lines": ["x"] * 900, "mark": "7:30"}
        await until(pilot, lambda: log.line_count >= 400, "many")
        await pilot.pause(0.5)
        assert log.line_count <= 501


async def test_a_reboot_asks_first(client: FakeClient, screens: Screens) -> None:
    app = dashboard(client, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("n")
        assert client.commands() == []
        await pilot.press("b", "y")
        await until(pilot, lambda: client.commands() == [("box.reboot", {})], "the reboot")


async def test_l_and_s_go_to_log_and_screen(client: FakeClient, screens: Screens) -> None:
    app = dashboard(client, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        mirror = await opened(pilot, app)
        await pilot.press("l")
        assert app.query_one("#box-log").has_focus
        await pilot.press("s")
        assert mirror.has_focus and isinstance(app.page, BoxPage)
