"""A box for tests: the real Link over a store in memory, with a small host that knows groups and answers messages."""

import asyncio
import json
from typing import Any

from app.host import device_core
from app.host.bridge import Bridge, Message
from device.host.calls import Calls
from device.host.errors import NoRoom
from tests.device.host.link_world import MemoryStore

KEY = b"the key of one box, 32 bytes ...."


class FakeBox:
    """`receive` takes envelopes of `down`, `sent(data, qos)` publishes on `up`; `effects` has what was applied."""

    def __init__(self, sent: Any, device: str = "box-1", key: bytes = KEY) -> None:
        self.store: Any = MemoryStore()
        self.effects: list[tuple[str, dict[str, Any]]] = []
        self.groups = {
            "main": {"folder": "main", "jid": "console:main", "name": "Main", "trigger": "@B", "paused": False}
        }
        self.groups["main"] |= {"requires_trigger": False, "added_ms": 1}
        self.n = 0
        self.seen: set[tuple[str, str]] = set()
        self.welcomes: list[dict[str, Any]] = []
        self.mute = False
        self.full = False
        self.clock = device_core.system_clock()
        link: Any = device_core._link.Link
        self.told: list[tuple[str, dict[str, Any]]] = []  # of the service lane, calls aside
        self.link = link(
            self.store,
            key,
            f"device:{device}",
            "host",
            "b0c5",
            self.clock,
            sent,
            self._on_record,
            on_welcome=self.welcomes.append,
            on_live=self._on_live,
            on_service=self._on_service,
            has_room=lambda: not self.full,
        )

        self.calls: Any = Calls(self.link.service, self.clock)

    def _on_live(self, live: bool) -> None:
        self.calls.live(live)

    def _on_service(self, kind: str, body: dict[str, Any]) -> None:
        if kind.startswith("call."):
            self.calls.receive(kind, body)
        else:
            self.told.append((kind, body))

    def report(self, kind: str, body: dict[str, Any]) -> None:
        """Send a record up."""
        self.store.put(f"{kind}:{self.store.next}", kind, body)
        self.link.kick()

    def say(self, text: str, message_id: str) -> None:
        """A reply in the main group."""
        self.n += 1
        reply = {"id": message_id, "n": self.n, "jid": "console:main", "folder": "main", "text": text}
        self.report("msg.out", reply | {"run": None, "prefix": False, "ts_ms": self.clock.now_ms()})

    async def _on_record(self, kind: str, body: dict[str, Any], envelope: dict[str, Any]) -> None:
        if self.full:
            raise NoRoom("full")
        self.store.last_in = envelope["seq"]
        self.effects.append((kind, body))
        if kind == "sync.request":
            self._sync()
        elif kind == "msg.in" and not self.mute:
            self._take_message(body)
        elif kind == "cmd" and not self.mute:
            self._carry_out(body)

    def _sync(self) -> None:
        rev = self.store.next
        self.report("sync.begin", {"rev": rev})
        self.report("settings.set", {"assistant": "Barnacle", "zone": "UTC", "rule": "UTC0", "slots": 2})
        for group in self.groups.values():
            self.report("group.set", group)
            self.report("cursor.set", {"folder": group["folder"], "n": 0})
        self.report("sync.end", {"rev": rev})

    def _take_message(self, body: dict[str, Any]) -> None:
        if body["jid"] != "console:main":
            reason = "no group is registered for " + body["jid"]
            self.report(
                "msg.refused", {"id": body["id"], "jid": body["jid"], "code": "unknown_group", "reason": reason}
            )
            return
        if (body["jid"], body["id"]) in self.seen:
            return
        self.seen.add((body["jid"], body["id"]))
        self.n += 1
        self.report("msg.stored", body | {"n": self.n, "folder": "main"})
        self.say("You said: " + body["text"], "r-" + body["id"])

    def _carry_out(self, body: dict[str, Any]) -> None:
        result: dict[str, Any] = {"id": body["id"], "ok": True, "result": None, "error": None}
        if body["name"] == "group.add":
            group = {"paused": False, "requires_trigger": True, "trigger": "@B", "added_ms": 1, **body["args"]}
            self.groups[group["folder"]] = group | {"jid": "console:" + group["folder"]}
            self.report("group.set", self.groups[group["folder"]])
            result["result"] = self.groups[group["folder"]]
        elif body["name"] == "settings.set":
            settings = {"assistant": "Barnacle", "zone": "UTC", "rule": "UTC0", "slots": 2, **body["args"]}
            self.report("settings.set", settings)
        else:
            result |= {"ok": False, "error": {"code": "unknown_task", "message": "no such task", "remedy": "list them"}}
        self.report("cmd.result", result)


class FakeBoxOnMqtt:
    """`async with`: the fake box at a real broker, as the user of a box."""

    def __init__(self, port: int, password: str, device: str, key: bytes) -> None:
        self._root = f"barnacle/{device}/"
        self.box = FakeBox(self._send, device, key)
        user = f"device-{device}"
        topics = [(self._root + "down", 1)]
        self._bridge = Bridge("127.0.0.1", port, user, password, user, self._receive, topics, on_state=self._on_state)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> FakeBox:
        self._task = asyncio.create_task(self.box.link.run())
        await self._bridge.__aenter__()
        return self.box

    async def __aexit__(self, *_: object) -> None:
        self._bridge.publish(self._root + "status", json.dumps({"online": False}).encode(), 1, True)
        await self._bridge.__aexit__()
        assert self._task
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _on_state(self, online: bool, _reason: str) -> None:
        if online:
            self._bridge.publish(self._root + "status", json.dumps({"online": True}).encode(), 1, True)
            self.box.link.connected()
        else:
            self.box.link.disconnected()

    def _send(self, data: bytes, qos: int) -> bool:
        return self._bridge.publish(self._root + "up", data, qos)

    async def _receive(self, message: Message) -> None:
        await self.box.link.receive(message.payload)


async def until(condition: Any, timeout_s: float = 20.0) -> None:
    """Wait until `condition()` (perhaps a coroutine function) is true; fails after `timeout_s`."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert asyncio.get_running_loop().time() < deadline, "waited too long"
        await asyncio.sleep(0.01)
