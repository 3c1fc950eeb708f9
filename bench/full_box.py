"""The box with everything that it may hold at its bounds, and everything at once: agent runs, an ask, a flood, the
screen. The box runs with a probe (on_box/probed.py) beside the product's own broker, host and credential broker; the
language model is an imitation that streams PIECES_S pieces of text a second to each of two runs.

calm, after  bytes in use after a collection, before and after it all
peak         the most in use at any time, garbage included; peak_live: the most that was left after a collection
late         how late timers of the box's loop were while both runs went on and messages came
code         what the modules take of the heap: the simulator compiles them into it, a board has them in its flash
total        the heap given: a board's 2 MiB, and CODE_BYTES for the modules
boot_ms      from the box's start with all of it until it served
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host.operator_client import OperatorClient
from bench.appliance import CONFIG, Appliance, free_port, insist, temporary_home, until
from bench.figures import percentiles
from bench.interpreter import INTERPRETER, ROOT, figures_of
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Reply

PIECES_S = 25
ROUNDS = 6
TEXT_CHARS = 5000
PIECE_CHARS = 12
SENDERS = 4
SETTLE_S = 6.0
TALKING = ("group-00", "group-01")
LONG_PROMPTS = 20
BOX_BYTES = 2 * 1024 * 1024
CODE_BYTES = 640 * 1024  # more than `code`: the runs need room to be measured
SPARE_BYTES = 100 * 1024
BACK_WITHIN = 0.05
MODELS = """
[box]
kind = "{box}"

[models.imitation]
api = "openai"
url = "{url}"
model = "imitation-1"
context = 200000

[inference]
default = []

[inference.groups]
group-00 = ["imitation"]
group-01 = ["imitation"]
"""
RULE = '[[rule]]\nname = "rule-{n}"\neffect = "allow"\nhost = "host-{n}.example"\nnote = "{note}"\n\n'


class Probe:
    """A running box with a probe in it; `seen` are its reports."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.boot_ms = 0
        self.seen: list[dict[str, Any]] = []

    async def read(self) -> None:
        """Take in what it prints until it ends."""
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        async for line in self._process.stdout:
            text = line.decode().rstrip()
            if text.startswith("ready "):
                self.boot_ms = int(text.split()[1])
            elif text.startswith('{"'):
                self.seen.append(json.loads(text))
            else:
                print("box:", text, file=sys.stderr)


