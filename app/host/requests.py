"""The operators' requests by name: reads from the mirror, `send` to the console, everything else to the box."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.host import commands, device_core, limits
from app.host.arguments import Arguments
from app.host.box_state import BoxState
from app.host.commands import Commands
from app.host.device_core import BarnacleError, Clock
from app.host.gateways.console import ConsoleGateway
from app.host.link_store import LinkStore
from app.host.mirror_reads import MirrorReads
from app.host.refusal import RequestRefused

log = logging.getLogger("barnacle.host")
Args = dict[str, Any]


class Requests:
    """`answer` is the one entry. `facts` gives device, boot, holding, version, zone, rule, broker, model, credentials
    as they are; `more` has requests by name that others answer, `acts` those that change something on the laptop and
    want to know who asks."""

    def __init__(
        self,
        reads: MirrorReads,
        store: LinkStore,
        writes: Commands,
        console: ConsoleGateway,
        box: BoxState,
        facts: Callable[[], dict[str, Any]],
        clock: Clock,
        more: Mapping[str, Callable[[Args], Awaitable[Any]]],
        acts: Mapping[str, Callable[[Args, str], Awaitable[Any]]] | None = None,
    ) -> None:
        self._reads = reads
        self._store = store
        self._writes = writes
        self._console = console
        self._box = box
        self._facts = facts
        self._clock = clock
        self._started_ms = clock.now_ms()
        self._acts = acts or {}
        self._by_name: dict[str, Callable[[Args], Awaitable[Any]]] = {
            "status": self._status,
            "groups": self._groups,
            "queues": self._queues,
            "queue": reads.queues.contents,
            "tasks": reads.tasks,
            "task": reads.task,
            "task.history": reads.task_history,
            "messages": reads.messages,
            "runs": reads.runs,
            "audit": reads.audit,
            "schedule.preview": self._preview,
            **more,
        }

    async def answer(self, name: str, args: Args, request_id: str, client: str) -> Any:
        """The result of a request; raises RequestRefused, and device errors for what the box's own code refuses."""
        try:
            if name == "send":
                return await self._console.send(args, request_id, client)
            if name in commands.NAMES:
                return await self._writes.carry_out(name, args, request_id, client)
            if name in self._acts:
                return await self._acts[name](args, client)
            if name in self._by_name:
                return await self._by_name[name](args)
        except (RequestRefused, BarnacleError):
            raise
        except Exception as error:
            log.exception("%s failed", name)
            raise RequestRefused(
                "internal", f"the host failed to answer {name}", "see logs/host-process.log"
            ) from error
        raise RequestRefused("unknown_request", f"there is no request {name!r}", "update Barnacle on both sides")

    async def _status(self, args: Args) -> Any:
        Arguments(args)
        facts = self._facts()
        counts, following = await self._reads.summary()
        return {
            "device": {
                "id": facts["device"],
                "online": self._box.online,
                "seen_ms": self._box.seen_ms,
                "holding": facts["holding"],
                "boot": facts["boot"],
                "health": self._box.latest("tele.health"),
                "health_age_ms": self._box.age_ms("tele.health"),
            },
            "host": {
                "version": facts["version"],
                "started_ms": self._started_ms,
                "spool_down": await self._store.waiting(),
                "zone": facts["zone"],
            },
            "broker": facts["broker"],
            "model": facts["model"],
            "credentials": facts["credentials"],
            "audit": await facts["audit"]() if facts["audit"] else None,
            "queue": self._box.latest("tele.queue"),
            "queue_age_ms": self._box.age_ms("tele.queue"),
            "counts": counts,
            "next": following,
        }

    async def _groups(self, args: Args) -> Any:
        Arguments(args)
        return await self._reads.groups(self._box.latest("tele.queue"))

    async def _queues(self, args: Args) -> Any:
        """The last `tele.queue` and its age_ms (None: the box has not said)."""
        Arguments(args)
        queue = self._box.latest("tele.queue") or {"slots": {"used": 0, "max": 0}, "groups": {}, "waiting": []}
        return queue | {"age_ms": self._box.age_ms("tele.queue")}

    async def _preview(self, args: Args) -> Any:
        """{kind, value, n?}: {"times_ms", "text", "zone"}, computed by the box's own code."""
        given = Arguments(args, "kind", "value", "n")
        count = given.number("n", 5)
        if not 1 <= count <= limits.PREVIEW_RUNS:
            raise RequestRefused("bad_value", f"n is {count}", f"use a number from 1 to {limits.PREVIEW_RUNS}")
        facts = self._facts()
        times, text = device_core.preview(
            given.text("kind"), given.text("value"), self._clock.now_ms(), facts["rule"], count
        )
        return {"times_ms": times, "text": text, "zone": facts["zone"]}
