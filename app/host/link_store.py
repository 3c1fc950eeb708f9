"""The host's end of the link in SQLite: what waits for the box, and how far the box's own records are applied.

LinkStoreError
├── SpoolFull        SPOOL_ROWS records wait already
└── RecordTooLarge   no envelope could carry the record
"""

import json
import sqlite3
from typing import Any

from app.host import device_core, limits
from app.host.database import Database


class LinkStoreError(Exception):
    """A record was not taken; nothing was stored."""


class SpoolFull(LinkStoreError):  # noqa: N818 - back-pressure, not a fault
    """The box has not acknowledged anything for long."""

    def __init__(self) -> None:
        super().__init__(f"{limits.SPOOL_ROWS} records wait for the box already")


class RecordTooLarge(LinkStoreError):  # noqa: N818 - says what it is about
    """`size` bytes of JSON where `bound` fit."""

    def __init__(self, size: int, bound: int) -> None:
        super().__init__(f"the record has {size} bytes, {bound} fit")
        self.size = size
        self.bound = bound


class LinkStore:
    """The storage interface of `device/host/link.py`, and `put` for what shall go down."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, record_id: str, kind: str, body: dict[str, Any], ts_ms: int) -> int:
        """Store a record for the box, durably; its seq. The id of a record that still waits gives that one's seq.

        Raises SpoolFull, RecordTooLarge.
        """
        text = device_core.dumps(body)
        size, bound = (
            len(text.encode()) + len(record_id.encode()),
            device_core.ENVELOPE_BYTES - limits.ENVELOPE_OVERHEAD_BYTES,
        )
        if size > bound:
            raise RecordTooLarge(size, bound)
        return await self._database.write(lambda connection: _put(connection, record_id, kind, text, ts_ms))

    async def waiting(self) -> int:
        """How many records wait for the box."""
        return await self._database.value("SELECT count(*) FROM spool", default=0)

    async def holds(self, kind: str) -> bool:
        """Whether a record of this kind waits for the box."""
        return bool(await self._database.read("SELECT 1 FROM spool WHERE kind = ? LIMIT 1", (kind,)))

    # What the link asks.

    async def next_out(self) -> int:
        """The seq that the next record will get."""
        return await self._database.value("SELECT value FROM link WHERE name = 'out_next'")

    async def applied(self) -> int:
        """The highest seq of the box that is applied in the mirror."""
        return await self._database.value("SELECT value FROM link WHERE name = 'in_applied'")

    async def spool_after(self, seq: int, limit: int) -> list[tuple[int, str, str, dict[str, Any], int]]:
        """The first `limit` records above `seq`: (seq, id, kind, body, ts_ms)."""
        rows = await self._database.read(
            "SELECT seq, id, kind, body, ts_ms FROM spool WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
        )
        return [(row[0], row[1], row[2], json.loads(row[3]), row[4]) for row in rows]

    def acked(self, seq: int) -> None:
        """The box has applied everything up to `seq`: forget it, with some later commit. What a crash in between leaves
        behind is not sent again: the box's next welcome tells how far it is."""
        self._database.write_later(
            lambda connection: connection.execute("DELETE FROM spool WHERE seq <= ?", (seq,)), "an acknowledgement"
        )

    async def skip_in(self, seq: int) -> None:
        """Go on as if everything up to `seq` were applied: the box has lost it."""
        await self._database.write(lambda connection: set_applied(connection, seq))

    async def renumber(self, first: int) -> None:
        """Give what waits the seqs from `first` on: the box has applied higher ones than this store remembers."""
        await self._database.write(lambda connection: _renumber(connection, first))


def set_applied(connection: sqlite3.Connection, seq: int) -> None:
    """Note within a transaction that the box's record `seq` is applied by it."""
    _set_number(connection, "in_applied", seq)


def get_applied(connection: sqlite3.Connection) -> int:
    """The highest applied seq as this transaction sees it."""
    return _number(connection, "in_applied")


def _put(connection: sqlite3.Connection, record_id: str, kind: str, text: str, ts_ms: int) -> int:
    known = connection.execute("SELECT seq FROM spool WHERE id = ?", (record_id,)).fetchone()
    if known:
        return int(known[0])
    if connection.execute("SELECT count(*) FROM spool").fetchone()[0] >= limits.SPOOL_ROWS:
        raise SpoolFull
    seq = _number(connection, "out_next")
    connection.execute("INSERT INTO spool VALUES (?, ?, ?, ?, ?)", (seq, record_id, kind, text, ts_ms))
    _set_number(connection, "out_next", seq + 1)
    return seq


def _renumber(connection: sqlite3.Connection, first: int) -> None:
    low, high = connection.execute("SELECT min(seq), max(seq) FROM spool").fetchone()
    after = first
    if low is not None:
        shift = first - low
        after = high + shift + 1
        # Two steps, by way of negative numbers: a row must never meet one that has not moved yet.
        connection.execute("UPDATE spool SET seq = -(seq + ?)", (shift,))
        connection.execute("UPDATE spool SET seq = -seq")
    _set_number(connection, "out_next", after)


def _number(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT value FROM link WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _set_number(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute("UPDATE link SET value = ? WHERE name = ?", (value, name))
