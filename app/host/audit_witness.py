"""Tells the box how far the audit log has come, so that a cut tail and an older copy of it show.

The box hears of the head when a run ends, when WITNESS_RECORDS records have come, or WITNESS_MS after the last
time; never twice of the same, and nothing while nothing happens.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from app.host import limits
from app.host.credential_broker import plain
from app.host.device_core import Clock
from app.host.link_store import LinkStoreError

log = logging.getLogger("barnacle.host")
Body = dict[str, Any]


class AuditWitness:
    """`state` gives the credential broker's state, `tell(body)` sends `audit.witnessed` to the box and may raise
    LinkStoreError, `online` says whether the box is there to hear."""

    def __init__(
        self,
        state: Callable[[], Awaitable[Body]],
        tell: Callable[[Body], Awaitable[Any]],
        online: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._state = state
        self._tell = tell
        self._online = online
        self._clock = clock
        self._news = asyncio.Event()
        self._now = asyncio.Event()
        self._told: tuple[str, int] = ("", 0)

    def written(self, head: Body) -> None:
        """Records were added to the chain; `head` is {"n", "hash"}."""
        self._news.set()
        if head["n"] - self._told[1] >= limits.WITNESS_RECORDS:
            self._now.set()

    def run_ended(self) -> None:
        """A run is over: what it did is to be witnessed soon."""
        self._news.set()
        self._now.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._clock.wait(self._now, limits.WITNESS_MS)
            self._now.clear()
            try:
                await self.tell_now()
            except LinkStoreError as error:
                log.warning("the box was not told the head of the audit log: %s", error)
            except Exception as error:
                log.warning("the box was not told the head of the audit log: %s", plain(error).message)
            await self._clock.sleep_ms(limits.WITNESS_LEAST_MS)

    async def tell_now(self) -> None:
        """Tell the box the present head, if it changed. Raises LinkStoreError, and what `state` raises."""
        audit: Body = (await self._state())["audit"]
        chain, n = str(audit.get("chain", "")), int(audit.get("n", 0))
        if not chain or n < 1 or (chain, n) == self._told or not self._online():
            return
        await self._tell({"chain": chain, "n": n, "hash": str(audit["head"])})
        self._told = (chain, n)
