"""What the dashboard shows: the host's answers, kept current by applying its events.

`LiveData` is a plain fold over answers and events; it knows nothing of Textual. Each part has a version number that
grows when the part changes, so a widget redraws only what is new to it.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

from app.tui import limits

Record = dict[str, Any]
Part = Literal["status", "groups", "tasks", "audit", "chat", "connection", "asks", "runs", "overrides", "spend"]
PARTS: Final[tuple[Part, ...]] = (
    "status",
    "groups",
    "tasks",
    "audit",
    "chat",
    "connection",
    "asks",
    "runs",
    "overrides",
    "spend",
)


class LiveData:
    """status, groups (by folder), tasks (by id), audit (oldest first), chats (folder → messages, oldest first)."""

    def __init__(self) -> None:
        self.status: Record = {}
        self.groups: dict[str, Record] = {}
        self.tasks: dict[str, Record] = {}
        self.audit: deque[Record] = deque(maxlen=limits.AUDIT_LINES)
        self.chats: OrderedDict[str, deque[Record]] = OrderedDict()
        self.run_texts: dict[str, str] = {}
        self.depths: dict[str, deque[int]] = {}
        self.asks: OrderedDict[str, Record] = OrderedDict()
        self.runs: OrderedDict[str, Record] = OrderedDict()
        self.spend: dict[str, Record] = {}
        self.connected = False
        self.problem = "connecting …"
        self.remedy = ""
        self.fresh_at = 0.0
        self._health_at = 0.0
        self.versions: dict[Part, int] = dict.fromkeys(PARTS, 0)
        self._actions: dict[str, Callable[[Record], None]] = {
            "group.set": self._group,
            "group.remove": self._group_gone,
            "task.set": self._task,
            "task.remove": self._task_gone,
            "audit": self._audit,
            "msg.stored": self._message,
            "msg.out": self._reply,
            "run.queued": self._run,
            "run.started": self._run,
            "run.ended": self._run_ended,
            "ask.set": self._ask,
            "override.set": self._override,
            "override.end": self._override,
            "spend.set": self._spend,
            "tele.queue": self._queue,
            "tele.health": self._health,
            "tele.text": self._text,
            "host.state": self._host_state,
            "host.model": self._model,
            "host.broker": self._credentials,
        }

    @property
    def device(self) -> Record:
        """Id, `online`, `seen_ms` of the box; empty before the first answer."""
        return cast("Record", self.status.get("device") or {})

    @property
    def health(self) -> Record:
        """The box's last `tele.health`; empty when it has not said."""
        return cast("Record", self.device.get("health") or {})

    @property
    def uptime_s(self) -> float | None:
        """Seconds since the box was started; None when it has not said. It tells it rarely, so its age is added."""
        told_ms = self.health.get("uptime_ms")
        return None if told_ms is None else told_ms / 1000 + time.monotonic() - self._health_at

    @property
    def health_age_s(self) -> float | None:
        """How long ago the box told its health; None when it has not."""
        return time.monotonic() - self._health_at if self.health and self._health_at else None

    @property
    def slots(self) -> Record:
        """`used` and `max` slots; empty when the box has not said."""
        queue = cast("Record", self.status.get("queue") or {})
        return cast("Record", queue.get("slots") or {})

    @property
    def host(self) -> Record:
        """Version, zone and spool of the host process; empty before the first answer."""
        return cast("Record", self.status.get("host") or {})

    @property
    def model(self) -> Record:
        """`state`, `name` and `text` of the language model; empty when the host has not said."""
        return cast("Record", self.status.get("model") or {})

    @property
    def credentials(self) -> Record:
        """`state`, `text` and more of the credential broker; empty when the host has not said."""
        return cast("Record", self.status.get("credentials") or {})

    @property
    def zone(self) -> str:
        """The IANA zone that times are shown in."""
        return str(self.host.get("zone") or "UTC")

    @property
    def age_s(self) -> float | None:
        """Seconds since anything was heard from the host; None before the first answer."""
        return time.monotonic() - self.fresh_at if self.fresh_at else None

    def spent_today(self, now_ms: int) -> dict[str, Record]:
        """folder → what its runs used of language models this day of the zone: micro_usd, input, output, calls."""
        today = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(self.zone)).date().isoformat()
        return {folder: row for folder, row in self.spend.items() if row["day"] == today and folder in self.groups}

    def load(self, part: Part, answer: Any) -> None:
        """Replace one part (status, groups, tasks, audit) by the host's answer to the request of that name."""
        if part == "status":
            self.status = cast("Record", answer)
            self._health_at = time.monotonic() - (self.device.get("health_age_ms") or 0) / 1000
        elif part == "groups":
            self.groups = {row["folder"]: row for row in cast("list[Record]", answer)}
        elif part == "tasks":
            self.tasks = {row["id"]: row for row in cast("list[Record]", answer)}
        elif part == "audit":
            self.audit = deque(cast("list[Record]", answer), maxlen=limits.AUDIT_LINES)
        elif part == "asks":
            self.asks = OrderedDict((row["id"], row) for row in cast("list[Record]", answer))
        elif part == "runs":
            self.runs = OrderedDict((row["id"], row) for row in cast("list[Record]", answer))
        elif part == "spend":
            self.spend = {row["folder"]: row for row in cast("list[Record]", answer)}
        self._changed(part)

    def load_chat(self, folder: str, messages: Iterable[Record]) -> None:
        """Replace one group's chat history."""
        self.chats[folder] = deque(messages, maxlen=limits.CHAT_MESSAGES)
        self.chats.move_to_end(folder)
        while len(self.chats) > limits.CHATS:
            self.chats.popitem(last=False)
        self._changed("chat")

    def set_connection(self, connected: bool, problem: str = "", remedy: str = "") -> None:
        """Note whether the host can be reached; `problem` is one line for people, `remedy` what they can do."""
        if (connected, problem, remedy) != (self.connected, self.problem, self.remedy):
            self.connected, self.problem, self.remedy = connected, problem, remedy
            self.versions["connection"] += 1  # no news from the host: the data's age goes on

    def apply(self, kind: str, body: Any) -> None:
        """Take one event in. Kinds that show nowhere are passed over."""
        self.fresh_at = time.monotonic()
        action = self._actions.get(kind)
        if action is not None:
            action(body)

    def _changed(self, *parts: Part) -> None:
        self.fresh_at = time.monotonic()
        for part in parts:
            self.versions[part] += 1

    def _group(self, body: Record) -> None:
        self.groups[body["folder"]] = {**self.groups.get(body["folder"], {"state": "idle", "depth": 0}), **body}
        self._changed("groups")

    def _group_gone(self, body: Record) -> None:
        self.groups.pop(body["folder"], None)
        self.tasks = {key: task for key, task in self.tasks.items() if task["folder"] != body["folder"]}
        self._changed("groups", "tasks")

    def _task(self, body: Record) -> None:
        self.tasks[body["id"]] = body
        self._changed("tasks")

    def _task_gone(self, body: Record) -> None:
        self.tasks.pop(body["id"], None)
        self._changed("tasks")

    def _audit(self, body: Record) -> None:
        self.audit.append(body)
        self._changed("audit")

    def _message(self, body: Record) -> None:
        message = {"sender_name": "", "from_me": False, **body}
        self._say(message)

    def _reply(self, body: Record) -> None:
        self._say({"sender_name": "", **body, "from_me": True})

    def _say(self, message: Record) -> None:
        group = self.groups.get(message["folder"])
        if group is not None:
            self.groups[message["folder"]] = {**group, "last_message_ms": message["ts_ms"]}
            self._changed("groups")
        chat = self.chats.get(message["folder"])
        if chat is None or any(known.get("n") == message.get("n") for known in chat):
            return
        chat.append(message)
        self._changed("chat")

    def _queue(self, body: Record) -> None:
        self.status = {**self.status, "queue": body}
        busy = cast("Mapping[str, Record]", body.get("groups", {}))  # idle groups are left out
        self.depths = {folder: self.depths.get(folder, deque(maxlen=limits.DEPTHS)) for folder in self.groups}
        for folder, group in self.groups.items():
            self.depths[folder].append(int(busy.get(folder, {}).get("depth") or 0))
            self.groups[folder] = {**group, "state": "idle", "depth": 0, "retry_ms": None, **busy.get(folder, {})}
        self._changed("groups", "status")

    def _health(self, body: Record) -> None:
        self._health_at = time.monotonic()
        self.status = {**self.status, "device": {**self.device, "health": body}}
        self._changed("status")

    def _host_state(self, body: Record) -> None:
        device = {**self.device, **{k: body[k] for k in ("online", "seen_ms") if k in body}}
        self.status = {**self.status, "device": device}
        self._changed("status")

    def _model(self, body: Record) -> None:
        self.status = {**self.status, "model": body}
        self._changed("status")

    def _credentials(self, body: Record) -> None:
        self.status = {**self.status, "credentials": body}
        self._changed("status")

    def _text(self, body: Record) -> None:
        if self.runs.get(str(body.get("run")), {}).get("state", "running") != "running":
            return  # telemetry is sent on its own way: it may come after the end of its run
        self.run_texts[body["folder"]] = str(body["text"])[-limits.RUN_TEXT_CHARS :]
        self._changed("chat")

    def _ask(self, body: Record) -> None:
        _keep(self.asks, body, limits.ASKS)
        self._changed("asks")

    def _override(self, body: Record) -> None:
        self._changed("overrides")  # whoever shows them asks the host

    def _spend(self, body: Record) -> None:
        self.spend[body["folder"]] = body
        self._changed("spend")

    def _run(self, body: Record) -> None:
        _keep(self.runs, body, limits.RUNS)
        self._changed("runs")

    def _run_ended(self, body: Record) -> None:
        self._run(body)
        if self.run_texts.pop(body["folder"], None) is not None:
            self._changed("chat")


def _keep(kept: OrderedDict[str, Record], body: Record, most: int) -> None:
    """Put a record by its id, newest last, and let the oldest go beyond `most`."""
    kept[body["id"]] = body
    while len(kept) > most:
        kept.popitem(last=False)
