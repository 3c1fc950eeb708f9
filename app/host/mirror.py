"""The mirror: what the box has reported, one transaction per batch, applied once however often it arrives.

The box is the source of truth. A record this program cannot read is noted in the audit table and passed over: it
must not stop everything after it.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.host import device_core, limits, mirror_facts, run_events
from app.host.database import Database
from app.host.link_store import get_applied, set_applied

Body = dict[str, Any]
_SWEPT = ("groups", "tasks", "cursors")
_UNREADABLE = (  # what a record of a wrong shape leads to; other errors are the database's own
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
)


@dataclass(frozen=True)
class Record:
    """A record of the box: its number, what it says, and the box's time of it."""

    seq: int
    kind: str
    body: Body
    ts_ms: int


class Mirror:
    """`apply_all` takes the box's records in; reads are in mirror_reads.py."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply_all(self, records: Sequence[Record], now_ms: int) -> list[bool]:
        """Store records in order, and that they are applied, in one transaction; durable on return.

        One answer per record: False when it was applied before. `now_ms` is the laptop's time. Raises sqlite3.Error:
        then none of them is stored.
        """
        return await self._database.write(lambda connection: [_apply(connection, each, now_ms) for each in records])

    async def apply(self, seq: int, kind: str, body: Body, ts_ms: int, now_ms: int) -> bool:
        """The same for a single record."""
        return (await self.apply_all([Record(seq, kind, body, ts_ms)], now_ms))[0]

    async def synced(self) -> bool:
        """Whether the box has told its whole state since the mirror was made or last distrusted."""
        return bool(await self._database.value("SELECT value FROM state WHERE name = 'synced'", default=0))

    async def distrust(self) -> None:
        """Records were lost: what the mirror says is only certain again after a full transfer."""
        await self._database.write(lambda connection: _set_state(connection, "synced", 0))

    def seen(self, now_ms: int) -> None:
        """Remember when the box was last heard of; its records do so by themselves."""
        self._database.write_later(
            lambda connection: _set_state(connection, "seen_ms", now_ms), "when the box was seen"
        )

    async def note(self, what: str, detail: str, now_ms: int, actor: str = "host") -> Body:
        """Add an audit record of the laptop's own; returns it."""
        body = _note(what, detail, now_ms) | {"actor": actor}
        await self._database.write(lambda connection: _add_audit(connection, body, "host"))
        return body


def _apply(connection: sqlite3.Connection, record: Record, now_ms: int) -> bool:
    if record.seq <= get_applied(connection):
        return False
    connection.execute("SAVEPOINT record")
    try:
        _fold(connection, record.kind, record.body)
    except _UNREADABLE as error:
        connection.execute("ROLLBACK TO record")
        problem = _note("mirror.unreadable", f"{record.kind}: {error!r}", record.ts_ms)
        _add_audit(connection, problem, "host")
    connection.execute("RELEASE record")
    set_applied(connection, record.seq)
    _set_state(connection, "seen_ms", now_ms)
    return True


def _fold(connection: sqlite3.Connection, kind: str, body: Body) -> None:
    if kind == "audit":
        _add_audit(connection, body, "box")
    elif kind in _ACTIONS:
        _ACTIONS[kind](connection, body)


def _note(what: str, detail: str, ts_ms: int) -> Body:
    return {
        "ts_ms": ts_ms,
        "what": what,
        "actor": "host",
        "folder": None,
        "decision": "info",
        "rule": "",
        "reason": "",
        "detail": detail[:500],
    }


def _set_state(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


def _prune(connection: sqlite3.Connection, table: str, bound: int) -> None:
    """Drop what is older than the newest `bound` rows of a history table, and count it."""
    sql = f"DELETE FROM {table} WHERE arrival <= (SELECT max(arrival) FROM {table}) - ?"  # noqa: S608 - our own table names
    gone = connection.execute(sql, (bound,)).rowcount
    if gone > 0:
        connection.execute(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (f"pruned.{table}", gone),
        )


def _set_settings(connection: sqlite3.Connection, body: Body) -> None:
    connection.execute("DELETE FROM settings")
    connection.executemany(
        "INSERT INTO settings VALUES (?, ?)", [(name, device_core.dumps(value)) for name, value in body.items()]
    )


def _set_group(connection: sqlite3.Connection, body: Body) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO groups (folder, body) VALUES (?, ?)", (_text(body["folder"]), device_core.dumps(body))
    )


def _remove_group(connection: sqlite3.Connection, body: Body) -> None:
    folder = _text(body["folder"])
    for table in _SWEPT:  # the box drops a group's tasks and cursor with it
        connection.execute(f"DELETE FROM {table} WHERE folder = ?", (folder,))  # noqa: S608 - our own table names
    mirror_facts.drop_group(connection, folder)


