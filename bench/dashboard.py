"""The dashboard in a real pseudo terminal of 140×45, its host in another process over a real broker with real keys.

first_paint_ms   from the start of the process `barnacle tui`, nothing reachable, until tabs and footer are drawn;
                 byte code is there from a first start that does not count
idle             percent of a core while nothing happens
busy             by page in front, with 30 groups, 200 tasks and 50 events/s: percent of a core, terminal bytes/s
memory           resident size while an hour's worth of events (180 000) comes accelerated, in ten parts
Fails when a bar is missed. `python -m bench.dashboard --seconds 5 --events 20000` is a quick look.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.host import limits
from app.host.keys import LOCAL, load_keys, write_credentials
from app.host.settings import MqttSettings
from bench.appliance import free_port, temporary_home, until
from bench.fake_host import FakeHost
from bench.figures import show
from bench.terminal import Terminal, dashboard_in_terminal

GROUPS, TASKS, PER_S = 30, 200, 50.0
PAGE_BYTES = 2000
PAINTS = 5
FIRST = (b"Overview", b"Quit")
HOUR_EVENTS, ACCELERATED_PER_S = 180_000, 1500.0
FIRST_PAINT_MS, IDLE_SHARE, BUSY_SHARE, GROWN_KB = 500.0, 1.0, 8.0, 4096


async def first_paints(home: Path, count: int) -> list[float]:
    """Milliseconds until the first paint, each time in a fresh process."""
    credentials = home / "nobody.json"
    nowhere = MqttSettings(port=free_port())
    write_credentials(credentials, load_keys(home / "keys.json", "box-1").operator_credentials(LOCAL, nowhere))
    found: list[float] = []
    for _ in range(count + 1):
        began = time.perf_counter()
        async with dashboard_in_terminal(home, credentials) as screen:
            await screen.until_drawn(FIRST)
            found.append(round((time.perf_counter() - began) * 1000, 1))
    return found[1:]  # the first start has compiled the sources


async def load(home: Path, pages: Sequence[tuple[str, str]], seconds: float, events: int) -> dict[str, Any]:
    """What it takes idle, busy on each page, and in the long run."""
    async with FakeHost(home, GROUPS, TASKS) as host, dashboard_in_terminal(home, host.credentials) as screen:
        await screen.until_drawn((b"Group-1",))
        await asyncio.sleep(3)
        idle = await share(screen, asyncio.sleep(seconds))
        busy: dict[str, Any] = {}
        for name, key in pages:
            await open_page(screen, key)
            await host.send(PER_S, 2)  # the page is made and has found its pace
            busy[name] = await share(screen, host.send(PER_S, seconds))
        memory = await long_run(host, screen, len(pages), events)
    return {"idle": idle, "busy": busy, "memory": memory}


async def open_page(screen: Terminal, key: str) -> None:
    """Escape first: a digit is text where one can write. Apart: together they would be Alt and the digit."""
    screen.press("\x1b")
    await asyncio.sleep(0.5)
    drawn = screen.drawn_bytes
    screen.press(key)
    await until(lambda: screen.drawn_bytes > drawn + PAGE_BYTES or key == "1", f"page {key} is drawn")


async def share(screen: Terminal, work: Any) -> dict[str, float]:
    """Percent of a core and terminal bytes a second while `work` goes on."""
    spent, drawn, began = screen.cpu_s, screen.drawn_bytes, time.perf_counter()
    await work
    lasted = time.perf_counter() - began
    percent = 100 * (screen.cpu_s - spent) / lasted
    return {"share": round(percent, 2), "bytes_per_s": round((screen.drawn_bytes - drawn) / lasted)}


async def long_run(host: FakeHost, screen: Terminal, pages: int, events: int) -> dict[str, Any]:
    """Resident KB after a tenth of the events and after all; every page is opened on the way, again and again."""
    sent, sizes = 0, [screen.resident_kb]
    part = events // 10
    paused = limits.EVENT_BATCH_MS
    setattr(limits, "EVENT_BATCH_MS", 10)  # noqa: B010 - the feed's own pace would make an hour of it
    try:
        for step in range(10):
            await open_page(screen, str(step % pages + 1))
            sent += await host.send(ACCELERATED_PER_S, part / ACCELERATED_PER_S)
            await asyncio.sleep(1)
            sizes.append(screen.resident_kb)
    finally:
        setattr(limits, "EVENT_BATCH_MS", paused)  # noqa: B010 - a constant for all others
    # every page has been seen after the first half: from there on it must be flat
    grown = sizes[-1] - sizes[5]
    return {"events": sent, "resident_kb": sizes, "grown_kb": grown, "requests": host.asked}


def missed(found: dict[str, Any]) -> list[str]:
    """The bars that were missed, in words."""
    bars = [
        ("first paint", found["first_paint_ms"]["median"], FIRST_PAINT_MS, "ms"),
        ("idle", found["idle"]["share"], IDLE_SHARE, "%"),
        *((f"busy, {page}", figures["share"], BUSY_SHARE, "%") for page, figures in found["busy"].items()),
        ("memory grown", found["memory"]["grown_kb"], GROWN_KB, "KB"),
    ]
    return [f"{name}: {value} {unit}, allowed {bar:g}" for name, value, bar, unit in bars if value >= bar]


async def measure(seconds: float, events: int) -> dict[str, Any]:
    """All figures."""
    from app.tui.pages import PAGES

    pages = [(page.NAME, str(number)) for number, page in enumerate(PAGES, 1)]
    with temporary_home(Path(tempfile.mkdtemp(prefix="barnacle-bench-"))) as home:
        paints = await first_paints(home, PAINTS)
        figures = await load(home, pages, seconds, events)
    return {"first_paint_ms": {"median": statistics.median(paints), "all": paints}, **figures}


def main() -> int:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--events", type=int, default=HOUR_EVENTS)
    args = parser.parse_args()
    found = asyncio.run(measure(args.seconds, args.events))
    over = missed(found)
    show("dashboard", {**found, "missed": over})
    for line in over:
        print(f"dashboard: {line}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
