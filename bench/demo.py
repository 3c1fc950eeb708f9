"""`make demo`: the whole product in a temporary home, as a transcript in which every step is checked.

    python -m bench.demo [--desktop]     --desktop: with the desktop host in the place of the simulated box

Needs no terminal and no key: the language model is an imitation, its key lies in a keyring that the demo starts for
itself where dbus-run-session and gnome-keyring are installed (else these steps are left out, and it says so). Exit
code 0 only if every step held. Pictures are saved under build/demo/.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app.host.operator_client import OperatorClient
from bench import demo_model, secret_session
from bench.appliance import CONFIG, Appliance, free_port, insist, temporary_home, until

OUT = Path(__file__).resolve().parents[1] / "build" / "demo"
BURST = 5
STREAM = 30


class Demo:
    """The steps share one appliance and one operator client."""

    def __init__(
        self,
        appliance: Appliance,
        client: OperatorClient,
        desktop: bool = False,
        model: demo_model.ModelSteps | None = None,
    ) -> None:
        self._model = model
        self._desktop = desktop
        self._box = appliance
        self._client = client

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Title and action of each step, in order."""
        return [
            ("boot to ready", self.boot),
            ("a message without trigger waits; with trigger the reply has seen both", self.trigger),
            ("two groups are served side by side, each in order", self.side_by_side),
            ("cron, interval and once, by sentence and by command; the once ones fire", self.schedules),
            ("the host is killed while messages arrive: nothing lost, nothing doubled", self.host_killed),
            ("the box is killed: schedules and queue survive", self.box_killed),
            *(self._model.steps() if self._model else [("a language model", self.no_model)]),
            ("a picture of the dashboard; a screen there is none", self.dashboard)
            if self._desktop
            else ("pictures of the round screen and of the dashboard", self.pictures),
        ]

    async def boot(self) -> None:
        await until(self._box_told_its_health, "the box has told its health")
        status = await self._client.request("status")
        check(status["device"]["online"], "the box is not online")
        boot_ms = (status["device"]["health"] or {}).get("boot_ms")
        say(f"{self._box.output[0]}; the box itself booted in {boot_ms} ms")
        for folder in ("family", "work"):
            await self._client.request("group.add", folder=folder, name=folder.title())
        say("groups: " + ", ".join(g["folder"] for g in await self._client.request("groups")))

    async def trigger(self) -> None:
        await self._send("family", "the parcel is at the neighbour's", "t1")
        say("family ← the parcel is at the neighbour's")
        await asyncio.sleep(0.5)
        check(not await self._replies("family"), "the assistant answered although it was not called")
        say("no reply: nobody called the assistant")
        await self._send("family", "@Barnacle what did we say?", "t2")
        say("family ← @Barnacle what did we say?")
        await self._until_replies("family", 1)
        (reply,) = await self._replies("family")
        check("parcel" in reply["text"], f"the reply has not seen the first message: {reply['text']}")
        say("family → " + one_line(reply["text"]))

    async def side_by_side(self) -> None:
        before = {folder: len(await self._replies(folder)) for folder in ("family", "work")}
        texts = {folder: [f"@Barnacle what time is it? ({n})" for n in range(BURST)] for folder in before}
        started = time.monotonic()
        sends = [self._send(f, texts[f][n], f"s-{f}-{n}") for n in range(BURST) for f in texts]
        await asyncio.gather(*sends)
        for folder in texts:
            await self._until_settled(folder)
            await self._until_replies(folder, before[folder] + 1)
            sent = [m["text"] for m in await self._messages(folder) if m["text"] in texts[folder]]
            check(sorted(sent) == sorted(texts[folder]), f"{folder} lost or doubled a message: {sent}")
        runs = {f: await self._client.request("runs", folder=f, limit=50) for f in texts}
        for folder, ended in runs.items():
            marks = [r["upto"] for r in sorted(ended, key=lambda r: r["started_ms"]) if r["kind"] == "messages"]
            check(marks == sorted(marks), f"{folder} was not served in order: {marks}")
        check(overlap(*runs.values()), "the groups were served one after the other")
        say(f"{2 * BURST} messages to two groups answered in {time.monotonic() - started:.2f} s, runs interleaved")

    async def schedules(self) -> None:
        await self._send("work", "@Barnacle remind me every weekday at 8:30 to water the plants", "c1")
        await self._send("work", "@Barnacle every 15 minutes check the door", "c2")
        await self._send("work", "@Barnacle in 3 seconds say that the sentence works", "c3")
        await self._box.barnacle("schedule", "add", "family", "stand up", "--cron", "0 10 * * 1-5")
        await self._box.barnacle("schedule", "add", "family", "look outside", "--every", "2h")
        await self._box.barnacle("schedule", "add", "family", "the command works", "--in", "3s")
        await until(lambda: self._task_count(6), "six tasks")
        for task in await self._client.request("tasks"):
            say(f"{task['folder']:<7} {task['kind']:<8} {task['value']:<26} {task['prompt']}")
        for folder, words in (("work", "the sentence works"), ("family", "the command works")):
            await until(lambda f=folder, w=words: self._fired(f, w), f"the once task in {folder} fired")
            say(f"{folder} → " + one_line((await self._replies(folder))[-1]["text"]))
        done = [t for t in await self._client.request("tasks") if t["kind"] == "once"]
        check(all(t["status"] == "completed" for t in done), "a once task did not complete")

    async def host_killed(self) -> None:
        ids = [f"k{n:03}" for n in range(STREAM)]
        killed: list[int] = []
        for n, id_ in enumerate(ids):
            if n == STREAM // 3:
                killed.append(self._box.kill("host"))
                say(f"SIGKILL to the host process {killed[0]} after {n} messages; the sender goes on")
            await insist(self._client, "send", folder="main", text=f"what time is it? [{id_}]", id=id_)
        await self._box.restarted("host", killed[0])
        await self._until_settled("main")
        await until(lambda: self._stored("main", ids), "all messages arrived")
        stored = [m["id"] for m in await self._messages("main", 200) if m["id"] in set(ids)]
        check(stored == ids, f"lost, doubled or out of order: {stored}")
        say(f"{STREAM} sent, {len(stored)} stored, in order, each once; the host is process {self._box.pids()['host']}")

    async def box_killed(self) -> None:
        before = await self._tasks_in_short()
        await self._client.request("group.pause", folder="work")
        for n in range(3):
            await self._send("work", f"@Barnacle list tasks ({n})", f"b{n}")
        await until(lambda: self._depth("work", 3), "three messages wait")
        replies = len(await self._replies("work"))
        pid = self._box.kill("box")
        say(f"three messages wait for the paused group work; SIGKILL to the box, process {pid}")
        await self._box.restarted("box", pid)
        await until(self._box_online, "the box is back")
        check(await self._tasks_in_short() == before, "the schedules changed")
        await until(lambda: self._depth("work", 3), "three messages still wait")
        say(f"booted again: {len(before)} tasks as before, three messages still wait")
        await self._client.request("group.resume", folder="work")
        await self._until_replies("work", replies + 1)
        await self._until_settled("work")
        check(len(await self._replies("work")) == replies + 1, "the waiting messages were answered more than once")
        say("work → " + one_line((await self._replies("work"))[-1]["text"]))

    async def no_model(self) -> None:
        say("left out: this machine has no dbus-run-session and gnome-keyring to keep a key in")

    async def pictures(self) -> None:
        screen = OUT / "screen.png"
        OUT.mkdir(parents=True, exist_ok=True)
        await self._box.barnacle("screen", "shot", str(screen))
        check(screen.read_bytes()[:4] == b"\x89PNG", "the round screen's picture is no PNG")
        say(f"{screen.relative_to(OUT.parents[1])} ({screen.stat().st_size} bytes)")
        await self._photograph()

    async def dashboard(self) -> None:
        OUT.mkdir(parents=True, exist_ok=True)
        await self._box.barnacle("screen", "shot", str(OUT / "no-screen.png"), code=1)
        say("screen shot: refused, the desktop host has no screen")
        await self._photograph()

    async def _photograph(self) -> None:
        dashboard = OUT / "dashboard.svg"
        await photograph(self._box.client, dashboard)
        check("Family" in dashboard.read_text(), "the dashboard does not show the groups")
        say(f"{dashboard.relative_to(OUT.parents[1])} ({dashboard.stat().st_size} bytes)")

    # --- what the steps ask ---

    async def _send(self, folder: str, text: str, id_: str) -> None:
        result = await self._client.request("send", folder=folder, text=text, id=id_)
        check(result["accepted"], f"the box did not take “{text}”: {result}")

    async def _messages(self, folder: str, limit: int = 100) -> list[dict[str, Any]]:
        return await self._client.request("messages", folder=folder, limit=limit)

    async def _replies(self, folder: str) -> list[dict[str, Any]]:
        return [m for m in await self._messages(folder) if m["from_me"]]

    async def _until_replies(self, folder: str, count: int) -> None:
        async def enough() -> bool:
            return len(await self._replies(folder)) >= count

        await until(enough, f"{count} replies in {folder}")

    async def _until_settled(self, folder: str) -> None:
        await until(lambda: self._depth(folder, 0), f"nothing waits in {folder}")

    async def _depth(self, folder: str, depth: int) -> bool:
        groups = {g["folder"]: g for g in await insist(self._client, "groups")}
        return groups[folder]["depth"] == depth and groups[folder]["state"] != "running"

    async def _task_count(self, count: int) -> bool:
        return len(await self._client.request("tasks")) == count

    async def _tasks_in_short(self) -> list[tuple[Any, ...]]:
        tasks = await self._client.request("tasks")
        return sorted((t["id"], t["kind"], t["value"], t["prompt"], t["status"]) for t in tasks)

    async def _fired(self, folder: str, words: str) -> bool:
        return any(words in m["text"] and "Reminder" in m["text"] for m in await self._replies(folder))

    async def _stored(self, folder: str, ids: list[str]) -> bool:
        return set(ids) <= {m["id"] for m in await self._messages(folder, 200)}

    async def _box_told_its_health(self) -> bool:
        return bool((await self._client.request("status"))["device"]["health"])

    async def _box_online(self) -> bool:
        return bool((await self._client.request("status"))["device"]["online"])


