"""The host put together, with a fake box at the other end of two queues instead of a broker."""

import asyncio
import gc
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.host import limits
from app.host.box_services import Lender
from app.host.database import Database
from app.host.device_core import MESSAGE_BYTES, system_clock
from app.host.host import Host, Identity, Zone
from app.host.mirror_reads import MirrorReads
from app.host.refusal import RequestRefused
from tests.app.fake_box import KEY, FakeBox, until


class Pair:
    """A host and a box; `cut` and `join` are the connection between them."""

    def __init__(
        self, database: Database, configured: dict[str, Any] | None = None, lender: Lender | None = None
    ) -> None:
        self.zone = Zone("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3")
        self.clock = system_clock()
        identity = Identity("box-1", KEY, b"e" * 32, {}, "1.0", {"kind": "mosquitto", "host": "h", "port": 1})
        self.host = Host(identity, database, self.clock, self._from_host, lambda: self.zone, configured, lender)
        self.box = FakeBox(self._from_box)
        self.up: asyncio.Queue[bytes] = asyncio.Queue()
        self.down: asyncio.Queue[bytes] = asyncio.Queue()
        self.joined = False

    def join(self) -> None:
        self.joined = True
        self.host.connection(True)
        self.box.link.connected()

    def cut(self) -> None:
        self.joined = False
        self.host.connection(False)
        self.box.link.disconnected()

    async def settled(self) -> bool:
        """The mirror is complete, and neither side has anything left to send."""
        return await self.host.mirror.synced() and not self.box.store.spool and not await self.host.store.waiting()

    async def ask(self, name: str, request_id: str = "q1", **args: Any) -> Any:
        return await self.host.requests.answer(name, args, request_id, "tui")

    async def refused(self, name: str, **args: Any) -> RequestRefused:
        with pytest.raises(RequestRefused) as refused:
            await self.ask(name, **args)
        return refused.value

    async def carry(self) -> None:
        async def carry_up() -> None:
            while True:
                await self.host.receive("barnacle/box-1/up", await self.up.get())

        async def carry_down() -> None:
            while True:
                await self.box.link.receive(await self.down.get())

        await asyncio.gather(carry_up(), carry_down(), self.host.run(), self.box.link.run())

    def _from_host(self, topic: str, data: bytes, _qos: int) -> bool:
        if self.joined and topic == "barnacle/box-1/down":
            self.down.put_nowait(data)
        return self.joined

    def _from_box(self, data: bytes, _qos: int) -> bool:
        if self.joined:
            self.up.put_nowait(data)
        return self.joined


@asynccontextmanager
async def pair(tmp_path: Path, **configured: Any) -> AsyncIterator[Pair]:
    database = await Database.open(tmp_path / "m.db")
    both = Pair(database, configured)
    carrying = asyncio.create_task(both.carry())
    try:
        await asyncio.sleep(0)
        both.join()
        await until(both.settled, 5)
        yield both
    finally:
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
        await database.close()


