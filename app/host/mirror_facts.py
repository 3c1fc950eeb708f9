"""The fold of the box's smaller states: one row per kind and key, the newest FACTS of each kind.

kind       key              record
ask        id               ask.set
override   id               override.set; override.end takes it away
note       scope            note.set; empty text takes it away
spend      folder, day      spend.set: what is spent stays history, so no resync sweeps it
policy     ""               policy.set
witness    chain, number    witness.set: likewise
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from app.host import device_core, limits

Body = dict[str, Any]
_HISTORY = ("spend", "witness")


def _set_ask(connection: sqlite3.Connection, body: Body) -> None:
    _put(connection, "ask", _text(body["id"]), body, _text(body["folder"]), int(body["created_ms"]))


def _set_override(connection: sqlite3.Connection, body: Body) -> None:
    group = body.get("group")
    _put(connection, "override", _text(body["id"]), body, None if group is None else _text(group), int(body["end_ms"]))


def _end_override(connection: sqlite3.Connection, body: Body) -> None:
    _remove(connection, "override", _text(body["id"]))


def _set_note(connection: sqlite3.Connection, body: Body) -> None:
    scope = _text(body["scope"])
    if not _text(body["text"]):
        _remove(connection, "note", scope)
        return
    _put(connection, "note", scope, body, None if scope == "global" else scope, int(body["ts_ms"] or 0))


def _set_spend(connection: sqlite3.Connection, body: Body) -> None:
    folder = _text(body["folder"])
    _put(connection, "spend", f"{body['day']} {folder}", body, folder, 0)


def _set_policy(connection: sqlite3.Connection, body: Body) -> None:
    _put(connection, "policy", "", body, None, 0)


def _set_witness(connection: sqlite3.Connection, body: Body) -> None:
    _put(connection, "witness", f"{_text(body['chain'])} {int(body['n'])}", body, None, int(body["ts_ms"]))


def mark_stale(connection: sqlite3.Connection) -> None:
    """A transfer of the whole state begins."""
    connection.execute("UPDATE facts SET stale = 1 WHERE kind NOT IN (?, ?)", _HISTORY)


def sweep(connection: sqlite3.Connection) -> None:
    """It has ended: what it did not name is gone on the box."""
    connection.execute("DELETE FROM facts WHERE stale = 1")


def drop_group(connection: sqlite3.Connection, folder: str) -> None:
    """The group was removed, and with it its note. What it has asked and spent is history."""
    connection.execute("DELETE FROM facts WHERE folder = ? AND kind = 'note'", (folder,))


def _put(connection: sqlite3.Connection, kind: str, key: str, body: Body, folder: str | None, ts_ms: int) -> None:
    last = connection.execute("SELECT max(arrival) FROM facts WHERE kind = ?", (kind,)).fetchone()[0] or 0
    connection.execute(
        "INSERT INTO facts (kind, key, folder, body, ts_ms, arrival) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, key) DO UPDATE SET folder = excluded.folder, body = excluded.body,"
        " ts_ms = excluded.ts_ms, stale = 0",
        (kind, key, folder, device_core.dumps(body), ts_ms, last + 1),
    )
    excess = connection.execute("SELECT count(*) FROM facts WHERE kind = ?", (kind,)).fetchone()[0] - limits.FACTS
    if excess > 0:
        connection.execute(
            "DELETE FROM facts WHERE kind = ? AND key IN"
            " (SELECT key FROM facts WHERE kind = ? ORDER BY arrival LIMIT ?)",
            (kind, kind, excess),
        )


def _remove(connection: sqlite3.Connection, kind: str, key: str) -> None:
    connection.execute("DELETE FROM facts WHERE kind = ? AND key = ?", (kind, key))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


ACTIONS: dict[str, Callable[[sqlite3.Connection, Body], None]] = {
    "ask.set": _set_ask,
    "override.set": _set_override,
    "override.end": _end_override,
    "note.set": _set_note,
    "spend.set": _set_spend,
    "policy.set": _set_policy,
    "witness.set": _set_witness,
}
"""By kind of record."""
