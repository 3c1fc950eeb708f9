"""`barnacle import nanoclaw` into a whole appliance, as a user runs it: box or desktop host, also killed in between."""

import asyncio
import json
import os
import sys

import pytest

from app.host.nanoclaw.database import NanoClawDatabase
from bench.appliance import Appliance, until
from tests.app.nanoclaw.installation import NOW, fingerprint, group, message, task

PHASE = "2126-02-13T12:34:56.789Z"


def nanoclaw(path):
    """Two groups; family has 45 messages (2 wait, one of them the assistant's own before them), and tasks of all
    kinds."""
    (path / "store").mkdir(parents=True)
    with NanoClawDatabase.open(path / "store/messages.db", lambda: NOW) as database:
        database.groups.put("me@s.whatsapp.net", group("main"))
        database.groups.put("fam@g.us", group("family"))
        database.chats.saw("fam@g.us", NOW, "Family")
        for at in range(45):
            text = "Andy: an answer" if at == 42 else "x" * 5000 if at == 30 else f"@Andy message {at}"
            time = f"2026-02-13T10:{at:02d}:00.000Z"
            database.messages.store(message(f"m{at}", timestamp=time, content=text, sender_name="Ann"))
        hourly = {"schedule_type": "interval", "schedule_value": "3600000", "next_run": PHASE}
        database.tasks.create(task("hourly", **hourly, status="paused"))
        database.tasks.create(task("daily", next_run=PHASE))
        database.tasks.create(task("garbage", schedule_type="interval", schedule_value="-5000"))
        database.tasks.change("hourly", {"next_run": PHASE})
        database.state.put("last_agent_timestamp", '{"fam@g.us":"2026-02-13T10:42:00.000Z"}')
        database.state.put_session("family", "s1")
    return path


async def imported(appliance, client):
    """What the box has, as the laptop sees it, without what every box has for itself."""
    groups = {each["folder"]: each for each in await client.request("groups")}
    tasks = json.loads(await appliance.barnacle("schedule", "list", "--json"))
    messages = json.loads(await appliance.barnacle("messages", "family", "-n", "100", "--json"))
    assert [each["n"] for each in messages] == sorted(each["n"] for each in messages)
    waiting = [each["id"] for each in messages if each["n"] > groups["family"]["cursor"] and not each["from_me"]]
    return {
        "groups": {folder: (each["trigger"], each["paused"]) for folder, each in groups.items()},
        "tasks": sorted((each["id"], each["status"], each["next_ms"]) for each in tasks),
        "messages": [(each["id"], each["text"], each["from_me"]) for each in messages],
        "waiting": waiting,
    }


def check(found):
    assert found["groups"] == {"main": ("@Andy", False), "family": ("@Andy", True)}
    assert found["tasks"] == [("daily", "active", 4926659696789), ("hourly", "paused", 4926659696789)]
    assert [id_ for id_, _, _ in found["messages"]] == [f"m{at}" for at in range(5, 45)]
    assert [(id_, text) for id_, text, own in found["messages"] if own] == [("m42", "an answer")]
    assert len(found["messages"][25][1].encode()) <= 4096 and found["messages"][25][1].endswith("(cut)")
    assert found["waiting"] == ["m43", "m44"]


@pytest.mark.parametrize("options", [(), ("--desktop",)], ids=["box", "desktop"])
async def test_an_import_is_there_waits_and_is_answered_when_the_owner_says_so(tmp_path, options):
    folder = nanoclaw(tmp_path / "nanoclaw")
    before = fingerprint(folder)
    arguments = ("import", "nanoclaw", str(folder), "--json", "--user-home", str(tmp_path))
    async with Appliance(tmp_path / "home", options=options) as appliance, appliance.client() as client:
        await until(lambda: _online(client), "the box is there")
        planned = json.loads(await appliance.barnacle(*arguments, "--dry-run"))
        assert [each["folder"] for each in await client.request("groups")] == ["main"]
        report = json.loads(await appliance.barnacle(*arguments))
        assert report["entries"] == planned["entries"]
        assert {each["name"]: each["why"] for each in report["entries"]}["family: 2"].endswith("group resume family")
        (garbage,) = [each for each in report["entries"] if each["name"] == "garbage"]
        assert garbage["outcome"] == "left out" and "-5000" in garbage["why"]
        await until(lambda: _count(client, 40), "the laptop knows the messages")
        first = await imported(appliance, client)
        check(first)
        await appliance.barnacle(*arguments)
        assert await imported(appliance, client) == first
        assert await client.request("runs", limit=10) == []
        await appliance.barnacle("group", "resume", "family")
        await until(lambda: _ran(client), "the box answers what waited")
        assert fingerprint(folder) == before


@pytest.mark.parametrize("also_the_command", [False, True])
async def test_killed_in_mid_import_and_made_again_it_is_the_same(tmp_path, also_the_command):
    folder = nanoclaw(tmp_path / "nanoclaw")
    arguments = ("import", "nanoclaw", str(folder), "--user-home", str(tmp_path))
    async with Appliance(tmp_path / "home") as appliance, appliance.client() as client:
        await until(lambda: _online(client), "the box is there")
        first = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli.main", *arguments),
            env={**os.environ, "BARNACLE_HOME": str(appliance.home)},
            stdout=asyncio.subprocess.DEVNULL,
        )
        await until(lambda: _some(client), "some messages are there", every_s=0.01)
        pid = appliance.kill("box")
        if also_the_command:
            first.kill()
        code = await first.wait()  # alone, it may get through: the laptop holds its requests for the box
        unfinished = appliance.paths.state / "nanoclaw/unfinished.json"
        assert unfinished.exists() == (code != 0)
        assert not also_the_command or code != 0
        await appliance.restarted("box", pid)
        await until(lambda: _online(client), "the box is back")
        await appliance.barnacle(*arguments)
        await until(lambda: _count(client, 40), "the laptop knows the messages")
        check(await imported(appliance, client))
        assert not unfinished.exists()


async def _online(client):
    """Online, and the laptop has been told what the box holds."""
    return (await client.request("status"))["device"]["online"] and bool(await client.request("groups"))


async def _count(client, count):
    return len(await client.request("messages", folder="family", limit=100)) == count


async def _some(client):
    return len(await client.request("messages", folder="family", limit=100)) > 3


async def _ran(client):
    return [each["state"] for each in await client.request("runs", limit=10)] == ["done"]
