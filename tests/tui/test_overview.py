"""The overview's numbers: what was spent today, the box's health in many lines or one, colours of the theme."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.text import Text
from textual.widgets import Static

from app.tui import say
from app.tui.app import Dashboard
from app.tui.live import LiveData
from app.tui.widgets.connection_strip import ConnectionStrip
from app.tui.widgets.groups_table import GroupsTable
from app.tui.widgets.health_panel import HealthPanel
from tests.tui.fake_client import FakeClient
from tests.tui.test_dashboard import cells, loaded, until

TODAY = datetime.now(UTC).date().isoformat()
HEALTH = {
    "heap_used": 700_000,
    "heap_free": 1_300_000,
    "storage_used": 2_000_000,
    "storage_free": 9_000_000,
    "flash_bytes_written": 5_000_000,
    "flash_erases": 12,
    "uptime_ms": 7_200_000,
    "boot_ms": 900,
    "board": "simulator",
    "version": "0.1.0",
    "spool": 3,
}


def spent(folder: str, micro_usd: int, day: str = TODAY) -> dict[str, Any]:
    return {"folder": folder, "day": day, "input": 1000, "output": 200, "micro_usd": micro_usd, "calls": 2}


def words(app: Dashboard, widget: type[Static]) -> str:
    content = app.query_one(widget).content
    assert isinstance(content, Text)
    return content.plain


async def test_what_was_spent_today_is_shown_per_group_and_for_all() -> None:
    client = FakeClient()
    client.answers["spend"] = [spent("main", 410_000), spent("family", 990_000, "2020-01-01"), spent("gone", 10**9)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        panel = app.query_one(GroupsTable)
        assert [cells(panel, row)[6] for row in range(2)] == ["$0.41", "–"]
        client.push("spend.set", spent("family", 95_001))
        await until(pilot, lambda: cells(panel, 1)[6] == "$0.10", "family has spent")
        await until(pilot, lambda: "$0.51 today, 4 calls, 2400 tokens" in words(app, HealthPanel), "the sum")


def test_another_day_of_the_zone_begins_with_nothing() -> None:
    live = LiveData()
    live.load("status", {"host": {"zone": "Pacific/Auckland"}})
    live.load("groups", [{"folder": "main"}])
    live.load("spend", [spent("main", 1, "2026-11-22")])
    at_ms = int(datetime(2026, 11, 22, 10, 59, tzinfo=UTC).timestamp() * 1000)
    assert list(live.spent_today(at_ms)) == ["main"]
    assert live.spent_today(at_ms + say.MINUTE_MS) == {}


async def test_health_is_told_in_full_with_a_dash_for_what_the_board_does_not_say() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        client.push("tele.health", HEALTH)
        await until(pilot, lambda: "12 erases" in words(app, HealthPanel), "the health")
        lines = dict(line.split(maxsplit=1) for line in words(app, HealthPanel).splitlines())
        assert lines["heap"] == "684 KB used, 1.2 MB free"
        assert lines["storage"] == "1.9 MB used, 8.6 MB free"
        assert lines["up"] == "2 h (simulator, booted in 900 ms)"
        assert lines["Wi-Fi"] == "–"
        assert lines["version"].startswith("box 0.1.0")
        assert lines["state"].startswith("● online, health 0 s old")
        client.push("tele.health", HEALTH | {"wifi_dbm": -61})
        await until(pilot, lambda: "-61 dBm" in words(app, HealthPanel), "the board says it")


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
async def test_health_keeps_one_line_where_there_is_little_room(size: tuple[int, int]) -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=size) as pilot:
        await loaded(pilot)
        client.push("tele.health", HEALTH)
        await until(pilot, lambda: words(app, HealthPanel).startswith("heap 684 KB  flash 4.8 MB  up 2 h"), "one line")
        assert app.query_one(HealthPanel).region.height == 1
        await pilot.resize_terminal(140, 45)
        await until(pilot, lambda: "12 erases" in words(app, HealthPanel), "all of it")


async def test_the_strip_has_the_colours_of_the_theme() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)

        def colours() -> set[str]:
            content = app.query_one(ConnectionStrip).content
            assert isinstance(content, Text)
            return {str(span.style).lower() for span in content.spans}

        for theme in ("barnacle-colour-blind", "barnacle-light"):
            app.prefer(theme=theme)
            good = app.theme_variables["success"].lower()
            await until(pilot, lambda good=good: any(good in colour for colour in colours()), f"{theme} {good}")
