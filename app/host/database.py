"""The SQLite file behind the mirror and the spool: one writer, explicit transactions, readers that never wait for it.

DatabaseError
└── NewerDatabase      the file was written by a newer program
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from app.host.migrations import STEPS

_BUSY_TIMEOUT_MS = 5_000


class DatabaseError(Exception):
    """The database cannot be used; the message says what to do."""


class NewerDatabase(DatabaseError):  # noqa: N818 - says what was met
    """The file's version is above this program's."""

    def __init__(self, path: Path, version: int) -> None:
        super().__init__(
            f"{path} has version {version}, this program knows {len(STEPS)}: it was written by a newer Barnacle."
            " Update Barnacle, or move the file away (the mirror is fetched again from the box; older history is lost)."
        )
        self.version = version


class Database:
    """An open database. `transaction` is the only way to write; what it wrote is on disk when it returns."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, steps: Sequence[Iterable[str]] = STEPS) -> "Database":
        """Open or make the file and bring it to the last of `steps`; raises DatabaseError."""
        writer = await aiosqlite.connect(path, isolation_level=None)
        try:
            await _prepare(writer)
            await _migrate(writer, path, steps)
            reader = await aiosqlite.connect(path, isolation_level=None)
            await reader.execute("PRAGMA query_only = ON")
        except sqlite3.DatabaseError as error:
            await writer.close()
            raise DatabaseError(
                f"{path} cannot be used as a database: {error}. Move it away and start again."
            ) from error
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader)

    async def close(self) -> None:
        """Close both connections; an open transaction is finished first."""
        async with self._turn:
            await self._reader.close()
            await self._writer.close()

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[aiosqlite.Connection]:
        """A write transaction: durable when the block ends, undone when it raises. One at a time."""
        async with self._turn:
            try:
                await self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
            except BaseException:
                await asyncio.shield(self._rollback())
                raise
            await asyncio.shield(self._writer.execute("COMMIT"))

    async def _rollback(self) -> None:
        # A cancelled BEGIN is still carried out, one that failed is not; statements run in the order they were given.
        with contextlib.suppress(sqlite3.OperationalError):
            await self._writer.execute("ROLLBACK")

    async def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that only reads; `values` are bound, never pasted."""
        async with self._reader.execute(sql, values) as cursor:
            return [tuple(row) for row in await cursor.fetchall()]

    async def value(self, sql: str, values: Sequence[Any] = (), default: Any = None) -> Any:
        """The first column of the first row, or `default` when there is none or it is NULL."""
        rows = await self.read(sql, values)
        return default if not rows or rows[0][0] is None else rows[0][0]


async def _prepare(connection: aiosqlite.Connection) -> None:
    await connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    await connection.execute("PRAGMA journal_mode = WAL")
    # FULL: in WAL mode anything less may lose the last commits when the power fails, and the box thinks them safe.
    await connection.execute("PRAGMA synchronous = FULL")
    await connection.execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")


async def _migrate(connection: aiosqlite.Connection, path: Path, steps: Sequence[Iterable[str]]) -> None:
    async with connection.execute("SELECT max(version) FROM version") as cursor:
        row = await cursor.fetchone()
    version: int = row[0] if row and row[0] else 0
    if version > len(steps):
        raise NewerDatabase(path, version)
    for number, statements in enumerate(steps[version:], version + 1):
        await connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                await connection.execute(statement)
            await connection.execute("INSERT INTO version VALUES (?)", (number,))
        except BaseException:
            await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
