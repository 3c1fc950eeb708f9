"""What the tests of the bus share: a broker on a free port, the box's end in this process, the host's end over paho."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.host.bridge import Bridge, Message
from app.host.mqtt_broker import MqttBroker
from device.host.bus import Bus
from device.host.clock import SystemClock
from device.host.link import Link
from tests.device.host.link_world import MemoryStore

DEVICE = "desk"
KEY = bytes(range(32))
USERS = {name: secrets.token_urlsafe(24) for name in (f"device-{DEVICE}", "host", "op-tui", "op-other")}
TOPIC = f"barnacle/{DEVICE}/"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(condition: Callable[[], Any], limit_s: float = 30.0) -> bool:
    """Wait for a condition with a bound."""
    end = asyncio.get_running_loop().time() + limit_s
    while not condition():
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(0.01)
    return True


def broker(folder: Path, kind: str, **options: Any) -> MqttBroker:
    return MqttBroker(folder / "broker", free_port(), USERS, DEVICE, kind=kind, **options)


def provision(port: int, **mqtt: Any) -> dict[str, Any]:
    login = {"host": "127.0.0.1", "port": port, "user": f"device-{DEVICE}", "password": USERS[f"device-{DEVICE}"]}
    return {"device": DEVICE, "key": KEY.hex(), "mqtt": {**login, "tls": None, **mqtt}}


class Applied:
    """An on_record that stores and remembers."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.ids: list[str] = []

    async def __call__(self, kind: str, body: dict[str, Any], envelope: dict[str, Any]) -> None:
        assert envelope["seq"] == self.store.last_in + 1
        self.store.last_in = envelope["seq"]
        self.ids.append(envelope["id"])


class BoxEnd:
    """The box's bus, run in this process."""

    def __init__(self, port: int, **mqtt: Any) -> None:
        self.store = MemoryStore()
        self.applied = Applied(self.store)
        self.bus = Bus(provision(port, **mqtt), self.store, SystemClock(), secrets.token_hex(8), "1", self.applied)

    async def __aenter__(self) -> "BoxEnd":
        self.task = asyncio.create_task(self.bus.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def put(self, key: str) -> None:
        self.store.put(key)
        self.bus.link.kick()


class HostEnd:
    """The host's link over the paho bridge."""

    def __init__(self, port: int, host: str = "127.0.0.1", **options: Any) -> None:
        self.store = MemoryStore(slow=True)
        self.applied = Applied(self.store)
        self.screens: list[bytes] = []
        self.statuses: list[bytes] = []
        self.states: list[tuple[bool, str]] = []
        self.bridge = Bridge(
            host,
            port,
            "host",
            options.pop("password", USERS["host"]),
            "barnacle-host",
            self.take,
            [(TOPIC + "up", 1), (TOPIC + "status", 1), (TOPIC + "screen", 0)],
            on_state=self.state,
            **options,
        )
        self.link = Link(
            self.store,
            KEY,
            "host",
            f"device:{DEVICE}",
            secrets.token_hex(8),
            SystemClock(),
            lambda data, qos: self.bridge.publish(TOPIC + "down", data, qos),
            self.applied,
        )

    async def __aenter__(self) -> "HostEnd":
        self.task = asyncio.create_task(self.link.run())
        await self.bridge.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bridge.__aexit__()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def put(self, key: str) -> None:
        self.store.put(key)
        self.link.kick()

    def state(self, online: bool, reason: str) -> None:
        self.states.append((online, reason))
        if online:
            self.link.connected()
        else:
            self.link.disconnected()

    async def take(self, message: Message) -> None:
        if message.topic.endswith("/up"):
            await self.link.receive(message.payload)
        elif message.topic.endswith("/screen"):
            self.screens.append(message.payload)
        else:
            self.statuses.append(message.payload)


class Probe:
    """A plain client of any user: what it may receive lands in `got`."""

    def __init__(self, port: int, user: str | None, password: str | None, filters: list[tuple[str, int]], name: str):
        self.got: list[tuple[str, bytes]] = []
        self.bridge = Bridge("127.0.0.1", port, user, password, name, self.take, filters, clean_session=True)

    async def take(self, message: Message) -> None:
        self.got.append((message.topic, message.payload))
