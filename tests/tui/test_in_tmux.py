"""The dashboard in a real terminal (tmux), before a real appliance: keys, sizes, colours, clipboard, and what it leaves
behind."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.tui.pages import PAGES
from bench.appliance import Appliance
from tests.tui.terminal import Terminal

SIZES = ((60, 20), (200, 60), (80, 24))


def tab(name: str) -> str:
    """The number key of a page."""
    return str([page.NAME for page in PAGES].index(name) + 1)


def settled(home: Path) -> Path:
    """A home whose dashboard has been welcomed."""
    (home / "dashboard").mkdir(parents=True, exist_ok=True)
    (home / "dashboard" / "dashboard.json").write_text(json.dumps({"welcomed": True}))
    return home


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with Terminal(tmp_path) as one:
        yield one


@pytest.fixture
async def appliance(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with Appliance(settled(tmp_path / "home")) as one:
        yield one


async def shown(terminal: Terminal, *texts: str, gone: tuple[str, ...] = ()) -> str:
    return await asyncio.to_thread(terminal.until, *texts, gone=gone)


async def test_a_day_at_the_dashboard(terminal: Terminal, appliance: Appliance) -> None:
    terminal.barnacle(appliance.home, "tui")
    await shown(terminal, "● host", "● box", "Main")
    assert colours(terminal.shown(escapes=True))

    terminal.keys(tab("schedules"), "n")
    await shown(terminal, "New task", "What the assistant is asked")
    terminal.keys("water the plants")
    await shown(terminal, "water the plants")
    terminal.step("Tab")
    terminal.keys("weekdays at 8:30")
    await shown(terminal, "08:30")
    terminal.keys("C-s")
    await shown(terminal, "water the plants", gone=("New task",))

    terminal.keys(tab("chat"))
    await shown(terminal, "Main")
    terminal.keys("Enter", "hello there", "Enter")
    screen = await shown(terminal, "hello there", "Hello. Next: water", gone=("▍",))
    terminal.step("Escape")
    terminal.keys("y")
    await shown(terminal, "opied")
    assert len(terminal.clipboard()) > 5, screen

    for width, height in SIZES:
        terminal.resize(width, height)
        terminal.keys(tab("overview"))
        screen = await shown(terminal, "● host", "Main", "q Quit" if width >= 80 else "Chat")
        assert all(len(line) <= width for line in screen.splitlines())

    host = appliance.kill("host")
    await shown(terminal, "✕", "data ", " old")
    await appliance.restarted("host", host)
    await shown(terminal, "● host", "● box", gone=("✕ the host",))

    terminal.keys("q")
    await shown(terminal, "ready$", gone=("Overview",))
    assert terminal.modes() == "0 0 1"
    terminal.keys("echo sane-$((6 * 7))", "Enter")
    await shown(terminal, "sane-42")


async def test_started_and_stopped_from_the_dashboard_and_it_outlives_the_dashboard(
    terminal: Terminal, tmp_path: Path
) -> None:
    appliance = Appliance(settled(tmp_path / "home"))
    await appliance.start()  # makes config.toml with a free port
    await appliance.stop()
    terminal.barnacle(appliance.home, "tui")
    await shown(terminal, "nothing runs here", "no data yet", "^o starts it")
    terminal.keys("C-o")
    await shown(terminal, "● host", "● box", "Main")
    terminal.keys("q")
    await shown(terminal, "ready$", gone=("Overview",))
    terminal.keys("clear", "Enter")
    assert "online" in await appliance.barnacle("status")
    terminal.barnacle(appliance.home, "tui")
    await shown(terminal, "● host", "● box")
    terminal.keys("C-o")
    await shown(terminal, "Stop Barnacle (pid")
    terminal.keys("y")
    await shown(terminal, "nothing runs here", "data ", " old", "Main")
    await appliance.start()  # elsewhere, by hand
    try:
        await shown(terminal, "● host", "● box")
    finally:
        await appliance.stop()


async def test_two_dashboards_one_from_a_home_with_nothing_but_a_credential_file(
    terminal: Terminal, appliance: Appliance, tmp_path: Path
) -> None:
    other = settled(tmp_path / "elsewhere")
    file = tmp_path / "kitchen.json"
    await appliance.barnacle("operator", "add", "kitchen", "--out", str(file))
    address = json.loads(file.read_text())
    shutil.move(file, other / "kitchen.json")
    terminal.barnacle(
        other,
        "tui",
        "--mqtt",
        f"127.0.0.1:{address['port']}",
        "--credentials",
        str(other / "kitchen.json"),
        env={"NO_COLOR": "1"},
    )
    await shown(terminal, "● host", "● box", "Main")
    async with appliance.client() as client:
        await client.request("group.add", folder="garden", name="Garden")
    await shown(terminal, "Garden")
    assert sorted(path.name for path in other.iterdir()) == ["dashboard", "kitchen.json"]
    assert not colours(terminal.shown(escapes=True))
    terminal.keys("C-o", "q")  # there is nothing to stop from here
    await shown(terminal, "ready$", gone=("Overview",))
    assert "● host" not in terminal.shown()


def colours(shown: str) -> set[str]:
    """The colours on a screen; shades of grey are none."""
    found: set[str] = set()
    for escape in re.findall(r"\x1b\[([0-9;]*)m", shown):
        parts = iter([int(part) for part in escape.split(";") if part])
        for part in parts:
            if part in (38, 48):
                kind = next(parts)
                values = [next(parts) for _ in range(3 if kind == 2 else 1)]
                plain = len(set(values)) == 1 if kind == 2 else values[0] in (0, 7, 8, 15, 16, 231) or values[0] > 231
                found |= set() if plain else {f"{kind}:{values}"}
            elif part // 10 in (3, 4, 9, 10) and part % 10 in range(1, 7):
                found.add(str(part))
    return found
