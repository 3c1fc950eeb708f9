"""The laptop's host process: the link to the box, the mirror, the gateways and the operators' door, put together.

It knows no MQTT library: `publish` sends, `receive` and `connection` are called by whoever holds the connection.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.host.audit_lane import AuditLane
from app.host.box_link import BoxLink, Zone
from app.host.box_log import BoxLog
from app.host.box_services import Around, BoxServices, Lender
from app.host.box_state import BoxState
from app.host.commands import Commands
from app.host.configured import Configured
from app.host.database import Database
from app.host.device_core import Clock
from app.host.events import EventFeed
from app.host.fact_reads import FactReads
from app.host.gateways import Gateway
from app.host.gateways.console import ConsoleGateway
from app.host.inbox import SpoolInbox
from app.host.intake import Intake
from app.host.link_store import LinkStore
from app.host.mirror import Mirror
from app.host.mirror_reads import MirrorReads
from app.host.operators import OperatorServer
from app.host.outcomes import Outcomes, command_key, message_key
from app.host.policy_requests import policy_requests
from app.host.requests import Requests
from app.host.service_requests import mirror_requests, service_requests

__all__ = ["Host", "Identity", "Zone"]

log = logging.getLogger("barnacle.host")
Publish = Callable[[str, bytes, int], bool]


@dataclass(frozen=True)
class Identity:
    """Who the host is and whom it believes."""

    device: str
    device_key: bytes = field(repr=False)
    events_key: bytes = field(repr=False)
    operators: Mapping[str, bytes] = field(repr=False)
    version: str
    broker: dict[str, Any]


class Host:
    """Composition root. `zone` is asked for the zone in force; `configured` has the box's settings in config.toml;
    without a `lender` the box can call nothing; `box_log` is the file with what the box printed."""

    def __init__(
        self,
        identity: Identity,
        database: Database,
        clock: Clock,
        publish: Publish,
        zone: Callable[[], Zone],
        configured: Mapping[str, Any] | None = None,
        lender: Lender | None = None,
        box_log: Path | None = None,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._send = publish
        self._root = f"barnacle/{identity.device}/"
        self._syncing = False
        self._boot = secrets.token_hex(8)
        self._group: asyncio.TaskGroup | None = None
        self.store = LinkStore(database)
        self.mirror = Mirror(database)
        self.outcomes = Outcomes()
        self.box = BoxState(clock)
        self._intake = Intake(self.mirror, clock, self._on_durable)
        self._link = BoxLink(
            identity.device,
            identity.device_key,
            self.store,
            self.mirror,
            self._intake,
            clock,
            self._publish_down,
            zone,
            self,
        )
        reads = MirrorReads(database)
        self.events = EventFeed(identity.events_key, self._boot, clock, self._publish_events)
        inbox = SpoolInbox(self.store, reads, self.outcomes, clock, self._link.kick, self._online)
        console = ConsoleGateway(inbox, clock)
        self.gateways: list[Gateway] = [console]
        commands = Commands(self.store, self.outcomes, clock, self._link.kick, self.box.refuse_offline)
        self._configured = Configured(configured or {}, database, commands)
        self._reads = reads
        around = Around(self._link.service, commands, self.events.add, self.spawn, self._can_tell)
        self.services = BoxServices(lender, database, clock, around) if lender else None
        lane = (self.store, self._link.kick, self._online, clock)
        self._audit = AuditLane(database, lender.broker, *lane) if lender else None
        more = mirror_requests(FactReads(database, clock)) | (service_requests(self.services) if self.services else {})
        more["box.log"] = BoxLog(box_log).read
        acts = policy_requests(self.services, lender.broker) if self.services and lender else {}
        self.requests = Requests(reads, self.store, commands, console, self.box, self._facts, clock, more, acts)
        self.operators = OperatorServer(
            identity.operators,
            {"version": identity.version, "device": identity.device},
            self._boot,
            clock,
            self.requests.answer,
            self._publish_answer,
            self.spawn,
            self.note,
        )

    @property
    def subscriptions(self) -> list[tuple[str, int]]:
        """Topics and qualities of service that `receive` wants."""
        return [(self._root + "up", 1), (self._root + "status", 1), (self._root + "op/+/req", 1)]

    async def run(self) -> None:
        """Serve until cancelled."""
        self.box.seen_ms = await self._reads.seen_ms()
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._serve_box(), name="link")
            group.create_task(self._intake.run(), name="intake")
            group.create_task(self.events.run(), name="events")
            group.create_task(self._link.watch_time(), name="time")
            if self.services:
                group.create_task(self.services.run(), name="services")
            if self._audit:
                group.create_task(self._audit.run(), name="audit")

    async def _serve_box(self) -> None:
        if self.services:
            await self.services.looked()
        await self._link.run()

    def connection(self, online: bool) -> None:
        """The connection to the broker came or went."""
        self._link.connection(online)

    async def receive(self, topic: str, payload: bytes) -> None:
        """Take one message of a subscribed topic. Records are durable some time after: the link tells the box when."""
        self._link.check_clock()
        name = topic.removeprefix(self._root)
        if name == "up":
            await self._link.receive(payload)
        elif name == "status":
            if self.box.status(payload):
                self._tell_state()
        elif name.startswith("op/") and name.endswith("/req"):
            await self.operators.receive(name.removeprefix("op/").removesuffix("/req"), payload)

    # What the box says (box_link.Owner)

    def box_live(self, live: bool) -> None:
        """The session with the box began or ended."""
        self.box.live = live
        if self.services:
            self.services.live(live)
        self._tell_state()
        if live:
            self.spawn(self._configure())
        elif self.box.seen_ms is not None:
            self.mirror.seen(self.box.seen_ms)

    def box_heard(self) -> None:
        """The box has shown that it is there."""
        self.box.seen_ms = self._clock.now_ms()

    def box_telemetry(self, kind: str, body: dict[str, Any]) -> None:
        """Telemetry came."""
        self.box.telemetry(kind, body)
        self.events.add(kind, body)

    def box_service(self, kind: str, body: dict[str, Any]) -> None:
        """A message of a call came."""
        if self.services:
            self.services.receive(kind, body)

    def box_greeting(self) -> dict[str, Any]:
        """How the language model is: what is sent in the session may come before the box has heard the welcome."""
        return self.services.greeting() if self.services else {}

    def box_welcomed(self, boot: str) -> None:
        """The box answered a hello of ours."""
        if self.services:
            self.services.welcomed(boot)

    async def box_was_reset(self) -> None:
        """What the box has told, and was told, before no longer holds."""
        await self.mirror.distrust()
        await self._configured.forget()
        if self.services:
            await self.services.was_reset()

    async def _configure(self) -> None:
        if await self._can_tell():
            await self._configured.apply()

    async def _can_tell(self) -> bool:
        return self.box.online and await self.mirror.synced()

    async def _on_durable(self, kind: str, body: dict[str, Any]) -> None:
        self.box_heard()
        self._tell_outcome(kind, body)
        if self.services:
            await self.services.durable(kind, body)
        if self._audit:
            self._audit.heard(kind)
        if kind == "sync.begin":
            self._syncing = True
        elif kind == "sync.end":
            self._syncing = False
            self.events.skip()  # one full load says more than everything once again
            self.spawn(self._configure())
        elif not self._syncing or kind in ("audit", "cmd.result", "msg.out"):
            self.events.add(kind, body)
        if kind == "msg.out":
            await self._deliver(body)
        elif kind == "ask.set" and body.get("state") == "open":
            log.info("%s asks: %s %s", body.get("folder"), body.get("tool"), body.get("host"))

    def _tell_outcome(self, kind: str, body: dict[str, Any]) -> None:
        if kind in ("msg.stored", "msg.refused"):
            self.outcomes.tell(message_key(str(body.get("jid")), str(body.get("id"))), body)
        elif kind == "cmd.result":
            self.outcomes.tell(command_key(str(body.get("id"))), body)

    async def _deliver(self, reply: dict[str, Any]) -> None:
        for gateway in self.gateways:
            if gateway.connected and gateway.owns(str(reply.get("jid"))):
                await gateway.deliver(reply)
                return

    # What the parts ask of the whole

    def _facts(self) -> dict[str, Any]:
        return {
            "device": self._identity.device,
            "boot": self._link.peer_boot,
            "version": self._identity.version,
            "holding": self._link.holding,
            "zone": self._link.zone.name,
            "rule": self._link.zone.rule,
            "broker": self._identity.broker,
            "audit": self._audit.describe if self._audit else None,
            **(self.services.status() if self.services else {"model": None, "credentials": None}),
        }

    def _online(self) -> bool:
        return self.box.online

    def _tell_state(self) -> None:
        self.events.add("host.state", {"online": self.box.online, "seen_ms": self.box.seen_ms})
        if self.services:
            self.services.online(self.box.online)

    def note(self, what: str, detail: str, actor: str) -> None:
        """An audit event of the laptop's own."""
        self.spawn(self._write_note(what, detail, actor))

    async def _write_note(self, what: str, detail: str, actor: str) -> None:
        self.events.add("audit", await self.mirror.note(what, detail, self._clock.now_ms(), actor))
        if self._audit:
            self._audit.heard("audit")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry something out beside everything else; before `run` there is nobody to do it."""
        if self._group is None:
            work.close()
            return
        logged = _logged(work)
        try:
            task = self._group.create_task(logged, name="request")
        except RuntimeError:  # the host is stopping
            logged.close()
            work.close()
            return
        task.add_done_callback(lambda _: work.close())  # cancelled before its first step, it was never begun

    def _publish_down(self, data: bytes, qos: int) -> bool:
        return self._send(self._root + "down", data, qos)

    async def _publish_answer(self, client: str, data: bytes) -> None:
        self._send(f"{self._root}op/{client}/res", data, 1)

    async def _publish_events(self, data: bytes) -> None:
        self._send(self._root + "op/events", data, 0)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """One request's fault must not end the process; the log tells what it was."""
    try:
        await work
    except Exception:
        log.exception("a request failed")