@asynccontextmanager
async def probed(home: Path) -> AsyncIterator[Probe]:
    """Run the box in `home` with the probe while inside."""
    process = await asyncio.create_subprocess_exec(
        str(INTERPRETER),
        "-X",
        f"heapsize={BOX_BYTES + CODE_BYTES}",
        "bench/on_box/probed.py",
        str(home),
        cwd=ROOT,
        env={"MICROPYPATH": ".frozen:.", "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    probe = Probe(process)
    reading = asyncio.create_task(probe.read())
    try:
        yield probe
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


def brain(body: dict[str, Any]) -> Reply:
    """ROUNDS rounds of tools, each with some text, then a long answer; group-01's run asks its owner on the way."""
    asking = "please ask" in json.dumps(body["messages"])
    results = sum(message["role"] == "tool" for message in body["messages"])
    pause_s = 1 / PIECES_S
    if not body.get("tools"):
        return Reply("s" * 2500)
    if results >= 2 * ROUNDS:
        return Reply("word " * (TEXT_CHARS // 5), delta_chars=PIECE_CHARS, pause_s=pause_s)
    tools: list[tuple[str, dict[str, Any]]] = [("list_tasks", {}), ("box_status", {})]
    if asking and results == 2:
        tools = [("box_status", {}), ("ask_owner", {"question": "q" * 180})]
    return Reply("thinking " * 60, tools, delta_chars=PIECE_CHARS, pause_s=pause_s)


async def measure_full(fill: Callable[[OperatorClient], Awaitable[list[str]]]) -> dict[str, Any]:
    """Fill a box by `fill(client)` and on its flash, boot it with the probe, load it; its figures."""
    with temporary_home(Path(tempfile.mkdtemp(prefix="barnacle-bench-"))) as home:
        async with OpenAiImitation("", brain=brain) as server:
            config = CONFIG.format(port=free_port(), broker="auto", zone="Europe/Berlin")
            rules = [RULE.format(n=n, note="n" * 100) for n in range(20)]
            appliance = Appliance(home)
            appliance.paths.config.write_text(config)
            async with appliance, appliance.client(timeout_s=20) as client:
                folders = await fill(client)
                await _lengthen(client)
            appliance.paths.config.write_text(config + MODELS.format(box="board", url=server.url))
            appliance.paths.policy.write_text("".join(rules))
            appliance.paths.policy.chmod(0o600)
            filled = figures_of("bench/on_box/fill.py", str(appliance.paths.box))
            print(f"heap: filled: {filled}", file=sys.stderr)
            async with probed(appliance.paths.box) as probe:
                await until(lambda: probe.boot_ms > 0, "the box is up")
                async with appliance, appliance.client(timeout_s=30) as client:
                    return {"filled": filled} | await _loaded(client, probe, folders[2:])


async def _lengthen(client: OperatorClient) -> None:
    tasks = await client.request("tasks")
    for task in tasks[:LONG_PROMPTS]:
        await client.request("task.edit", id=task["id"], prompt="p" * 2000)


async def _loaded(client: OperatorClient, probe: Probe, flooded: list[str]) -> dict[str, Any]:
    async def ready() -> bool:
        state = (await insist(client, "status"))["model"]
        return "ready" in json.dumps(state.get("groups", {}))

    await until(ready, "the model is ready", 60)
    await asyncio.sleep(SETTLE_S)
    calm = probe.seen[-1]["live"]
    first = len(probe.seen)
    await client.request("send", folder=TALKING[0], text="go on, with all the tools")
    await client.request("send", folder=TALKING[1], text="please ask me something")
    await until(lambda: probe.seen[-1]["runs"] >= 2, "both runs go on")
    sent = await _flood(client, probe, flooded)
    last = len(probe.seen)
    await asyncio.sleep(SETTLE_S)
    during = probe.seen[first:last]
    both = [late for report in during if report["runs"] >= 2 for late in report["late"]]
    after = min(report["live"] for report in probe.seen[-4:])
    peak = max(report["used"] for report in during)
    total, code = during[0]["total"], figures_of("bench/on_box/code.py")["code"]
    return {
        "messages": sent,
        "boot_ms": probe.boot_ms,
        "calm": calm,
        "peak": peak,
        "peak_live": max(report["live"] for report in during),
        "after": after,
        "after_over_calm": round(after / calm, 3),
        "total": total,
        "code": code,
        "peak_without_code": peak - code,
        "spare_without_code": BOX_BYTES - (peak - code),
        "asked": max(report["asks"] for report in during),
        "most_runs": max(report["runs"] for report in during),
        "late_ms": percentiles(both),
        "within_bars": BOX_BYTES - (peak - code) >= SPARE_BYTES and after <= calm * (1 + BACK_WITHIN),
    }


async def _flood(client: OperatorClient, probe: Probe, folders: list[str]) -> int:
    """Send until the two runs are over; answer the ask once it has stood a while. How many messages were taken."""
    sent = 0
    over = asyncio.Event()

    async def sender(first: int) -> None:
        nonlocal sent
        number = first
        while not over.is_set():
            number += SENDERS
            try:
                text = f"{number}: what time is it? " + "x" * 400
                await client.request("send", folder=folders[number % len(folders)], text=text)
                sent += 1
            except ProblemError as refused:  # a full mailbox or spool: the box says no, as it should
                print(f"heap: message {number}: {refused}", file=sys.stderr)
                await asyncio.sleep(1)

    async def answered() -> bool:
        texts = [m["text"] for folder in TALKING for m in await client.request("messages", folder=folder, limit=5)]
        return sum(text.startswith(("word word", "thinking")) for text in texts) >= len(TALKING)

    senders = [asyncio.create_task(sender(first)) for first in range(SENDERS)]
    try:
        asking = asyncio.create_task(_answer(client))
        with suppress(ProblemError):
            await until(answered, "both groups are answered", 110, 1.0)
        await asking
    finally:
        over.set()
        await asyncio.gather(*senders)
    return sent


async def _answer(client: OperatorClient) -> None:
    async def find() -> bool:
        found.extend(ask for ask in await client.request("asks") if ask["state"] == "open")
        return bool(found)

    found: list[dict[str, Any]] = []
    await until(find, "the owner is asked", 60, 0.5)
    await asyncio.sleep(5)
    await client.request("ask.answer", id=found[0]["id"], answer="once")
