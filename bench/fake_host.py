"""A host made of memory behind a real broker: what a dashboard is told, at a rate that one chooses.

Broker, operators' door and event feed are the product's own; only the answers are made up. Signs as the host does.
"""

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from app.host.bridge import Bridge, Message
from app.host.device_core import system_clock
from app.host.events import EventFeed
from app.host.keys import LOCAL, load_keys, write_credentials
from app.host.mqtt_broker import MqttBroker
from app.host.operators import OperatorServer
from app.host.settings import MqttSettings
from bench.appliance import free_port
from bench.made_up import MadeUp

BOOT = "b" * 16


class FakeHost:
    """`async with FakeHost(folder, groups, tasks) as host:`; its operator's credentials are in `host.credentials`."""

    def __init__(self, folder: Path, groups: int, tasks: int) -> None:
        self.keys = load_keys(folder / "keys.json", "box-1")
        self._mqtt = MqttSettings(port=free_port())
        self.credentials = folder / "operator.json"
        write_credentials(self.credentials, self.keys.operator_credentials(LOCAL, self._mqtt))
        self._broker = MqttBroker(folder / "broker", self._mqtt.port, self.keys.mqtt_users(), self.keys.device_id)
        clock = system_clock()
        self._root = f"barnacle/{self.keys.device_id}/op/"
        self.world = MadeUp(groups, tasks, random.Random(6))
        self.events = EventFeed(self.keys.events_key, BOOT, clock, self._publish_events)
        self._tasks: set[asyncio.Task[None]] = set()
        self._door = OperatorServer(
            self.keys.operator_keys(),
            {"version": "0", "device": self.keys.device_id},
            BOOT,
            clock,
            self._answer,
            self._publish_answer,
            self._spawn,
            lambda what, detail, actor: None,
        )
        login = self.keys.login("host", self._mqtt)
        address = (login.host, login.port, login.user, login.password, "host")
        self._bridge = Bridge(*address, self._receive, [(f"{self._root}+/req", 1)])
        self._stack = contextlib.AsyncExitStack()
        self.asked = 0

    async def __aenter__(self) -> "FakeHost":
        await self._broker.start()
        self._stack.push_async_callback(self._broker.stop)
        await self._stack.enter_async_context(self._bridge)
        self._spawn(self.events.run())
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def send(self, per_s: float, seconds: float) -> int:
        """Tell so many events a second for so long, evenly; how many there were."""
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        while loop.time() < began + seconds:
            due = int((loop.time() - began) * per_s)
            while sent < due:
                self.events.add(*self.world.event())
                sent += 1
            await asyncio.sleep(0.02)
        return sent

    async def _answer(self, name: str, args: dict[str, Any], request_id: str, client: str) -> Any:
        self.asked += 1
        return self.world.answer(name, args)

    async def _receive(self, message: Message) -> None:
        client = message.topic.split("/")[-2]
        await self._door.receive(client, message.payload)

    async def _publish_answer(self, client: str, data: bytes) -> None:
        self._bridge.publish(f"{self._root}{client}/res", data, 1)

    async def _publish_events(self, data: bytes) -> None:
        self._bridge.publish(f"{self._root}events", data, 0)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
