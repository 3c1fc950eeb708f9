"""A host that answers from memory: stands in for `OperatorClient` in the dashboard's tests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from app.errors import ProblemError

NOW_MS = 1_790_000_000_000


@dataclass
class Event:
    kind: str
    body: Any


def group(folder: str, **fields: Any) -> dict[str, Any]:
    return {
        "folder": folder,
        "jid": f"console:{folder}",
        "name": folder.title(),
        "trigger": "@Barnacle",
        "requires_trigger": folder != "main",
        "added_ms": NOW_MS,
        "paused": False,
        "state": "idle",
        "depth": 0,
        "cursor": 0,
        "last_message_ms": None,
        "task_count": 0,
    } | fields


def task(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"task-{NOW_MS}-abc{number}",
        "folder": "family",
        "jid": "console:family",
        "prompt": f"water plant {number}",
        "kind": "cron",
        "value": "30 8 * * 1-5",
        "context": "isolated",
        "missed": "once",
        "status": "active",
        "next_ms": NOW_MS + number * 60_000,
        "last_ms": None,
        "last_result": None,
        "created_ms": NOW_MS,
    } | fields


def message(n: int, text: str, from_me: bool = False, folder: str = "main") -> dict[str, Any]:
    return {
        "n": n,
        "id": f"m{n}",
        "folder": folder,
        "sender_name": "Barnacle" if from_me else "Ada",
        "text": text,
        "ts_ms": NOW_MS + n * 1000,
        "from_me": from_me,
    }


class FakeClient:
    def __init__(self) -> None:
        self.connected = True
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.queue: asyncio.Queue[Event] = asyncio.Queue()
        self.refuse: ProblemError | None = None
        self.answers: dict[str, Any] = {
            "status": {
                "device": {"id": "box-1", "online": True, "seen_ms": NOW_MS, "health": {"heap_used": 700_000}},
                "host": {"zone": "UTC", "spool_down": 0},
                "broker": {"kind": "mosquitto", "port": 21883},
                "queue": {"slots": {"used": 0, "max": 2}, "groups": {}, "waiting": []},
            },
            "groups": [group("family"), group("main")],
            "tasks": [task(2), task(1)],
            "audit": [],
            "runs": [],
            "asks": [],
            "spend": [],
            "messages": [],
        }

    async def request(self, name: str, /, **args: Any) -> Any:
        self.requests.append((name, args))
        if self.refuse is not None and name not in self.answers:
            raise self.refuse
        return self.answers.get(name, {"id": "x", "accepted": True, "queued": False})

    async def events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.queue.get()

    async def __aenter__(self) -> "FakeClient":
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    def push(self, kind: str, body: Any) -> None:
        self.queue.put_nowait(Event(kind, body))

    def commands(self) -> list[tuple[str, dict[str, Any]]]:
        return [(name, args) for name, args in self.requests if name not in self.answers]
