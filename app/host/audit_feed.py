"""What the box and the host have audited, on its way into the audit chain: in order, each exactly once.

The mirror's audit table is the queue: nothing is lost while the chain cannot be written, and what waits is counted.
Every event bears its row's number, and the chain writes none twice; so a process that dies between the two ends of
an append does no harm. What the table dropped before it was written is told as `audit.lost`.
"""

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any, Protocol

from app.host import limits
from app.host.credential_broker import plain
from app.host.database import Database
from app.host.device_core import Clock

log = logging.getLogger("barnacle.host")
Body = dict[str, Any]
_FIELDS = ("ts_ms", "what", "actor", "folder", "decision", "rule", "reason", "detail")


class Chain(Protocol):
    """What the feed needs of broker.client.BrokerClient."""

    async def append_audit(self, events: list[Body]) -> Body:
        """Record events; {"n", "hash"} of the newest record. Raises what credential_broker.plain understands."""
        ...


class AuditFeed:
    """`heard` whenever there may be something new; `run` carries it over. `written` is called after each batch."""

    def __init__(self, database: Database, chain: Chain, clock: Clock, written: Callable[[Body], None]) -> None:
        self._database = database
        self._chain = chain
        self._clock = clock
        self._written = written
        self._news = asyncio.Event()
        self._news.set()
        self._source = 0
        self.problem: dict[str, str] | None = None

    def heard(self) -> None:
        """An audit record was put into the mirror."""
        self._news.set()

    async def describe(self) -> Body:
        """{"waiting": events not yet in the chain, "problem": why, {"code", "message", "remedy"} or None}."""
        done = await self._state("audit.fed", 0)
        waiting = await self._database.value("SELECT count(*) FROM audit WHERE arrival > ?", (done,), 0)
        return {"waiting": waiting, "problem": self.problem}

    async def run(self) -> None:
        """Carry over for ever: the first event at once, what follows within AUDIT_GATHER_MS together. While the chain
        cannot be written, try again ever more rarely."""
        pause_ms = limits.AUDIT_RETRY_MS
        while True:
            await self._clock.wait(self._news, None if self.problem is None else pause_ms)
            self._news.clear()
            try:
                await self.carry_over()
                pause_ms = limits.AUDIT_RETRY_MS
                await self._clock.sleep_ms(limits.AUDIT_GATHER_MS)
            except Exception as error:
                self._stopped(_problem(error))
                pause_ms = min(2 * pause_ms, limits.AUDIT_RETRY_MAX_MS)
                await self._clock.sleep_ms(limits.AUDIT_RETRY_MS)

    async def carry_over(self) -> None:
        """Everything that waits now, in batches. Raises what the chain raises."""
        if not self._source:
            self._source = await self._database.write(_source)
        while True:
            done = await self._state("audit.fed", 0)
            events = await self._next(done)
            if not events:
                break
            head = await self._chain.append_audit(events)
            upto: int = events[-1]["feed"]["seq"]
            await self._database.write(lambda connection, upto=upto: _set(connection, "audit.fed", upto))
            self._written(head)
        if self.problem is not None:
            log.info("the audit log is written again")
        self.problem = None

    async def _next(self, done: int) -> list[Body]:
        rows = await self._database.read(
            "SELECT arrival, origin, ts_ms, what, actor, folder, decision, rule, reason, detail FROM audit"
            " WHERE arrival > ? ORDER BY arrival LIMIT ?",
            (done, limits.AUDIT_TOGETHER),
        )
        events = [self._event(row) for row in rows]
        first = events[0]["feed"]["seq"] if events else done + 1
        if first > done + 1:
            events.insert(0, self._lost(done + 1, first - 1))
        return events

    def _event(self, row: tuple[Any, ...]) -> Body:
        source = "device" if row[1] == "box" else "host"
        fields = dict(zip(_FIELDS, row[2:], strict=True))
        return {"src": source, **fields, "folder": fields["folder"] or None, "feed": self._mark(row[0])}

    def _lost(self, first: int, last: int) -> Body:
        what = {"ts_ms": self._clock.now_ms(), "src": "host", "what": "audit.lost", "actor": "host", "folder": None}
        why = {
            "decision": "info",
            "rule": "",
            "reason": "the mirror keeps no more",
            "detail": f"rows {first} to {last}",
        }
        return what | why | {"feed": self._mark(last)}

    def _mark(self, seq: int) -> Body:
        return {"id": f"mirror-{self._source:x}", "seq": seq}

    async def _state(self, name: str, default: int) -> int:
        return await self._database.value("SELECT value FROM state WHERE name = ?", (name,), default)

    def _stopped(self, problem: dict[str, str]) -> None:
        if self.problem != problem:
            log.warning("audit events wait in the mirror: %s", problem["message"])
        self.problem = problem


def _problem(error: Exception) -> dict[str, str]:
    if isinstance(error, sqlite3.Error):
        return {"code": "mirror", "message": f"the mirror cannot be read or written: {error}", "remedy": ""}
    return plain(error).as_dict()


def _source(connection: sqlite3.Connection) -> int:
    """What this mirror is called in the chain: made once, so that none takes another's numbers for its own."""
    connection.execute("INSERT OR IGNORE INTO state VALUES ('audit.source', ?)", (1 + secrets.randbits(60),))
    return connection.execute("SELECT value FROM state WHERE name = 'audit.source'").fetchone()[0]


def _set(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))