async def test_a_new_mirror_asks_for_everything_once(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        both.cut()
        both.join()
        await until(lambda: both.host.box.online)
        await both.ask("send", folder="main", text="x")
        assert [kind for kind, _ in both.box.effects] == ["sync.request", "msg.in"]


async def test_a_reset_box_and_a_box_that_lost_records_are_asked_for_everything_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        both.cut()
        both.box.store.next += 5  # as if five records had been lost
        both.join()
        await until(lambda: [kind for kind, _ in both.box.effects].count("sync.request") == 2)
        await until(both.settled)
        assert "link.gap" in [row["what"] for row in await both.ask("audit")]
        both.cut()
        both.box.store.next, both.box.store.spool = 1, []
        both.box.groups["new"] = both.box.groups.pop("main") | {"folder": "new"}
        both.join()
        await until(lambda: [kind for kind, _ in both.box.effects].count("sync.request") == 3)
        await until(both.settled)
        assert [group["folder"] for group in await both.ask("groups")] == ["new"]


async def test_a_box_that_does_not_answer_leaves_the_outcome_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMAND_TIMEOUT_MS", 100)
    monkeypatch.setattr(limits, "SEND_TIMEOUT_MS", 100)
    async with pair(tmp_path) as both:
        both.box.mute = True
        error = await both.refused("task.run", id="t")
        assert error.code == "timeout"
        assert "unknown" in error.message
        assert await both.ask("send", folder="main", text="x", id="m1") == {
            "id": "m1",
            "accepted": False,
            "queued": True,
        }


async def test_an_offline_box_is_reported_with_when_it_was_seen(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.host.receive("barnacle/box-1/status", json.dumps({"online": False}).encode())
        error = await both.refused("box.reboot")
        assert error.code == "box_offline"
        assert "last seen 2" in error.message
        await both.host.receive("barnacle/box-1/status", b"nonsense")
        assert not (await both.ask("status"))["device"]["online"]
        await both.host.receive("barnacle/box-1/status", json.dumps({"online": True}).encode())
        assert (await both.ask("status"))["device"]["online"]
        both.cut()
        assert (await both.refused("box.reboot")).code == "box_offline"


async def test_status_has_the_agreed_shape_and_the_latest_telemetry(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        queue = {"slots": {"used": 1, "max": 2}, "groups": {"main": {"state": "running", "depth": 3}}, "waiting": []}
        both.box.link.telemetry("tele.queue", queue)
        both.box.link.telemetry("tele.health", {"heap_used": 5})
        await until(lambda: both.host.box.latest("tele.health"))
        status = await both.ask("status")
        assert status["queue"] == queue
        assert status["device"]["health"] == {"heap_used": 5}
        assert status["device"]["boot"] == "b0c5"
        assert status["counts"] == {"groups": 1, "tasks": 0, "messages": 0}
        assert status["host"]["zone"] == "Europe/Berlin"
        assert (await both.ask("queues"))["age_ms"] >= 0
        group = (await both.ask("groups"))[0]
        assert (group["state"], group["depth"], group["cursor"], group["task_count"]) == ("running", 3, 0, 0)


async def test_a_message_that_is_too_long_is_refused_with_size_and_bound(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        error = await both.refused("send", folder="main", text="ä" * (MESSAGE_BYTES // 2 + 1))
        assert error.code == "too_large"
        assert str(MESSAGE_BYTES + 2) in error.message
        assert str(MESSAGE_BYTES) in error.message
        assert (await both.refused("send", folder="main", text="\x01" * 3000)).code == "too_large"
        assert (await both.refused("send", folder="main", text="")).code == "bad_value"
        assert (await both.refused("send", folder="x" * 200, text="x")).code == "bad_value"
        assert (await both.refused("send", folder="main", text="x", surprise=1)).code == "bad_value"


async def test_a_full_spool_refuses_messages_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair(tmp_path) as both:
        both.cut()
        monkeypatch.setattr(limits, "SPOOL_ROWS", 3)
        for number in range(3):
            await both.ask("send", folder="main", text="x", id=f"m{number}")
        error = await both.refused("send", folder="main", text="x", id="m3")
        assert error.code == "full"
        assert "3 records wait" in error.message


async def test_too_many_waiting_for_the_box_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OUTCOMES_AWAITED", 0)
    async with pair(tmp_path) as both:
        assert (await both.refused("task.run", id="t")).code == "busy"


async def test_schedules_are_previewed_by_the_boxs_own_rules(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        preview = await both.ask("schedule.preview", kind="cron", value="30 8 * * 1-5", n=3)
        assert len(preview["times_ms"]) == 3
        assert preview["times_ms"] == sorted(preview["times_ms"])
        assert preview["text"]
        for args in ({"n": limits.PREVIEW_RUNS + 1}, {"n": 0}):
            assert (await both.refused("schedule.preview", kind="cron", value="* * * * *", **args)).code == "bad_value"


async def test_unknown_requests_are_named_as_such(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        assert (await both.refused("make.coffee")).code == "unknown_request"


async def test_a_changed_zone_reaches_the_box_without_a_reconnect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.host.box_link.RENEW_MS", 50)
    async with pair(tmp_path) as both:
        both.zone = Zone("Asia/Tokyo", "JST-9")
        await until(lambda: both.box.welcomes[-1].get("rule") == "JST-9")
        await until(lambda: both.host.box.online)
        assert (await both.ask("send", folder="main", text="still there"))["accepted"]


async def test_a_clock_that_was_set_is_told_to_the_box(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        clock: Any = both.clock
        clock.set_utc_ms(clock.now_ms() + 3_600_000)
        said = len(both.box.welcomes)
        both.box.say("anything", "r1")
        await until(lambda: len(both.box.welcomes) > said)
        assert abs(both.box.welcomes[-1]["utc_ms"] - clock.now_ms()) < 60_000


async def test_many_messages_at_once_share_commits_both_ways(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        before = both.host.store._database.commits
        answers = await asyncio.gather(*(both.ask("send", f"q{n}", folder="main", text="x") for n in range(40)))
        assert all(answer["accepted"] for answer in answers)
        await until(both.settled)
        assert both.host.store._database.commits - before < 40  # for 40 messages down and 80 records up
        assert [body["id"] for kind, body in both.box.effects if kind == "msg.in"] == [f"q{n}" for n in range(40)]


async def test_a_full_disk_stops_nothing_for_good_and_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path) as both:
        apply_all, failures = both.host.mirror.apply_all, 2

        async def full(records: Any, now_ms: int) -> list[bool]:
            nonlocal failures
            if failures:
                failures -= 1
                raise sqlite3.OperationalError("database or disk is full")
            return await apply_all(records, now_ms)

        monkeypatch.setattr(both.host.mirror, "apply_all", full)
        delivered: list[str] = []

        async def deliver(reply: dict[str, Any]) -> None:
            delivered.append(reply["id"])
            raise RuntimeError("a gateway's fault is its own")

        monkeypatch.setattr(both.host.gateways[0], "deliver", deliver)
        for n in range(30):
            both.box.say(f"reply {n}", f"r{n}")
        await until(lambda: not failures)
        assert not delivered
        await until(both.settled)
        assert delivered == [f"r{n}" for n in range(30)]
        whats = [row["what"] for row in await both.ask("audit")]
        assert whats.count("link.failed") == 1
        texts = [message["id"] for message in await both.ask("messages", folder="main", limit=100)]
        assert texts == [f"r{n}" for n in range(30)]


def told(both: Pair) -> list[dict[str, Any]]:
    return [body["args"] for kind, body in both.box.effects if kind == "cmd" and body["name"] == "settings.set"]


async def test_settings_of_the_config_are_told_to_the_box_once_per_change(tmp_path: Path) -> None:
    async with pair(tmp_path, assistant="Ada", slots=2) as both:
        await until(lambda: told(both) == [{"assistant": "Ada"}])
        await until(both.settled)
        both.cut()
        both.join()
        await until(lambda: both.host.box.online)
        both.box.report("settings.set", {"assistant": "Eve", "zone": "UTC", "rule": "UTC0", "slots": 3})
        await until(both.settled)
        both.host._configured._wanted = {"assistant": "Ada", "slots": 4}
        both.cut()
        both.join()
        await until(lambda: len(told(both)) > 1)
        assert told(both)[1:] == [{"slots": 4}]  # Eve was set on the box after Ada was written here: she stays


async def test_a_reset_box_is_told_its_settings_again(tmp_path: Path) -> None:
    async with pair(tmp_path, slots=5) as both:
        await until(lambda: told(both) == [{"slots": 5}])
        await until(both.settled)
        both.cut()
        both.box.store.next, both.box.store.spool = 1, []
        both.join()
        await until(lambda: told(both) == [{"slots": 5}] * 2)


async def test_defaults_in_the_config_are_no_wish(tmp_path: Path) -> None:
    async with pair(tmp_path, assistant="Barnacle", slots=2) as both:
        both.box.report("settings.set", {"assistant": "Eve", "zone": "UTC", "rule": "UTC0", "slots": 3})
        await until(both.settled)
        both.cut()
        both.join()
        await until(lambda: both.host.box.online)
        await both.ask("send", folder="main", text="x")
        assert told(both) == []


async def test_when_the_box_was_seen_is_known_after_a_restart_too(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await asyncio.sleep(0.02)
        both.box.link.telemetry("tele.health", {"heap_used": 1})
        before = both.host.box.seen_ms
        await until(lambda: both.host.box.seen_ms != before)
        seen_ms = (await both.ask("status"))["device"]["seen_ms"]
        assert abs(seen_ms - both.clock.now_ms()) < 5_000
        both.cut()
    database = await Database.open(tmp_path / "m.db")
    assert await MirrorReads(database).seen_ms() == seen_ms
    await database.close()


async def test_a_box_without_room_is_shown_as_holding_back_not_as_gone(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        both.box.full = True
        asking = asyncio.create_task(both.ask("send", folder="main", text="x", id="m1"))
        await until(lambda: both.host.requests._facts()["holding"])
        device = (await both.ask("status"))["device"]
        assert device["online"] and device["holding"]
        both.box.full = False
        both.box.link.kick()
        assert (await asking)["accepted"]
        assert not (await both.ask("status"))["device"]["holding"]
        assert "link.failed" not in [row["what"] for row in await both.ask("audit")]


async def test_what_is_spawned_while_the_host_stops_leaves_nothing_behind(tmp_path: Path) -> None:
    begun: list[str] = []

    async def work(name: str) -> None:
        begun.append(name)

    database = await Database.open(tmp_path / "m.db")
    host = Pair(database).host
    serving = asyncio.create_task(host.run())
    await asyncio.sleep(0.05)
    host.spawn(work("before"))
    await asyncio.sleep(0)
    host.spawn(work("cancelled before its first step"))
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    host.spawn(work("after"))
    await database.close()
    gc.collect()  # a coroutine that was never awaited would be told of here, as an error
    assert "before" in begun and "after" not in begun
