"""The heap of the simulated box, as its health tells it, with GROUPS groups and TASKS tasks.

boot       right after a boot with all of them (what a boot leaves as garbage counts as used, as it does below)
flood      while messages come as fast as the box takes them, for as long as it takes to hear of its health
after      once the flood is over and answered
peak       the most that any of these saw; total: what the box was given
full       the same box with all that it may hold, and agent runs beside the flood: see full_box.py
"""

import asyncio
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host.operator_client import OperatorClient
from bench.appliance import Appliance, temporary_home, until
from bench.figures import show
from bench.full_box import measure_full

GROUPS = 30
TASKS = 200
SENDERS = 6
FLOOD_S = 40.0
HEALTH_S = 45.0


async def measure() -> dict[str, Any]:
    """Fill the box, boot it, flood it."""
    with temporary_home(Path(tempfile.mkdtemp(prefix="barnacle-bench-"))) as home:
        async with Appliance(home) as appliance, appliance.client(timeout_s=20) as client:
            folders = await fill(client)
            boot = await booted(client)
            sent, flood = await flooded(client, folders)
            after = await next_health(client)
    total = boot["heap_used"] + boot["heap_free"]
    figures = {"boot": boot, "flood": flood, "after": after}
    shown: dict[str, Any] = {name: health["heap_used"] for name, health in figures.items()}
    peak = max(health["heap_peak"] for health in figures.values())
    return {"groups": GROUPS, "tasks": TASKS, "messages": sent, **shown, "peak": peak, "total": total}


async def fill(client: OperatorClient) -> list[str]:
    """GROUPS groups beside main and TASKS tasks with prompts of a usual length; the groups' folders."""

    async def online() -> bool:
        return (await client.request("status"))["device"]["online"]

    await until(online, "the box is there")
    folders = [f"group-{n:02}" for n in range(GROUPS)]
    for folder in folders:
        await client.request("group.add", folder=folder, name=folder.title(), requires_trigger=False)
    for n in range(TASKS):
        prompt = f"number {n}: look at the calendar, the weather and the shopping list and say what is to be done"
        await client.request(
            "task.add", folder=folders[n % GROUPS], prompt=prompt, kind="cron", value=f"{n % 60} {n % 24} * * *"
        )
    return folders


async def booted(client: OperatorClient) -> dict[str, Any]:
    """Boot the box; its first health afterwards."""
    before = (await client.request("status"))["device"]["boot"]
    await client.request("box.reboot")

    async def fresh() -> bool:
        device = (await client.request("status"))["device"]
        return device["online"] and device["boot"] != before and bool(device["health"])

    await until(fresh, "the box is back")
    return (await client.request("status"))["device"]["health"]


async def flooded(client: OperatorClient, folders: list[str]) -> tuple[int, dict[str, Any]]:
    """Send to all groups for FLOOD_S; (messages that were taken, the health heard of meanwhile)."""
    taken = 0
    numbers = itertools.count()
    until_s = asyncio.get_running_loop().time() + FLOOD_S

    async def sender() -> None:
        nonlocal taken
        while asyncio.get_running_loop().time() < until_s:
            n = next(numbers)
            try:
                await client.request("send", folder=folders[n % GROUPS], text=f"{n}: what time is it? " + "x" * 400)
                taken += 1
            except ProblemError as refused:  # a full mailbox or spool: the box says no, as it should
                print(f"heap: message {n}: {refused}", file=sys.stderr)
                await asyncio.sleep(0.2)

    health = asyncio.create_task(next_health(client))
    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return taken, await health


async def next_health(client: OperatorClient) -> dict[str, Any]:
    """The next health that the box tells."""

    async def told() -> dict[str, Any]:
        return (await client.request("status"))["device"]["health"]

    before = (await told())["uptime_ms"]

    async def newer() -> bool:
        return (await told())["uptime_ms"] != before

    await until(newer, "the box has told its health again", HEALTH_S, 1.0)
    return await told()


async def measure_both() -> dict[str, Any]:
    """The box as it is used, and the one with everything at its bounds and at once (full_box.py)."""
    return await measure() | {"full": await measure_full(fill)}


if __name__ == "__main__":
    show("heap", asyncio.run(measure_both()))
