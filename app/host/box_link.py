"""The host's link to its box: made anew when time or zone change, so that the box hears of it, and what comes of it."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from app.host.device_core import Clock, LinkPort, make_link
from app.host.intake import Intake
from app.host.link_store import LinkStore
from app.host.mirror import Mirror

log = logging.getLogger("barnacle.host")
RENEW_MS = 3_600_000  # how often zone and clock are compared with what the box was told
CLOCK_STEP_MS = 2_000


@dataclass(frozen=True)
class Zone:
    """An IANA name and its POSIX TZ rule."""

    name: str
    rule: str


class Owner(Protocol):
    """Who wants to know."""

    def box_live(self, live: bool) -> None:
        """The session with the box began or ended."""
        ...

    def box_heard(self) -> None:
        """The box has shown that it is there."""
        ...

    def box_telemetry(self, kind: str, body: dict[str, Any]) -> None:
        """Telemetry came."""
        ...

    async def box_was_reset(self) -> None:
        """The box has begun to number its records anew."""
        ...

    def box_service(self, kind: str, body: dict[str, Any]) -> None:
        """A message of a call came."""
        ...

    def box_welcomed(self, boot: str) -> None:
        """The box answered a hello of ours; `boot` is that of its program."""
        ...

    def box_greeting(self) -> dict[str, Any]:
        """What the box hears with each welcome, besides time and zone."""
        ...

    def note(self, what: str, detail: str, actor: str) -> None:
        """An audit event of the laptop's own."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry something out beside everything else."""
        ...


class BoxLink:
    """`run` it; `connection` and `receive` come from the transport, `kick` after each put into the store.

    `send(data, qos)` publishes to the box. `zone` is asked for the zone in force, again every RENEW_MS.
    """

    def __init__(
        self,
        device: str,
        key: bytes,
        store: LinkStore,
        mirror: Mirror,
        intake: Intake,
        clock: Clock,
        send: Callable[[bytes, int], bool],
        zone: Callable[[], Zone],
        owner: Owner,
    ) -> None:
        self._device = device
        self._key = key
        self._store = store
        self._mirror = mirror
        self._intake = intake
        self._clock = clock
        self._send = send
        self._zone = zone
        self._owner = owner
        self.zone = zone()
        self._connected = False
        self._renew = asyncio.Event()
        self._clock_offset_ms = clock.now_ms() - clock.ticks_ms()
        self._asking = asyncio.Lock()
        self._link = self._make()

    @property
    def peer_boot(self) -> str:
        """The boot of the box that the session is with."""
        return self._link.peer_boot

    @property
    def holding(self) -> bool:
        """True while the box has no room for what waits here, and has said so."""
        return self._link.peer_held

    def connection(self, online: bool) -> None:
        """The connection to the broker came or went."""
        self._connected = online
        if online:
            self._link.connected()
        else:
            self._link.disconnected()

    def kick(self) -> None:
        """There is something to send."""
        self._link.kick()

    async def service(self, kind: str, body: dict[str, Any]) -> bool:
        """Send within the present session or not at all; waits for room."""
        return await self._link.service(kind, body)

    async def receive(self, data: bytes) -> None:
        """Take one envelope of the box."""
        await self._link.receive(data)

    async def run(self) -> None:
        """Run the link; a renewed one has a new boot: the box then asks for a welcome, and so hears time and zone."""
        while True:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(self._link.run(), name="link sender")
                await self._renew.wait()
                self._renew.clear()
                running.cancel()
            self._link.disconnected()
            self._link = self._make()
            if self._connected:
                self._link.connected()

    async def watch_time(self) -> None:
        """Look for another zone now and then; a clock that was set is noticed by `check_clock` as well."""
        while True:
            await self._clock.sleep_ms(RENEW_MS)
            self.check_clock()
            zone = self._zone()
            if zone != self.zone:
                log.info("time zone is now %s", zone.name)
                self.zone = zone
                self._renew.set()

    def check_clock(self) -> None:
        """Let the box know when this machine's clock was set."""
        offset_ms = self._clock.now_ms() - self._clock.ticks_ms()
        if abs(offset_ms - self._clock_offset_ms) > CLOCK_STEP_MS:
            log.info("the clock was set by %d ms", offset_ms - self._clock_offset_ms)
            self._clock_offset_ms = offset_ms
            self._renew.set()

    async def ask_for_sync(self) -> None:
        """Ask the box for its whole state, unless the mirror is complete or was asked for already."""
        async with self._asking:  # look and put in one go: one request that waits is enough
            if await self._mirror.synced() or await self._store.holds("sync.request"):
                return
            await self._store.put(f"sync:{secrets.token_hex(8)}", "sync.request", {}, self._clock.now_ms())
        self.kick()

    def _make(self) -> LinkPort:
        def on_record(kind: str, body: dict[str, Any], envelope: dict[str, Any]) -> str:
            return self._intake.take(link, kind, body, envelope)

        link = make_link(
            self._store,
            self._key,
            self._device,
            secrets.token_hex(8),
            self._clock,
            self._publish,
            on_record,
            on_live=self._on_live,
            on_telemetry=self._on_telemetry,
            on_service=self._owner.box_service,
            on_welcome=self._on_welcome,
            welcome_extra=self._welcome_extra,
            on_audit=self._on_audit,
        )
        return link

    async def _publish(self, data: bytes, qos: int) -> bool:
        return self._send(data, qos)

    def _on_telemetry(self, kind: str, body: dict[str, Any], _envelope: dict[str, Any]) -> None:
        self._owner.box_telemetry(kind, body)

    async def _on_welcome(self, body: dict[str, Any]) -> None:
        self._owner.box_heard()
        if body["next"] <= await self._store.applied():  # the box was reset: what it told before no longer holds
            await self._owner.box_was_reset()
        self._owner.box_welcomed(self._link.peer_boot)

    def _on_live(self, live: bool) -> None:
        log.info("box %s", "connected" if live else "disconnected")
        self._owner.box_live(live)
        if live:
            self._owner.spawn(self.ask_for_sync())

    def _on_audit(self, what: str, detail: str) -> None:
        log.warning("%s: %s", what, detail)
        self._owner.note(what, detail, "host")
        if what in ("link.gap", "link.rewound"):
            self._owner.spawn(self._distrust())

    async def _distrust(self) -> None:
        await self._mirror.distrust()
        await self.ask_for_sync()

    def _welcome_extra(self) -> dict[str, Any]:
        time = {"utc_ms": self._clock.now_ms(), "zone": self.zone.name, "rule": self.zone.rule}
        return time | self._owner.box_greeting()
