"""The store's journal in NanoClaw's database: each commit is one transaction, with what it means to NanoClaw's tables.

Takes the place of device/host/journal.py and keeps its promises: what was committed survives a crash at any moment, a
commit is there whole or not at all, and a commit that fails stays pending.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.host import limits
from app.host.desktop import box_core, tables
from app.host.desktop.box_core import JournalError
from app.host.desktop.projection import Projection
from app.host.desktop.takeover import Takeover

Row = dict[str, Any]


class SqliteJournal:
    """`recover` first, then `append` and `commit`; `snapshot` now and then. A commit blocks. `assistant`: its name,
    should the database be one that only NanoClaw has used. Raises tables.DatabaseProblem."""

    damage = ""
    """Always empty: a file that cannot be read does not open."""

    def __init__(self, path: Path, assistant: str, now_ms: Callable[[], int]) -> None:
        self._claim = tables.claimed(path)
        try:
            self._connection = tables.opened(path)
        except tables.DatabaseProblem:
            os.close(self._claim)
            raise
        self._assistant = assistant
        self._now_ms = now_ms
        self._pending: list[bytes] = []
        self._state = box_core.new_state()
        self._projection = Projection(self._connection, self._state)
        self._state_is_ahead = False
        self._log_bytes = 0
        self._snapshot_bytes = 0
        self.bytes_written = 0

    @property
    def untold(self) -> bool:
        """True while the laptop's mirror has not heard of what came from NanoClaw: it needs a full transfer."""
        return bool(tables.fact(self._connection, tables.UNTOLD))

    @property
    def pending(self) -> int:
        """How many records wait for `commit`."""
        return len(self._pending)

    @property
    def wants_snapshot(self) -> bool:
        """True once the log outweighs the state."""
        return self._log_bytes > max(limits.DESKTOP_LOG_BYTES, 2 * self._snapshot_bytes)

    @property
    def overdue_snapshot(self) -> bool:
        """True once it does so twice over."""
        return self._log_bytes > 2 * max(limits.DESKTOP_LOG_BYTES, 2 * self._snapshot_bytes)

    def recover(self, apply: Callable[[bytes], None]) -> None:
        """Hand every durable record to `apply(payload)`, and after them what NanoClaw's tables have new."""
        fresh = True
        for payload in self._records():
            fresh = False
            self._log_bytes += len(payload)
            self._apply(payload)
            apply(payload)
        for payload in self._take_over(self._assistant if fresh else None):
            apply(payload)

    def append(self, payload: bytes) -> None:
        """Add one record to the batch that the next `commit` makes durable."""
        if len(payload) > box_core.RECORD_BYTES:
            raise JournalError(f"a record of {len(payload)} bytes exceeds {box_core.RECORD_BYTES}")
        self._pending.append(payload)

    def commit(self) -> None:
        """Make everything appended durable in one transaction; raises JournalError and keeps it pending when that
        fails."""
        if not self._pending:
            return
        if self._state_is_ahead:
            self._rebuild_state()
        with self._transaction():
            self._state_is_ahead = True
            for payload in self._pending:
                self._store(payload)
                kind, body = _kind_and_body(payload)
                if box_core.changes_state(kind):
                    self._projection.take(kind, body)
        self._state_is_ahead = False
        self._pending = []

    def snapshot(self, payloads: Callable[[], Iterable[bytes]]) -> None:
        """Replace all records by those of the whole state, and drop the oldest of what Barnacle added to NanoClaw's
        history; raises JournalError."""
        self.commit()
        size = 0
        with self._transaction():
            self._connection.execute("DELETE FROM barnacle_records")
            for payload in payloads():
                self._store(payload)
                size += len(payload)
            self._prune()
        self._snapshot_bytes = size
        self._log_bytes = 0

    def snapshot_steps(self, payloads: Callable[[], Iterable[bytes]]) -> Iterable[None]:
        """As `snapshot`, in one step: a transaction is not kept open between others' turns."""
        self.snapshot(payloads)
        return ()

    def give_up_previous(self) -> None:
        """Nothing older than the records is kept."""

    def drop_old(self) -> bool:
        """Nothing is left over after a snapshot: False."""
        return False

    def close(self) -> None:
        """Close the file; what is pending stays unwritten."""
        tables.closed(self._connection)
        os.close(self._claim)

    # --- inside ---

    def _take_over(self, assistant: str | None) -> list[bytes]:
        taken: list[bytes] = []

        def put(kind: str, body: Row) -> None:
            payload = box_core.dumps([kind, body, 0, 0, self._now_ms()]).encode()
            self._store(payload)
            self._apply(payload)
            taken.append(payload)

        with self._transaction():
            takeover = Takeover(self._connection, self._state, self._projection, put, self._now_ms())
            if takeover.run(assistant):
                tables.set_fact(self._connection, tables.UNTOLD, 1)
        return taken

    def _store(self, payload: bytes) -> None:
        self._connection.execute("INSERT INTO barnacle_records (payload) VALUES (?)", (payload,))
        self.bytes_written += len(payload)
        self._log_bytes += len(payload)

    def _records(self) -> list[bytes]:
        return [row[0] for row in self._connection.execute("SELECT payload FROM barnacle_records ORDER BY n")]

    def _apply(self, payload: bytes) -> None:
        kind, body = _kind_and_body(payload)
        if box_core.changes_state(kind):
            self._state.apply(kind, body)

    def _rebuild_state(self) -> None:
        self._state = box_core.new_state()
        self._projection = Projection(self._connection, self._state)
        for payload in self._records():
            self._apply(payload)

    def _prune(self) -> None:
        """Of what Barnacle wrote only the newest stays; what NanoClaw wrote is its own. The last that is known of each
        chat is kept: it tells what is new."""
        execute = self._connection.execute
        old = (
            "n <= (SELECT max(n) FROM barnacle_messages) - ?"
            " AND n NOT IN (SELECT max(n) FROM barnacle_messages GROUP BY chat_jid)"
        )
        execute(
            "DELETE FROM messages WHERE (id, chat_jid) IN"  # noqa: S608
            f" (SELECT id, chat_jid FROM barnacle_messages WHERE own = 1 AND {old})",
            (limits.DESKTOP_MESSAGES,),
        )
        execute(f"DELETE FROM barnacle_messages WHERE {old}", (limits.DESKTOP_MESSAGES,))  # noqa: S608
        oldest = "(SELECT max(n) FROM barnacle_logs) - ?"
        execute(
            f"DELETE FROM task_run_logs WHERE id IN (SELECT log FROM barnacle_logs WHERE n <= {oldest})",  # noqa: S608
            (limits.DESKTOP_RUN_LOGS,),
        )
        execute(f"DELETE FROM barnacle_logs WHERE n <= {oldest}", (limits.DESKTOP_RUN_LOGS,))  # noqa: S608
        execute(
            "DELETE FROM barnacle_run_logs WHERE id <= (SELECT max(id) FROM barnacle_run_logs) - ?",
            (limits.DESKTOP_RUN_LOGS,),
        )

    @contextmanager
    def _transaction(self) -> Any:
        """All or nothing; SQLite's refusals become JournalError."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise JournalError(
                f"the database could not be written ({error}): free storage, or stop what else uses it"
            ) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _kind_and_body(payload: bytes) -> tuple[str, Any]:
    kind, body, *_ = json.loads(payload)
    return kind, body
