import threading
from pathlib import Path

import pytest

from app.host import bridge as bridge_module
from app.host.bridge import Bridge, Message
from tests.app.bus_rig import TOPIC, USERS, BoxEnd, broker, free_port, until


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
    monkeypatch.setattr(bridge_module, "MESSAGES_WAITING", 5)
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
