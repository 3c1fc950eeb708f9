"""What the box reports, on its way into the mirror: everything that has arrived shares one commit.

The link is told what is durable only after the commit; then, record by record and in order, whoever wants to know.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.host import device_core, limits
from app.host.device_core import Clock, LinkPort
from app.host.mirror import Mirror, Record

log = logging.getLogger("barnacle.host")
Durable = Callable[[str, dict[str, Any]], Awaitable[None]]


class Intake:
    """`take` is a link's `on_record`; `durable(kind, body)` is awaited for each record that is new in the mirror.

    The link bounds what waits here (LINK_UNSETTLED). Links that follow one another may share an intake.
    """

    def __init__(self, mirror: Mirror, clock: Clock, durable: Durable) -> None:
        self._mirror = mirror
        self._clock = clock
        self._durable = durable
        self._waiting: deque[tuple[LinkPort, Record]] = deque()
        self._arrived = asyncio.Event()

    def take(self, link: LinkPort, kind: str, body: dict[str, Any], envelope: dict[str, Any]) -> str:
        """Take a record that `link` has received in order; `link.settled` or `link.failed` follows."""
        self._waiting.append((link, Record(envelope["seq"], kind, body, envelope["ts"])))
        self._arrived.set()
        return device_core.LATER

    async def run(self) -> None:
        """Write for ever; sleeps while nothing waits."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._write_together()

    async def _write_together(self) -> None:
        count = min(len(self._waiting), limits.RECORDS_TOGETHER)
        batch = [self._waiting.popleft() for _ in range(count)]
        try:
            new = await self._mirror.apply_all([record for _, record in batch], self._clock.now_ms())
        except sqlite3.Error as error:  # nothing of it is stored; the box keeps it and sends it again
            links = {link for link, _ in [*batch, *self._waiting]}
            self._waiting.clear()
            for link in links:
                link.failed(error)
            return
        for link, seq in {link: record.seq for link, record in batch}.items():
            link.settled(seq)
        for (_, record), is_new in zip(batch, new, strict=True):
            if is_new:
                await self._tell(record)

    async def _tell(self, record: Record) -> None:
        """The record is in the mirror whatever happens here; a gateway's fault must not stop those after it."""
        try:
            await self._durable(record.kind, record.body)
        except Exception:
            log.exception("what follows from a %s record failed", record.kind)
