"""The mirror: what the box has reported, one transaction per record, applied once however often it arrives.

The box is the source of truth. A record this program cannot read is noted in the audit table and passed over: it
must not stop everything after it.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiosqlite

from app.host import device_core, limits
from app.host.database import Database
from app.host.link_store import get_applied, set_applied

Body = dict[str, Any]
_SWEPT = ("groups", "tasks", "cursors")


class Mirror:
    """`apply` takes the box's records in; reads are in mirror_reads.py."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, seq: int, kind: str, body: Body, ts_ms: int, now_ms: int) -> bool:
        """Store record `seq` and that it is applied, in one transaction; durable on return. False: it was already.

        `ts_ms` is the box's time of the record, `now_ms` the laptop's.
        """
        try:
            return await self._apply(seq, kind, body, now_ms)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = _note("mirror.unreadable", f"{kind}: {error!r}", ts_ms)
            return await self._apply(seq, "audit", problem, now_ms, origin="host")

    async def synced(self) -> bool:
        """Whether the box has told its whole state since the mirror was made or last distrusted."""
        return bool(await self._database.value("SELECT value FROM state WHERE name = 'synced'", default=0))

    async def distrust(self) -> None:
        """Records were lost: what the mirror says is only certain again after a full transfer."""
        async with self._database.transaction() as transaction:
            await _set_state(transaction, "synced", 0)

    async def note(self, what: str, detail: str, now_ms: int, actor: str = "host") -> Body:
        """Add an audit record of the laptop's own; returns it."""
        body = _note(what, detail, now_ms) | {"actor": actor}
        async with self._database.transaction() as transaction:
            await _add_audit(transaction, body, "host")
        return body

    async def _apply(self, seq: int, kind: str, body: Body, now_ms: int, origin: str = "box") -> bool:
        async with self._database.transaction() as transaction:
            if seq <= await get_applied(transaction):
                return False
            if kind == "audit":
                await _add_audit(transaction, body, origin)
            else:
                action = _ACTIONS.get(kind)
                if action:
                    await action(transaction, body)
            await set_applied(transaction, seq)
            await _set_state(transaction, "seen_ms", now_ms)
            return True


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


async def _set_state(transaction: aiosqlite.Connection, name: str, value: int) -> None:
    await transaction.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


async def _prune(transaction: aiosqlite.Connection, table: str, bound: int) -> None:
    """Drop what is older than the newest `bound` rows of a history table, and count it."""
    sql = f"DELETE FROM {table} WHERE arrival <= (SELECT max(arrival) FROM {table}) - ?"  # noqa: S608 - our own table names
    async with transaction.execute(sql, (bound,)) as cursor:
        gone = cursor.rowcount
    if gone > 0:
        await transaction.execute(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (f"pruned.{table}", gone),
        )


async def _set_settings(transaction: aiosqlite.Connection, body: Body) -> None:
    await transaction.execute("DELETE FROM settings")
    await transaction.executemany(
        "INSERT INTO settings VALUES (?, ?)", [(name, device_core.dumps(value)) for name, value in body.items()]
    )


async def _set_group(transaction: aiosqlite.Connection, body: Body) -> None:
    await transaction.execute(
        "INSERT OR REPLACE INTO groups (folder, body) VALUES (?, ?)", (_text(body["folder"]), device_core.dumps(body))
    )


async def _remove_group(transaction: aiosqlite.Connection, body: Body) -> None:
    folder = _text(body["folder"])
    for table in _SWEPT:  # the box drops a group's tasks and cursor with it
        await transaction.execute(f"DELETE FROM {table} WHERE folder = ?", (folder,))  # noqa: S608 - our own table names


async def _set_task(transaction: aiosqlite.Connection, body: Body) -> None:
    await transaction.execute(
        "INSERT OR REPLACE INTO tasks (id, folder, status, next_ms, body) VALUES (?, ?, ?, ?, ?)",
        (_text(body["id"]), _text(body["folder"]), _text(body["status"]), body["next_ms"], device_core.dumps(body)),
    )


async def _remove_task(transaction: aiosqlite.Connection, body: Body) -> None:
    await transaction.execute("DELETE FROM tasks WHERE id = ?", (_text(body["id"]),))


async def _set_cursor(transaction: aiosqlite.Connection, body: Body) -> None:
    await transaction.execute(
        "INSERT OR REPLACE INTO cursors (folder, n) VALUES (?, ?)", (_text(body["folder"]), int(body["n"]))
    )


async def _add_message(transaction: aiosqlite.Connection, body: Body) -> None:
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
    await transaction.execute(
        "INSERT INTO messages (jid, id, n, folder, sender, sender_name, text, ts_ms, from_me, run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (jid, id) DO NOTHING",
        values,
    )
    await _prune(transaction, "messages", limits.MESSAGES)


async def _add_reply(transaction: aiosqlite.Connection, body: Body) -> None:
    async with transaction.execute("SELECT value FROM settings WHERE name = 'assistant'") as cursor:
        row = await cursor.fetchone()
    name = json.loads(row[0]) if row else ""
    await _add_message(transaction, {"sender": "", "sender_name": name, **body, "from_me": True})


async def _set_run(transaction: aiosqlite.Connection, body: Body) -> None:
    await transaction.execute(
        "INSERT INTO runs (id, folder, task, state, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
        (_text(body["id"]), _text(body["folder"]), body["task"], _text(body["state"]), device_core.dumps(body)),
    )
    await _prune(transaction, "runs", limits.RUNS)


async def _add_audit(transaction: aiosqlite.Connection, body: Body, origin: str) -> None:
    names = ("what", "actor", "folder", "decision", "rule", "reason", "detail")
    texts = [_plain(body.get(name)) for name in names]
    await transaction.execute(
        "INSERT INTO audit (ts_ms, what, actor, folder, decision, rule, reason, detail, origin)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (int(body["ts_ms"]), *texts, origin),
    )
    await _prune(transaction, "audit", limits.AUDIT)


async def _begin_sync(transaction: aiosqlite.Connection, body: Body) -> None:
    await _set_state(transaction, "sync_rev", int(body["rev"]))
    for table in _SWEPT:
        await transaction.execute(f"UPDATE {table} SET stale = 1")  # noqa: S608 - our own table names


async def _end_sync(transaction: aiosqlite.Connection, body: Body) -> None:
    async with transaction.execute("SELECT value FROM state WHERE name = 'sync_rev'") as cursor:
        row = await cursor.fetchone()
    if row is None or row[0] != int(body["rev"]):
        return  # its beginning was lost, or another transfer has begun since
    for table in _SWEPT:
        await transaction.execute(f"DELETE FROM {table} WHERE stale = 1")  # noqa: S608 - our own table names
    await transaction.execute("DELETE FROM state WHERE name = 'sync_rev'")
    await _set_state(transaction, "synced", 1)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _plain(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else device_core.dumps(value)


_ACTIONS: dict[str, Callable[[aiosqlite.Connection, Body], Awaitable[None]]] = {
    "settings.set": _set_settings,
    "group.set": _set_group,
    "group.remove": _remove_group,
    "task.set": _set_task,
    "task.remove": _remove_task,
    "cursor.set": _set_cursor,
    "msg.stored": _add_message,
    "msg.out": _add_reply,
    "run.queued": _set_run,
    "run.started": _set_run,
    "run.ended": _set_run,
    "sync.begin": _begin_sync,
    "sync.end": _end_sync,
}
