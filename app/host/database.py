"""The SQLite file behind the mirror and the spool: one writer whose callers share commits, readers that never wait.

Reads go through aiosqlite. The writer is a thread of its own instead: a batch of callers' work is one transaction, and
crossing between threads for every statement of it would cost more than the statements.

DatabaseError
└── NewerDatabase      the file was written by a newer program
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from app.host import limits
from app.host.migrations import STEPS

log = logging.getLogger("barnacle.host")
_BUSY_TIMEOUT_MS = 5_000
T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


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
    """An open database. `write` is the only way to change it; what it wrote is on disk when it returns."""

    def __init__(self, writer: sqlite3.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._writing = ThreadPoolExecutor(1, "barnacle-db-write")
        self._waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = []
        self._committer: asyncio.Task[None] | None = None
        self.commits = 0

    @classmethod
    async def open(cls, path: Path, steps: Sequence[Iterable[str]] = STEPS) -> "Database":
        """Open or make the file and bring it to the last of `steps`; raises DatabaseError."""
        writer = await asyncio.to_thread(_open, path, steps)
        try:
            reader = await aiosqlite.connect(path, isolation_level=None)
            await reader.execute("PRAGMA query_only = ON")
        except BaseException:
            writer.close()
            raise
        return cls(writer, reader)

    async def close(self) -> None:
        """Close both connections; what waits to be written is written first."""
        if self._committer:
            await self._committer
        self._writing.shutdown()
        await self._reader.close()
        self._writer.close()

    async def write(self, work: Work[T]) -> T:
        """Carry out `work(connection)` in a transaction, in the writer's thread; its result, once that is on disk.

        Everything that waits at the same time shares one commit. When `work` raises, only what it did itself is undone,
        and the error comes out here; when the commit fails, that of sqlite3 comes out of every one it was for. A caller
        that is cancelled does not know whether it was done.
        """
        return await self._queue(work)

    def write_later(self, work: Work[Any], what: str) -> None:
        """The same for work whose loss would do no harm and for which nobody waits; `what` is for the log."""

        def look(future: asyncio.Future[Any]) -> None:
            if not future.cancelled() and future.exception():
                log.warning("%s was not written: %s", what, future.exception())

        self._queue(work).add_done_callback(look)

    async def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that only reads; `values` are bound, never pasted."""
        async with self._reader.execute(sql, values) as cursor:
            return [tuple(row) for row in await cursor.fetchall()]

    async def value(self, sql: str, values: Sequence[Any] = (), default: Any = None) -> Any:
        """The first column of the first row, or `default` when there is none or it is NULL."""
        rows = await self.read(sql, values)
        return default if not rows or rows[0][0] is None else rows[0][0]

    def _queue(self, work: Work[T]) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit_all(), name="commits")
        return future

    async def _commit_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: limits.WRITES_TOGETHER], self._waiting[limits.WRITES_TOGETHER :]
            batch = [(work, future) for work, future in batch if not future.cancelled()]
            works = [work for work, _ in batch]
            try:
                outcomes = await asyncio.get_running_loop().run_in_executor(
                    self._writing, _carry_out, self._writer, works
                )
            except Exception as error:  # the commit's; each caller is told, and the next batch tries anew
                outcomes = [(None, error)] * len(batch)
            self.commits += 1
            for (_, future), (result, error) in zip(batch, outcomes, strict=True):
                if future.done():
                    continue
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)


def _carry_out(connection: sqlite3.Connection, works: Sequence[Work[Any]]) -> list[tuple[Any, Exception | None]]:
    """One transaction for all; raises what BEGIN or COMMIT raise, everything is undone then."""
    outcomes: list[tuple[Any, Exception | None]] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        for work in works:
            outcomes.append(_alone(connection, work))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _alone(connection: sqlite3.Connection, work: Work[Any]) -> tuple[Any, Exception | None]:
    connection.execute("SAVEPOINT work")
    try:
        result, problem = work(connection), None
    except Exception as error:
        if not connection.in_transaction:
            raise  # SQLite has given up the whole transaction (disk full, I/O error)
        connection.execute("ROLLBACK TO work")
        result, problem = None, error
    connection.execute("RELEASE work")
    return result, problem


def _open(path: Path, steps: Sequence[Iterable[str]]) -> sqlite3.Connection:
    # Opened in one thread and used in another, never in two at a time.
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _prepare(writer)
        _migrate(writer, path, steps)
    except sqlite3.DatabaseError as error:
        writer.close()
        raise DatabaseError(f"{path} cannot be used as a database: {error}. Move it away and start again.") from error
    except BaseException:
        writer.close()
        raise
    return writer


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: in WAL mode anything less may lose the last commits when the power fails, and the box thinks them safe.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")


def _migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Iterable[str]]) -> None:
    row = connection.execute("SELECT max(version) FROM version").fetchone()
    version: int = row[0] or 0
    if version > len(steps):
        raise NewerDatabase(path, version)
    for number, statements in enumerate(steps[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO version VALUES (?)", (number,))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