def _set_task(connection: sqlite3.Connection, body: Body) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO tasks (id, folder, status, next_ms, body) VALUES (?, ?, ?, ?, ?)",
        (_text(body["id"]), _text(body["folder"]), _text(body["status"]), body["next_ms"], device_core.dumps(body)),
    )


def _remove_task(connection: sqlite3.Connection, body: Body) -> None:
    connection.execute("DELETE FROM tasks WHERE id = ?", (_text(body["id"]),))


def _set_cursor(connection: sqlite3.Connection, body: Body) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO cursors (folder, n) VALUES (?, ?)", (_text(body["folder"]), int(body["n"]))
    )


def _add_message(connection: sqlite3.Connection, body: Body) -> None:
    values = (
        _text(body["jid"]),
        _text(body["id"]),
        int(body["n"]),
        _text(body["folder"]),
        _text(body["sender"]),
        _text(body["sender_name"]),
        _text(body["text"]),
        int(body["ts_ms"]),
        int(bool(body["from_me"])),
        body.get("run"),
    )
    connection.execute(
        "INSERT INTO messages (jid, id, n, folder, sender, sender_name, text, ts_ms, from_me, run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (jid, id) DO NOTHING",
        values,
    )
    _prune(connection, "messages", limits.MESSAGES)


def _drop_waiting(connection: sqlite3.Connection, body: Body) -> None:
    folder = _text(body["folder"])
    connection.executemany(  # the newest of that number: numbers start over when a box is reset
        "UPDATE messages SET dropped = 1 WHERE arrival ="
        " (SELECT max(arrival) FROM messages WHERE folder = ? AND n = ? AND from_me = 0)",
        [(folder, int(n)) for n in body["ns"]],
    )


def _add_reply(connection: sqlite3.Connection, body: Body) -> None:
    row = connection.execute("SELECT value FROM settings WHERE name = 'assistant'").fetchone()
    name = json.loads(row[0]) if row else ""
    _add_message(connection, {"sender": "", "sender_name": name, **body, "from_me": True})


def _set_run(connection: sqlite3.Connection, body: Body) -> None:
    id_ = _text(body["id"])
    before = connection.execute("SELECT body FROM runs WHERE id = ?", (id_,)).fetchone()
    connection.execute(
        "INSERT INTO runs (id, folder, task, state, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
        (id_, _text(body["folder"]), body["task"], _text(body["state"]), device_core.dumps(body)),
    )
    entry = run_events.event(None if before is None else json.loads(before[0]), body)
    if entry is not None:
        _add_audit(connection, entry, "box")
    _prune(connection, "runs", limits.RUNS)


def _add_audit(connection: sqlite3.Connection, body: Body, origin: str) -> None:
    names = ("what", "actor", "folder", "decision", "rule", "reason", "detail")
    texts = [_plain(body.get(name)) for name in names]
    connection.execute(
        "INSERT INTO audit (ts_ms, what, actor, folder, decision, rule, reason, detail, origin)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (int(body["ts_ms"]), *texts, origin),
    )
    _prune(connection, "audit", limits.AUDIT)


def _begin_sync(connection: sqlite3.Connection, body: Body) -> None:
    _set_state(connection, "sync_rev", int(body["rev"]))
    for table in _SWEPT:
        connection.execute(f"UPDATE {table} SET stale = 1")  # noqa: S608 - our own table names
    mirror_facts.mark_stale(connection)


def _end_sync(connection: sqlite3.Connection, body: Body) -> None:
    row = connection.execute("SELECT value FROM state WHERE name = 'sync_rev'").fetchone()
    if row is None or row[0] != int(body["rev"]):
        return  # its beginning was lost, or another transfer has begun since
    for table in _SWEPT:
        connection.execute(f"DELETE FROM {table} WHERE stale = 1")  # noqa: S608 - our own table names
    mirror_facts.sweep(connection)
    connection.execute("DELETE FROM state WHERE name = 'sync_rev'")
    _set_state(connection, "synced", 1)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _plain(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else device_core.dumps(value)


_ACTIONS: dict[str, Callable[[sqlite3.Connection, Body], None]] = {
    "settings.set": _set_settings,
    "group.set": _set_group,
    "group.remove": _remove_group,
    "task.set": _set_task,
    "task.remove": _remove_task,
    "cursor.set": _set_cursor,
    "msg.stored": _add_message,
    "msg.out": _add_reply,
    "queue.dropped": _drop_waiting,
    "run.queued": _set_run,
    "run.started": _set_run,
    "run.ended": _set_run,
    "sync.begin": _begin_sync,
    "sync.end": _end_sync,
    **mirror_facts.ACTIONS,
}
