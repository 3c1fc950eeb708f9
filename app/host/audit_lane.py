"""What box and host audit, carried into the credential broker's chain, and the chain's head carried to the box."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from app.host.audit_feed import AuditFeed
from app.host.audit_witness import AuditWitness
from app.host.credential_broker import CredentialBroker
from app.host.database import Database
from app.host.device_core import Clock
from app.host.link_store import LinkStore

Body = dict[str, Any]


class AuditLane:
    """`run` it; `heard` after each record of the box and each note of the host's own."""

    def __init__(
        self,
        database: Database,
        broker: CredentialBroker,
        store: LinkStore,
        kick: Callable[[], None],
        online: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._store = store
        self._kick = kick
        self._clock = clock
        self._witness = AuditWitness(broker.state, self._tell, online, clock)
        self._feed = AuditFeed(database, broker, clock, self._witness.written)

    async def run(self) -> None:
        """Carry over for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed.run(), name="audit feed")
            group.create_task(self._witness.run(), name="audit witness")

    def heard(self, kind: str) -> None:
        """A record of this kind is in the mirror."""
        if kind in ("audit", "run.started", "run.ended"):
            self._feed.heard()
        if kind == "run.ended":
            self._witness.run_ended()

    async def describe(self) -> Body:
        """What waits for the chain, and why (AuditFeed.describe)."""
        return await self._feed.describe()

    async def _tell(self, body: Body) -> None:
        await self._store.put(f"witness:{secrets.token_hex(8)}", "audit.witnessed", body, self._clock.now_ms())
        self._kick()
