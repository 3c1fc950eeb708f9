"""The whole bus over real brokers: box end (the device's own client) and host end (paho)."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from device.host.bus import Bus
from device.host.clock import SystemClock
from tests.app.bus_rig import TOPIC, USERS, BoxEnd, HostEnd, Probe, broker, free_port, provision, until
from tests.device.host.link_world import MemoryStore

KINDS = pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


@KINDS
async def test_records_go_both_ways_once_and_in_order(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    async with HostEnd(mqtt.port) as host, BoxEnd(mqtt.port) as box:
        for n in range(100):
            box.put(f"up{n}")
            host.put(f"down{n}")
        assert await until(lambda: not box.store.spool and not host.store.spool), (box.bus.problem, host.bridge.state)
        assert host.applied.ids == names("up", 100) and box.applied.ids == names("down", 100)
        assert await box.bus.publish_screen(b"BT" + bytes(9000))
        assert await until(lambda: host.screens == [b"BT" + bytes(9000)])
    await mqtt.stop()


@KINDS
async def test_a_killed_broker_loses_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    async with HostEnd(mqtt.port) as host, BoxEnd(mqtt.port) as box:
        assert await until(lambda: box.bus.online and host.link.live)
        for n in range(150):
            box.put(f"up{n}")
            host.put(f"down{n}")
            if n == 75:
                assert mqtt.pid
                os.kill(mqtt.pid, signal.SIGKILL)
            await asyncio.sleep(0)
        assert await until(lambda: not box.store.spool and not host.store.spool, 60), (
            box.bus.problem,
            host.bridge.state,
        )
        assert host.applied.ids == names("up", 150) and box.applied.ids == names("down", 150)
        assert box.bus.client.counters["connects"] >= 2
    await mqtt.stop()


@KINDS
async def test_the_status_is_retained_and_the_will_follows_a_loss(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    async with HostEnd(mqtt.port) as host:
        async with BoxEnd(mqtt.port) as box:
            assert await until(lambda: box.bus.online)
            late = Probe(mqtt.port, "op-tui", USERS["op-tui"], [(TOPIC + "status", 1)], "late")
            async with late.bridge:
                assert await until(lambda: late.got)
                assert json.loads(late.got[0][1])["online"] is True
        assert await until(lambda: host.statuses and json.loads(host.statuses[-1]) == {"online": False})
    await mqtt.stop()


@KINDS
async def test_wrong_passwords_and_nameless_clients_are_refused(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    async with HostEnd(mqtt.port, password="guessed") as host, BoxEnd(mqtt.port, password="guessed") as box:
        assert await until(lambda: "refused" in host.bridge.state), host.bridge.state
        assert await until(lambda: "refused" in box.bus.client.state), box.bus.client.state
    nameless = Probe(mqtt.port, None, None, [(TOPIC + "up", 0)], "nobody")
    async with nameless.bridge as bridge:
        assert await until(lambda: "refused" in bridge.state), bridge.state
    async with BoxEnd(mqtt.port) as box, HostEnd(mqtt.port):  # the allowed twin goes through
        assert await until(lambda: box.bus.online)
    await mqtt.stop()


@KINDS
async def test_nobody_hears_or_speaks_outside_its_own_topics(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    greedy = [("#", 0), ("barnacle/#", 0), ("barnacle/+/up", 0), (TOPIC + "up", 0), (TOPIC + "op/tui/res", 0)]
    spies = [Probe(mqtt.port, "op-other", USERS["op-other"], [f], f"spy{n}") for n, f in enumerate(greedy)]
    tui = Probe(mqtt.port, "op-tui", USERS["op-tui"], [(TOPIC + "op/tui/res", 0)], "tui")
    async with HostEnd(mqtt.port) as host, BoxEnd(mqtt.port) as box, tui.bridge:
        for spy in spies:
            await spy.bridge.__aenter__()
        assert await until(lambda: box.bus.online and tui.bridge.online)
        assert await until(lambda: all("connecting" not in spy.bridge.state for spy in spies))
        forged = Probe(mqtt.port, "op-other", USERS["op-other"], [], "forger")
        async with forged.bridge as bridge:
            assert await until(lambda: bridge.online)
            for topic in ("up", "down", "status", "screen", "op/tui/req", "op/tui/res", "op/events"):
                bridge.publish(TOPIC + topic, b"forged", 0)
            before = len(host.statuses)
            box.put("up0")
            host.put("down0")
            host.bridge.publish(TOPIC + "op/tui/res", b"answer", 1)
            assert await until(lambda: tui.got and host.applied.ids and box.applied.ids)
        assert tui.got == [(TOPIC + "op/tui/res", b"answer")]
        assert host.screens == [] and len(host.statuses) == before and host.link.forged == {}
        assert box.bus.link.forged == {}
        assert {topic for spy in spies for topic, _ in spy.got} <= {TOPIC + "status"}  # which it may read
        for spy in spies:
            await spy.bridge.__aexit__()
    await mqtt.stop()


@KINDS
async def test_an_oversize_message_is_counted_and_the_connection_survives(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    async with HostEnd(mqtt.port) as host, BoxEnd(mqtt.port) as box:
        assert await until(lambda: box.bus.online and host.link.live)
        host.bridge.publish(TOPIC + "down", bytes(20000), 1)
        host.bridge.publish(TOPIC + "down", bytes(20000), 0)
        host.put("down0")
        assert await until(lambda: box.applied.ids == ["down0"])
        assert box.bus.client.counters["oversize"] == 2 and box.bus.client.counters["connects"] == 1
    await mqtt.stop()


async def test_a_retained_command_is_not_taken(tmp_path: Path) -> None:
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    async with HostEnd(mqtt.port) as host:
        assert await until(lambda: host.bridge.online)
        async with BoxEnd(mqtt.port) as box:  # live, it is just forged; wait until the broker has it
            assert await until(lambda: box.bus.online)
            host.bridge.publish(TOPIC + "down", b"x" * 200, 1, True)
            assert await until(lambda: box.bus.link.forged == {"bad_mac": 1})
        async with BoxEnd(mqtt.port) as box:
            assert await until(lambda: box.bus.retained_refused == 1 and box.bus.online)
            assert box.bus.link.forged == {}
    await mqtt.stop()


async def test_the_client_says_why_it_is_offline() -> None:
    box = BoxEnd(free_port())
    async with box:
        assert await until(lambda: box.bus.client.state.startswith("offline: cannot connect"))
        assert box.bus.problem and "cannot connect" in box.bus.problem


async def test_a_link_that_fails_ends_the_bus_only_after_the_connection_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus = Bus(provision(free_port()), MemoryStore(), SystemClock(), "00", "1", None)
    closed: list[str] = []

    async def connected() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            closed.append("closed")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise MemoryError

    monkeypatch.setattr(bus.client, "run", connected)
    monkeypatch.setattr(bus.link, "run", fail)
    with pytest.raises(MemoryError):
        await bus.run()
    assert closed == ["closed"]
