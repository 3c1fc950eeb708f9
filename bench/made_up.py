"""A made-up household: groups, tasks, and what happens in it, the same for the same seed."""

import random
import time
from typing import Any

from app.host.refusal import RequestRefused

WORDS = (
    *("water", "plants", "check", "door", "parcel", "weather", "train"),
    *("dinner", "homework", "bike", "garden", "letter", "doctor", "market"),
)


class MadeUp:
    """`answer(name, args)` as the host would, `event()` the next thing that happens: (kind, body)."""

    def __init__(self, groups: int, tasks: int, chance: random.Random) -> None:
        self._chance = chance
        self._n = 0
        self._folders = ["main", *(f"group-{n}" for n in range(1, groups))]
        now = _now_ms()
        self.groups = [_group(folder, now) for folder in self._folders]
        self.tasks = [self._task(n, now) for n in range(tasks)]
        self._answers: dict[str, Any] = {
            "status": {
                "device": {"id": "box-1", "online": True, "seen_ms": now, "health": _health(now)},
                "host": {"zone": "Europe/Berlin", "spool_down": 0, "version": "0"},
                "broker": {"kind": "mosquitto", "port": 1},
                "queue": {"slots": {"used": 0, "max": 2}, "groups": {}, "waiting": []},
            },
            "groups": self.groups,
            "tasks": self.tasks,
            "audit": [],
            "runs": [],
            "asks": [],
            "messages": [],
        }

    def answer(self, name: str, args: dict[str, Any]) -> Any:
        """The answer to a request; what nobody made up is refused as an older host refuses it."""
        if name not in self._answers:
            raise RequestRefused("unknown_request", f"there is no request {name!r}", "update Barnacle on both sides")
        return self._answers[name]

    def event(self) -> tuple[str, dict[str, Any]]:
        """Of fifty: 15 decisions, 10 pieces of a reply, 10 messages, 9 about runs, 4 queues, a task and health."""
        self._n += 1
        at = self._n % 50
        now, folder = _now_ms(), self._chance.choice(self._folders)
        if at < 15:
            return "audit", self._decision(folder, now)
        if at < 25:
            return "tele.text", {"run": "r-main", "folder": "main", "text": self._text(10 + self._n % 200)}
        if at < 35:
            return "msg.out" if at % 2 else "msg.stored", self._message(self._chance.choice(["main", folder]), now)
        if at < 44:
            return self._run((at - 35) % 3, self._n // 50 * 3 + (at - 35) // 3, folder, now)
        if at < 48:
            busy = {f: {"state": "waiting", "depth": self._chance.randrange(5)} for f in self._folders[:8]}
            return "tele.queue", {"slots": {"used": 1, "max": 2}, "groups": busy, "waiting": []}
        if at < 49:
            return "task.set", self._task(self._chance.randrange(len(self.tasks)), now)
        return "tele.health", _health(now)

    def _run(self, step: int, number: int, folder: str, now: int) -> tuple[str, dict[str, Any]]:
        kind, state = (("run.queued", "queued"), ("run.started", "running"), ("run.ended", "done"))[step]
        run = {"id": f"r-{number}", "folder": folder, "task": None, "attempt": 1, "queued_ms": now}
        return kind, run | {"state": state, "started_ms": now, "ended_ms": now, "result": self._text(20)}

    def _text(self, words: int) -> str:
        return " ".join(self._chance.choice(WORDS) for _ in range(words))

    def _task(self, n: int, now: int) -> dict[str, Any]:
        return {
            "id": f"task-{n:05}",
            "folder": self._folders[n % len(self._folders)],
            "jid": "console:x",
            "prompt": self._text(6),
            "kind": "cron",
            "value": f"{n % 60} {n % 24} * * 1-5",
            "context": "isolated",
            "missed": "once",
            "status": "active" if n % 7 else "paused",
            "next_ms": now + n * 60_000,
            "last_ms": now - n * 1000,
            "last_result": "done",
            "created_ms": now,
        }

    def _message(self, folder: str, now: int) -> dict[str, Any]:
        words = {"id": f"m{self._n}", "n": self._n, "folder": folder, "sender_name": "Ada", "ts_ms": now}
        return words | {"text": f"**{self._chance.choice(WORDS)}** {self._text(30)}"}

    def _decision(self, folder: str, now: int) -> dict[str, Any]:
        decision = self._chance.choice(("allow", "allow", "deny", "info"))
        what = self._chance.choice(("msg.in", "tool.http_fetch", "task.run", "egress"))
        fields = {"ts_ms": now, "what": what, "actor": "run:r1", "folder": folder, "decision": decision}
        return fields | {"rule": "default_deny", "reason": "", "detail": f"{self._n} {self._text(5)}"}


def _group(folder: str, now: int) -> dict[str, Any]:
    return {
        "folder": folder,
        "jid": f"console:{folder}",
        "name": folder.title(),
        "trigger": "@Barnacle",
        "requires_trigger": folder != "main",
        "added_ms": now,
        "paused": False,
        "state": "idle",
        "depth": 0,
        "cursor": 0,
        "last_message_ms": None,
        "task_count": 0,
    }


def _health(now: int) -> dict[str, Any]:
    return {"heap_used": 700_000 + now % 1000, "heap_free": 1_400_000, "uptime_ms": 1_000_000, "board": "simulator"}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
