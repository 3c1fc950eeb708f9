"""`barnacle record`: the running appliance as a timeline, from the operators' reads and events."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

from app.errors import ProblemError
from app.host.limits import RECORD_EVENTS
from app.host.replay.builder import TimelineBuilder
from app.host.replay.timeline import Timeline

Row = dict[str, Any]
READ_LIMIT = 40


class Client(Protocol):
    """What recording needs of app.host.operator_client.OperatorClient."""

    async def request(self, name: str, /, **args: Any) -> Any:
        """Ask the host."""
        ...

    def events(self) -> AsyncIterator[Any]:
        """Live events: objects with `kind` and `body`."""
        ...


async def record(client: Client, seconds: float | None) -> Timeline:
    """Record for so long (None: until cancelled, RECORD_EVENTS at most); returns the timeline. Raises ProblemError
    when events were thinned: a timeline with holes would not replay."""
    events = client.events()
    status = await client.request("status")
    start_ms = _now_ms()
    builder = TimelineBuilder("recorded live", start_ms, await _settings(client, status))
    groups, tasks = await client.request("groups"), await client.request("tasks")
    messages = [message for group in groups for message in await _messages(client, group)]
    builder.begin(groups, tasks, messages, {group["folder"]: group["cursor"] for group in groups})
    with contextlib.suppress(asyncio.CancelledError, TimeoutError):
        async with asyncio.timeout(seconds):
            async for event in events:
                _take(builder, event)
                if builder.size >= RECORD_EVENTS:
                    break
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()  # Ctrl-C ends the recording, not the writing
    end_ms = _now_ms()
    return builder.finish(end_ms, await client.request("groups"), await client.request("tasks"))


def written(timeline: Timeline) -> str:
    """The file's text."""
    return json.dumps(timeline, ensure_ascii=False, indent=1) + "\n"


def _take(builder: TimelineBuilder, event: Any) -> None:
    if event.kind == "client.thinned" or (event.kind == "client.connection" and not event.body.get("connected", True)):
        raise ProblemError("events were lost while recording", "record again, for a shorter time or with less going on")
    builder.take(event.kind, event.body, _now_ms())


async def _settings(client: Client, status: Row) -> Row:
    groups = await client.request("groups")
    main = next((group for group in groups if group["folder"] == "main"), None)
    queue: Row = status.get("queue") or {}
    slots = queue["slots"]["max"] if queue else 2
    name = str(main["trigger"]).removeprefix("@") if main else "Barnacle"
    return {"assistant": name, "zone": status["host"]["zone"], "slots": slots}


async def _messages(client: Client, group: Row) -> list[Row]:
    rows = await client.request("messages", folder=group["folder"], limit=READ_LIMIT)
    return [{"sender": "", **row, "jid": group["jid"]} for row in rows]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