async def photograph(connect: Callable[[], OperatorClient], path: Path) -> None:
    """Save a picture (SVG) of the dashboard as it shows this appliance."""
    from app.tui.app import Dashboard

    app = Dashboard(connect)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(lambda: len(app.live.groups) > 1 and bool(app.live.runs), "the dashboard shows groups and runs")
        await pilot.pause(0.6)
        await asyncio.to_thread(path.write_text, app.export_screenshot(title="Barnacle"))


def overlap(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> bool:
    """True when neither group's runs all came before the other's."""
    starts = sorted((run["started_ms"], name) for name, runs in (("a", first), ("b", second)) for run in runs)
    order = "".join(name for _, name in starts)
    return "ab" in order and "ba" in order


def check(held: bool, otherwise: str) -> None:
    """Raise AssertionError with the reason when something did not hold."""
    if not held:
        raise AssertionError(otherwise)


def say(line: str) -> None:
    """One line of the transcript."""
    print("   ", line, flush=True)


def one_line(text: str, limit: int = 90) -> str:
    """A reply on one line of the transcript."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


async def play(desktop: bool = False) -> int:
    """All steps; 0 when all held."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="barnacle-demo-"))
    with temporary_home(home):
        options = ("--desktop",) if desktop else ()
        web = demo_model.Web()
        async with demo_model.imitation() as server, web.serving():
            text = CONFIG.format(port=free_port(), broker="auto", zone="Europe/Berlin")
            (home / "config.toml").write_text(text + demo_model.CONFIG.format(url=server.url))
            async with Appliance(home, options=options) as appliance, appliance.client() as client:
                model = None
                if secret_session.inside():
                    model = demo_model.ModelSteps(appliance, client, server, web, say, check)
                if not await _perform(Demo(appliance, client, desktop, model)):
                    return 1
    print(f"every step held, {time.monotonic() - began:.0f} s")
    return 0


async def _perform(demo: Demo) -> bool:
    for number, (title, action) in enumerate(demo.steps(), 1):
        print(f"{number}. {title}", flush=True)
        try:
            await action()
        except AssertionError as error:
            print(f"    FAILED: {error}")
            return False
        print("    ✓", flush=True)
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.demo", description="the whole product, every step checked")
    parser.add_argument("--desktop", action="store_true", help="with the desktop host; nothing compiled is needed")
    desktop = parser.parse_args().desktop
    if secret_session.possible() and not secret_session.inside():
        sys.exit(secret_session.run_inside("bench.demo", sys.argv[1:]))
    sys.exit(asyncio.run(play(desktop)))
