import asyncio
import contextlib
import threading
from pathlib import Path

import pytest

from app.host import bridge as bridge_module
from app.host import limits
from app.host.bridge import Bridge, Message
from tests.app.bus_rig import TOPIC, USERS, BoxEnd, HostEnd, broker, free_port, until


def host_bridge(port: int, handler: bridge_module.Handler) -> Bridge:
    return Bridge("127.0.0.1", port, "host", USERS["host"], "barnacle-host", handler, [(TOPIC + "up", 1)])


async def test_a_message_whose_handler_failed_comes_again(tmp_path: Path) -> None:
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    got: list[bytes] = []

    async def handler(message: Message) -> None:
        got.append(message.payload)
        if message.payload == b"once" and got.count(b"once") == 1:  # the box's link says hello on the same topic
            raise RuntimeError("disk full")

    async with BoxEnd(mqtt.port) as box, host_bridge(mqtt.port, handler) as bridge:
        assert await until(lambda: bridge.online and box.bus.client.online)
        await box.bus.client.publish(TOPIC + "up", b"once", 1)
        assert await until(lambda: got.count(b"once") == 2)
        assert isinstance(bridge.run_error, RuntimeError)
    await mqtt.stop()


async def test_what_waits_for_the_handler_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BRIDGE_WAITING", 5)
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    release = threading.Event()

    async def handler(message: Message) -> None:
        assert await until(release.is_set)

    async with BoxEnd(mqtt.port) as box, host_bridge(mqtt.port, handler) as bridge:
        assert await until(lambda: bridge.online and box.bus.client.online)
        for n in range(20):
            await box.bus.client.publish(TOPIC + "up", b"%d" % n, 0)
        assert await until(lambda: bridge.dropped >= 10)
        release.set()
    await mqtt.stop()


async def test_stopping_leaves_no_thread_and_publishing_offline_says_no() -> None:
    async def handler(message: Message) -> None:
        raise AssertionError

    async with host_bridge(free_port(), handler) as bridge:
        assert bridge.publish(TOPIC + "down", b"x", 1) is False
        assert await until(lambda: "cannot connect" in bridge.state)
    assert bridge.state == "offline: stopped" and not bridge.online
    assert not [t for t in threading.enumerate() if "paho" in t.name]


async def test_a_missing_certificate_is_said_and_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bridge_module, "RETRY_S", 0.01)
    states: list[str] = []

    async def handler(message: Message) -> None:
        raise AssertionError

    missing = str(tmp_path / "ca.pem")
    bridge = Bridge(
        "127.0.0.1", free_port(), None, None, "x", handler, tls_ca=missing, on_state=lambda _, why: states.append(why)
    )
    async with bridge:
        assert await until(lambda: sum(missing in why for why in states) >= 2)


async def test_qos_1_beyond_what_may_wait_is_left_unread_until_there_is_room_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BRIDGE_WAITING", 5)
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    release = threading.Event()
    got: list[bytes] = []

    async def handler(message: Message) -> None:
        assert await until(release.is_set)
        got.append(message.payload)

    async with BoxEnd(mqtt.port) as box, host_bridge(mqtt.port, handler) as bridge:
        assert await until(lambda: bridge.online and box.bus.client.online)
        for n in range(20):
            await box.bus.client.publish(TOPIC + "up", b"record %d" % n, 1)
        assert await until(lambda: bridge.held >= 1)
        release.set()
        assert await until(lambda: {b"record %d" % n for n in range(20)} <= set(got))
        assert bridge.dropped == 0
        assert [record for record in got if record.startswith(b"record")] == [b"record %d" % n for n in range(20)]
    await mqtt.stop()


async def test_a_handler_that_hangs_while_qos_1_waits_gives_the_connection_up_and_stops_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BRIDGE_WAITING", 5)
    monkeypatch.setattr(bridge_module, "HOLD_S", 0.3)
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()

    async def handler(message: Message) -> None:
        await asyncio.Event().wait()

    async with BoxEnd(mqtt.port) as box, host_bridge(mqtt.port, handler) as bridge:
        assert await until(lambda: bridge.online and box.bus.client.online)
        for n in range(10):
            await box.bus.client.publish(TOPIC + "up", b"record %d" % n, 1)
        assert await until(lambda: not bridge.online)
    assert bridge.state == "offline: stopped"
    await mqtt.stop()


class SilentBroker:
    """Welcomes whoever connects, reads all and acknowledges no message."""

    def __init__(self) -> None:
        self.publishes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readexactly(1))[0] >> 4
                await reader.readexactly((await reader.readexactly(1))[0])  # short packets only
                if head == 1:
                    writer.write(b"\x20\x02\x00\x00")
                elif head == 3:
                    self.publishes += 1
        writer.close()


async def test_what_the_broker_does_not_acknowledge_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BRIDGE_IN_FLIGHT", 4)
    monkeypatch.setattr(limits, "BRIDGE_OUT_WAITING", 6)
    silent = SilentBroker()
    server = await asyncio.start_server(silent.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def handler(message: Message) -> None:
        raise AssertionError

    async with Bridge("127.0.0.1", port, None, None, "x", handler) as bridge:
        assert await until(lambda: bridge.online)
        taken = [bridge.publish("t", b"x", 1) for _ in range(20)]
        assert taken == [True] * 6 + [False] * 14
        assert await until(lambda: silent.publishes == 4)
        await asyncio.sleep(0.1)  # time enough for a fifth
        assert silent.publishes == 4
    server.close()


async def test_a_newcomer_with_the_same_client_id_replaces_the_old_connection_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    taken: list[bytes] = []

    async def handler(message: Message) -> None:
        taken.append(message.payload)  # and acknowledged to the broker: it will not bring it again

    async with HostEnd(mqtt.port) as host, BoxEnd(mqtt.port) as box:
        assert await until(lambda: box.bus.online and host.link.live)
        async with host_bridge(mqtt.port, handler) as newcomer:
            assert await until(lambda: any(not online for online, _ in host.states[1:]))
            assert await until(lambda: newcomer.online or host.bridge.online)
            for n in range(40):
                box.put(f"up{n}")
                host.put(f"down{n}")
                await asyncio.sleep(0)
            assert await until(lambda: taken)
        assert await until(lambda: not box.store.spool and not host.store.spool, 60)
        assert host.applied.ids == [f"up{n}" for n in range(40)]
        assert box.applied.ids == [f"down{n}" for n in range(40)]
    await mqtt.stop()
