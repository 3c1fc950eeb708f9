"""`barnacle up --desktop` as a user runs it: the whole product, nothing compiled; its database is NanoClaw's too."""

import pytest

from app.host.instance import read_runtime
from app.host.nanoclaw.database import NanoClawDatabase
from app.host.operator_client import OperatorRefused
from bench.appliance import Appliance, free_port, insist, until
from tests.app.desktop.nanoclaw_file import chat, group, message, read, task, write


def appliance(home, database=None):
    """A desktop appliance; with a `database` the settings name it, without one the option asks for the desktop host."""
    home.mkdir(parents=True, exist_ok=True)
    box = f'[box]\nassistant = "Andy"\nkind = "desktop"\ndatabase = "{database}"\n' if database else ""
    (home / "config.toml").write_text(f'{box}[mqtt]\nport = {free_port()}\n[time]\nzone = "Europe/Berlin"\n')
    return Appliance(home, options=() if database else ("--desktop",))


async def replies(client, folder):
    return [m["text"] for m in await client.request("messages", folder=folder, limit=100) if m["from_me"]]


async def online(client):
    return (await insist(client, "status"))["device"]["online"]


async def test_messages_schedules_and_restarts_work_and_the_screen_is_refused_with_a_reason(tmp_path):
    async with appliance(tmp_path / "home") as desk, desk.client() as client:
        assert (read_runtime(desk.paths) or {})["box"] == "desktop"
        await client.request("send", folder="main", text="what groups are there?")
        await until(lambda: _has(client, "main", 1), "the reply")
        await client.request("task.add", folder="main", prompt="stretch", kind="interval", value="1000")
        await until(lambda: _has(client, "main", 2), "the interval task ran")
        with pytest.raises(OperatorRefused) as refused:
            await client.request("screen.tap", x=1, y=1)
        assert (refused.value.code, refused.value.message) == ("unsupported", "the desktop host has no screen")
        await until(lambda: _health(client), "the box told its health")
        assert (await client.request("status"))["device"]["health"]["board"] == "desktop host"
        assert "(desktop host)" in await desk.barnacle("status")
        pid = desk.pids()["box"]
        assert await client.request("box.reboot") == {"rebooting": True}
        await desk.restarted("box", pid)
        await until(lambda: online(client), "the box is back")
        pid = desk.kill("box")
        await desk.restarted("box", pid)
        await until(lambda: online(client), "the box is back")
        assert [t["prompt"] for t in await client.request("tasks")] == ["stretch"]
    found = read(desk.paths.desktop)
    assert [each.name for each in desk.paths.box.iterdir() if each.name.startswith("desktop.db")] == ["desktop.db"]
    assert [row["folder"] for row in found["registered_groups"]] == ["main"]
    assert found["messages"][0]["content"] == "what groups are there?"
    assert found["task_run_logs"] and found["task_run_logs"][0]["status"] == "success"


async def test_a_nanoclaw_database_is_worked_with_and_goes_back(tmp_path):
    tables = {
        "chats": [chat("main@g.us"), chat("family@g.us")],
        "registered_groups": [group("main"), group("family", container_config='{"timeout":1}')],
        "messages": [message(n, "family@g.us", f"chatter {n}") for n in range(3)],
        "scheduled_tasks": [task("task-1", "family", status="paused")],
        "sessions": [{"group_folder": "family", "session_id": "s-1"}],
    }
    path = write(tmp_path / "store" / "messages.db", tables)
    async with appliance(tmp_path / "home", path) as desk, desk.client() as client:
        await until(lambda: _groups(client, {"main", "family"}), "the laptop knows the groups")
        await until(lambda: _tasks(client, ["task-1"]), "the laptop knows the tasks")
        await client.request("send", folder="family", text="@Andy what did we say?")
        await until(lambda: _has(client, "family", 1), "the reply")
        assert "chatter 1" in (await replies(client, "family"))[0]
    found = read(path)
    assert found["registered_groups"] == tables["registered_groups"]
    assert (found["scheduled_tasks"], found["sessions"]) == (tables["scheduled_tasks"], tables["sessions"])
    with NanoClawDatabase.open(path, lambda: "2026-12-01T00:00:00.000Z") as nanoclaw:
        assert [row["content"] for row in found["messages"]][3] == "@Andy what did we say?"
        last = nanoclaw.state.get("last_timestamp")
        assert nanoclaw.messages.since("family@g.us", last, "Andy") == []
        nanoclaw.groups.put("cats@g.us", {"name": "Cats", "folder": "cats", "trigger": "@Andy", "added_at": "2026"})
        nanoclaw.tasks.change("task-1", {"prompt": "changed there"})
    async with appliance(tmp_path / "home", path) as desk, desk.client() as client:
        await until(lambda: _groups(client, {"main", "family", "cats"}), "the laptop learns of the new group")
        await until(lambda: _prompt(client, "changed there"), "and of the changed task")


async def test_a_database_of_another_program_is_one_line_with_the_remedy(tmp_path):
    (tmp_path / "songs.db").write_bytes(b"la la la " * 100)
    desk = appliance(tmp_path / "home", tmp_path / "songs.db")
    with pytest.raises(RuntimeError) as ended:
        await desk.start()
    assert "the box ended with code 1" in str(ended.value) and "songs.db" in str(ended.value)
    await desk.stop()


async def _has(client, folder, count):
    return len(await replies(client, folder)) >= count


async def _health(client):
    return bool((await client.request("status"))["device"]["health"])


async def _groups(client, folders):
    return {each["folder"] for each in await client.request("groups")} == folders


async def _tasks(client, ids):
    return [each["id"] for each in await client.request("tasks")] == ids


async def _prompt(client, prompt):
    return [each["prompt"] for each in await client.request("tasks")] == [prompt]
