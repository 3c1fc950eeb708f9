"""Host process, broker and operator's client as they are; only the box is a fake, speaking through the real link."""

import asyncio
import contextlib
import signal
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.host.operator_client import OperatorClient, OperatorRefused, OperatorUnreachable
from tests.app.fake_box import until
from tests.app.host_process import Installation


async def test_a_message_goes_to_the_box_and_its_reply_comes_back(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box() as box:
        await site.start_host()
        async with OperatorClient(site.credentials) as client:
            await until(lambda: _groups(client))
            sent = await client.request("send", folder="main", text="hello", id="m1")
            assert sent == {"id": "m1", "accepted": True, "queued": False}
            await until(lambda: _has(client, 2))
            messages = await client.request("messages", folder="main", limit=10)
            assert [(m["text"], m["from_me"]) for m in messages] == [("hello", False), ("You said: hello", True)]
            assert messages[1]["sender_name"] == "Barnacle"
            assert await client.request("send", folder="main", text="hello", id="m1") == sent
            with pytest.raises(OperatorRefused) as refused:
                await client.request("send", folder="nowhere", text="hello")
            assert refused.value.code == "unknown_group"
            assert "barnacle groups" in refused.value.remedy
        assert [body["text"] for kind, body in box.effects if body.get("id") == "m1"] == ["hello"]
        assert box.welcomes[-1]["rule"] == "CET-1CEST,M3.5.0,M10.5.0/3"
        assert abs(box.welcomes[-1]["utc_ms"] - time.time() * 1000) < 60_000
        assert await site.stop_host() == 0
        log = (site.paths.logs / "host-process.log").read_text()
        assert "host ready" in log
        assert not any(password in log for password in site.keys.mqtt_users().values())


async def test_a_command_comes_back_with_the_boxs_answer_and_in_the_mirror(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box():
        await site.start_host()
        async with OperatorClient(site.credentials) as client:
            await until(lambda: _groups(client))
            group = await client.request("group.add", folder="family", name="Family")
            assert group["jid"] == "console:family"
            assert {"family", "main"} == {g["folder"] for g in await client.request("groups")}
            with pytest.raises(OperatorRefused) as refused:
                await client.request("task.remove", id="nothing")
            assert (refused.value.code, refused.value.remedy) == ("unknown_task", "list them")


async def test_a_client_that_is_left_as_soon_as_it_is_connected_goes(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box():
        await site.start_host()
        for _ in range(20):
            async with asyncio.timeout(5):
                async with OperatorClient(site.credentials):
                    pass


async def test_without_a_box_commands_are_refused_at_once_and_messages_are_kept(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site:
        await site.start_host()
        async with OperatorClient(site.credentials) as client:
            with pytest.raises(OperatorRefused) as refused:
                await client.request("task.remove", id="x")
            assert refused.value.code == "box_offline"
            assert await client.request("send", folder="main", text="later", id="m1") == {
                "id": "m1",
                "accepted": False,
                "queued": True,
            }
            status = await client.request("status")
            assert status["host"]["spool_down"] >= 1
            assert status["broker"] == {"kind": "mosquitto", "host": "127.0.0.1", "port": site.port}
        async with site.box() as box, OperatorClient(site.credentials) as client:
            await until(lambda: _has(client, 2))
            assert [body["text"] for kind, body in box.effects if kind == "msg.in"] == ["later"]


async def test_a_host_killed_in_mid_stream_mirrors_everything_exactly_once(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box() as box:
        await site.start_host()
        async with OperatorClient(site.credentials) as client:
            await until(lambda: _groups(client))
            for round_ in range(3):
                for number in range(100):
                    box.say(f"reply {round_}-{number}", f"r{round_}-{number}")
                await until(lambda wanted=round_: box.store.spool and len(box.store.spool) < 90)
                await site.kill_host()
                await site.start_host()
            sent = [client.request("send", folder="main", text="after", id=f"a{i}") for i in range(5)]
            await asyncio.gather(*sent)
            await until(lambda: _has(client, 310))
            messages = await client.request("messages", folder="main", limit=500)
            replies = [m["id"] for m in messages if m["id"].startswith("r") and not m["id"].startswith("r-")]
            assert replies == [f"r{round_}-{number}" for round_ in range(3) for number in range(100)]
            assert sorted(b["id"] for k, b in box.effects if k == "msg.in") == [f"a{i}" for i in range(5)]


async def test_a_host_killed_between_apply_and_commit_mirrors_everything_exactly_once(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box() as box:
        for number in range(120):
            box.say(f"reply {number}", f"r{number}")
        for records in (7, 40, 90):  # what was applied before is durable; the batch that the kill hit is not
            await site.start_host("tests.app.host_that_dies", str(records))
            assert await site.until_host_died() == -signal.SIGKILL
            stored = await asyncio.to_thread(_stored, site.paths.mirror)
            assert stored < records
            assert len(box.store.spool) == 120 - stored or box.store.spool[0][0] <= stored + 1
        await site.start_host()
        async with OperatorClient(site.credentials) as client:
            await until(lambda: _has(client, 120))
            await until(lambda: not [row for row in box.store.spool if row[2] == "msg.out"])
            messages = await client.request("messages", folder="main", limit=500)
            assert [m["id"] for m in messages] == [f"r{number}" for number in range(120)]


async def test_events_reach_a_client_that_stays_and_survive_a_restart_of_the_host(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box() as box:
        await site.start_host()
        seen: list[str] = []
        async with OperatorClient(site.credentials) as client:

            async def watch() -> None:
                async for event in client.events():
                    seen.append(event.body.get("id", event.kind) if event.kind == "msg.out" else event.kind)

            watching = asyncio.create_task(watch())
            await until(lambda: _groups(client))
            box.say("one", "e1")
            await until(lambda: "e1" in seen)
            await site.kill_host()
            await site.start_host()
            assert (await client.request("status"))["counts"]["groups"] == 1
            await until(lambda: box.link.live)
            box.say("two", "e2")
            await until(lambda: "e2" in seen)
            assert seen.count("e1") == 1
            watching.cancel()


async def test_the_client_says_what_to_do_when_nobody_answers(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site:
        began = time.monotonic()
        with pytest.raises(OperatorUnreachable) as nobody:
            async with OperatorClient(site.credentials, timeout_s=0.5):
                pass
        assert "does answer" in nobody.value.remedy
        assert time.monotonic() - began < 5
        with pytest.raises(OperatorUnreachable) as wrong:
            async with OperatorClient(replace(site.credentials, password="wrong")):
                pass
        assert "refused user op-local" in wrong.value.message
    with pytest.raises(OperatorUnreachable) as gone:
        async with OperatorClient(site.credentials):
            pass
    assert "nothing listens" in gone.value.message
    assert "barnacle up" in gone.value.remedy


async def test_a_wrong_operator_key_gets_no_answer_and_an_audit_record(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site:
        await site.start_host()
        with pytest.raises(OperatorUnreachable):
            async with OperatorClient(replace(site.credentials, key=b"x" * 32), timeout_s=0.7):
                pass
        async with OperatorClient(site.credentials) as client:
            audit = await client.request("audit", what="operator.rejected")
            assert audit[0]["actor"] == "op:local"
            assert "bad_mac" in audit[0]["detail"]


def _stored(mirror: Path) -> int:
    with contextlib.closing(sqlite3.connect(mirror)) as connection:
        return connection.execute("SELECT count(*) FROM messages").fetchone()[0]


async def _groups(client: OperatorClient) -> bool:
    return bool(await client.request("groups"))


async def _has(client: OperatorClient, count: int) -> bool:
    return len(await client.request("messages", folder="main", limit=500)) >= count
