"""The laptop's host process: the link to the box, the mirror, the gateways and the operators' door, put together.

It knows no MQTT library: `publish` sends, `receive` and `connection` are called by whoever holds the connection.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.host.box_state import BoxState
from app.host.commands import Commands
from app.host.database import Database
from app.host.device_core import Clock, LinkPort, make_link
from app.host.events import EventFeed
from app.host.gateways import Gateway
from app.host.gateways.console import ConsoleGateway
from app.host.inbox import SpoolInbox
from app.host.intake import Intake
from app.host.link_store import LinkStore
from app.host.mirror import Mirror
from app.host.mirror_reads import MirrorReads
from app.host.operators import OperatorServer
from app.host.outcomes import Outcomes, command_key, message_key
from app.host.requests import Requests

log = logging.getLogger("barnacle.host")
Publish = Callable[[str, bytes, int], bool]
RENEW_MS = 3_600_000  # how often zone and clock are compared with what the box was told
CLOCK_STEP_MS = 2_000


@dataclass(frozen=True)
class Identity:
    """Who the host is and whom it believes."""

    device: str
    device_key: bytes = field(repr=False)
    events_key: bytes = field(repr=False)
    operators: Mapping[str, bytes] = field(repr=False)
    version: str
    broker: dict[str, Any]


@dataclass(frozen=True)
class Zone:
    """An IANA name and its POSIX TZ rule."""

    name: str
    rule: str


class Host:
    """Composition root. `zone` is asked for the zone in force, again every hour."""

    def __init__(
        self, identity: Identity, database: Database, clock: Clock, publish: Publish, zone: Callable[[], Zone]
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._send = publish
        self._zone = zone
        self._told = zone()
        self._root = f"barnacle/{identity.device}/"
        self._connected = False
        self._renew = asyncio.Event()
        self._clock_offset_ms = clock.now_ms() - clock.ticks_ms()
        self._syncing = False
        self._asking = asyncio.Lock()
        self._boot = secrets.token_hex(8)
        self._group: asyncio.TaskGroup | None = None
        self.store = LinkStore(database)
        self.mirror = Mirror(database)
        self.outcomes = Outcomes()
        self.box = BoxState(clock)
        self._intake = Intake(self.mirror, clock, self._on_durable)
        self._link = self._make_link()
        reads = MirrorReads(database)
        self.events = EventFeed(identity.events_key, self._boot, clock, self._publish_events)
        inbox = SpoolInbox(self.store, reads, self.outcomes, clock, self._kick, self._online)
        console = ConsoleGateway(inbox, clock)
        self.gateways: list[Gateway] = [console]
        commands = Commands(self.store, self.outcomes, clock, self._kick, self._refuse_offline)
        self._reads = reads
        self.requests = Requests(reads, self.store, commands, console, self.box, self._facts, clock)
        self.operators = OperatorServer(
            identity.operators,
            {"version": identity.version, "device": identity.device},
            self._boot,
            clock,
            self.requests.answer,
            self._publish_answer,
            self._spawn,
            self._note,
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
            group.create_task(self._run_link(), name="link")
            group.create_task(self._intake.run(), name="intake")
            group.create_task(self.events.run(), name="events")
            group.create_task(self._watch_time(), name="time")

    def connection(self, online: bool) -> None:
        """The connection to the broker came or went."""
        self._connected = online
        if online:
            self._link.connected()
        else:
            self._link.disconnected()

    async def receive(self, topic: str, payload: bytes) -> None:
        """Take one message of a subscribed topic; returns when what it changed is durable."""
        self._check_clock()
        name = topic.removeprefix(self._root)
        if name == "up":
            await self._link.receive(payload)
        elif name == "status":
            if self.box.status(payload):
                self._tell_state()
        elif name.startswith("op/") and name.endswith("/req"):
            await self.operators.receive(name.removeprefix("op/").removesuffix("/req"), payload)

    # The link

    def _make_link(self) -> LinkPort:
        def on_record(kind: str, body: dict[str, Any], envelope: dict[str, Any]) -> str:
            return self._intake.take(link, kind, body, envelope)

        link = make_link(
            self.store,
            self._identity.device_key,
            self._identity.device,
            secrets.token_hex(8),
            self._clock,
            self._publish_down,
            on_record,
            on_live=self._on_live,
            on_telemetry=self._on_telemetry,
            on_welcome=self._on_welcome,
            welcome_extra=self._welcome_extra,
            on_audit=self._on_link_audit,
        )
        return link

    async def _run_link(self) -> None:
        """Run the link; a renewed one has a new boot: the box then asks for a welcome, and so hears time and zone."""
        while True:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(self._link.run(), name="link sender")
                await self._renew.wait()
                self._renew.clear()
                running.cancel()
            self._link.disconnected()
            self._link = self._make_link()
            if self._connected:
                self._link.connected()

    async def _on_durable(self, kind: str, body: dict[str, Any]) -> None:
        self.box.seen_ms = self._clock.now_ms()
        self._tell_outcome(kind, body)
        if kind == "sync.begin":
            self._syncing = True
        elif kind == "sync.end":
            self._syncing = False
            self.events.skip()  # one full load says more than everything once again
        elif not self._syncing or kind in ("audit", "cmd.result", "msg.out"):
            self.events.add(kind, body)
        if kind == "msg.out":
            await self._deliver(body)

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

    def _on_telemetry(self, kind: str, body: dict[str, Any], _envelope: dict[str, Any]) -> None:
        self.box.telemetry(kind, body)
        self.events.add(kind, body)

    async def _on_welcome(self, body: dict[str, Any]) -> None:
        if body["next"] <= await self.store.applied():  # the box was reset: what it told before no longer holds
            await self.mirror.distrust()

    def _on_live(self, live: bool) -> None:
        log.info("box %s", "connected" if live else "disconnected")
        self.box.live = live
        self._tell_state()
        if live:
            self._spawn(self._ask_for_sync())

    def _on_link_audit(self, what: str, detail: str) -> None:
        log.warning("%s: %s", what, detail)
        self._note(what, detail, "host")
        if what in ("link.gap", "link.rewound"):
            self._spawn(self._distrust())

    async def _distrust(self) -> None:
        await self.mirror.distrust()
        await self._ask_for_sync()

    async def _ask_for_sync(self) -> None:
        async with self._asking:  # look and put in one go: one request that waits is enough
            if await self.mirror.synced() or await self.store.holds("sync.request"):
                return
            await self.store.put(f"sync:{secrets.token_hex(8)}", "sync.request", {}, self._clock.now_ms())
        self._kick()

    def _welcome_extra(self) -> dict[str, Any]:
        return {"utc_ms": self._clock.now_ms(), "zone": self._told.name, "rule": self._told.rule}

    # Time

    async def _watch_time(self) -> None:
        while True:
            await self._clock.sleep_ms(RENEW_MS)
            self._check_clock()
            zone = self._zone()
            if zone != self._told:
                log.info("time zone is now %s", zone.name)
                self._told = zone
                self._renew.set()

    def _check_clock(self) -> None:
        offset_ms = self._clock.now_ms() - self._clock.ticks_ms()
        if abs(offset_ms - self._clock_offset_ms) > CLOCK_STEP_MS:
            log.info("the clock was set by %d ms", offset_ms - self._clock_offset_ms)
            self._clock_offset_ms = offset_ms
            self._renew.set()

    # What the parts ask of the whole

    def _facts(self) -> dict[str, Any]:
        return {
            "device": self._identity.device,
            "boot": self._link.peer_boot,
            "version": self._identity.version,
            "zone": self._told.name,
            "rule": self._told.rule,
            "broker": self._identity.broker,
        }

    def _online(self) -> bool:
        return self.box.online

    def _refuse_offline(self) -> None:
        self.box.refuse_offline()

    def _kick(self) -> None:
        self._link.kick()

    def _tell_state(self) -> None:
        self.events.add("host.state", {"online": self.box.online, "seen_ms": self.box.seen_ms})

    def _note(self, what: str, detail: str, actor: str) -> None:
        self._spawn(self._write_note(what, detail, actor))

    async def _write_note(self, what: str, detail: str, actor: str) -> None:
        self.events.add("audit", await self.mirror.note(what, detail, self._clock.now_ms(), actor))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            work.close()
            return
        self._group.create_task(_logged(work), name="request")

    async def _publish_down(self, data: bytes, qos: int) -> bool:
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
