"""Live events for operators: sealed batches, at most one per EVENT_BATCH_MS, thinned under load and saying so."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.host import device_core, limits
from app.host.device_core import Clock

LATEST_ONLY = ("tele.queue", "tele.health")  # a newer one makes the one that waits worthless


class EventFeed:
    """`add` never waits; `run` publishes. `publish(data)` sends bytes to op/events."""

    def __init__(self, key: bytes, boot: str, clock: Clock, publish: Callable[[bytes], Awaitable[object]]) -> None:
        self._key = key
        self._boot = boot
        self._clock = clock
        self._publish = publish
        self._waiting: deque[tuple[str, dict[str, Any], int]] = deque()
        self._thinned = 0
        self._seq = 0
        self._wake = asyncio.Event()

    def add(self, kind: str, body: dict[str, Any]) -> None:
        """Queue an event. When EVENTS_WAITING wait, telemetry goes first, then the oldest; both are counted."""
        if kind in LATEST_ONLY:
            self._drop(lambda waiting: waiting == kind)
        size = len(device_core.dumps({"kind": kind, "body": body}).encode()) + 1
        if size > limits.EVENT_BATCH_BYTES:
            self.skip()
            return
        if len(self._waiting) >= limits.EVENTS_WAITING:
            if not self._drop(lambda waiting: waiting.startswith("tele.")):
                self._waiting.popleft()
            self._thinned += 1
        self._waiting.append((kind, body, size))
        self._wake.set()

    def skip(self) -> None:
        """Count an event that is left out: operators then load afresh."""
        self._thinned += 1
        self._wake.set()

    async def run(self) -> None:
        """Publish batches for ever; sleeps while there is nothing to say."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting or self._thinned:
                await self._publish(self._batch())
                await self._clock.sleep_ms(limits.EVENT_BATCH_MS)

    def _batch(self) -> bytes:
        events: list[dict[str, Any]] = []
        room = limits.EVENT_BATCH_BYTES
        while self._waiting and self._waiting[0][2] <= room:
            kind, body, size = self._waiting.popleft()
            room -= size
            events.append({"kind": kind, "body": body})
        self._seq += 1
        thinned, self._thinned = self._thinned, 0
        fields = {"src": "host", "boot": self._boot, "seq": self._seq, "ack": 0, "ts": self._clock.now_ms()}
        body = {"events": events, "thinned": thinned}
        return device_core.seal(self._key, fields | {"id": f"ev:{self._seq}", "kind": "ev", "body": body})

    def _drop(self, chosen: Callable[[str], bool]) -> bool:
        """Take the oldest chosen event out; False if there is none."""
        for index, (kind, _, _) in enumerate(self._waiting):
            if chosen(kind):
                del self._waiting[index]
                return True
        return False
