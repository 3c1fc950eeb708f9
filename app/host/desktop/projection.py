"""Writes what the store's records mean into NanoClaw's tables, in the transaction that stores the records.

Only what a record changes is written: columns, rows and tables that Barnacle has nothing to say about stay as they are.
"""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from app.host.desktop import rows
from app.host.desktop.box_core import StatePort
from app.host.desktop.tables import KEYS, SKIPPED, UNTOLD, fact, set_fact
from app.host.nanoclaw.check_cursors import HANDED_OVER, SEEN, read_cursors
from app.host.nanoclaw.schema import TABLES

Row = dict[str, Any]
_ENDED = ("done", "failed", "interrupted")
_CANNOT_TAKE = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
)


class Projection:
    """`state`: the box's state as of the records so far; `take` moves it on."""

    def __init__(self, connection: sqlite3.Connection, state: StatePort) -> None:
        self._connection = connection
        self._state = state
        self._actions: dict[str, Callable[[Row], None]] = {
            "group.set": self._set_group,
            "group.remove": self._remove_group,
            "task.set": self._set_task,
            "task.remove": self._remove_task,
            "msg.stored": self._store_message,
            "msg.out": self._store_reply,
            "run.ended": self._log_run,
            "session.set": self._set_session,
            "sync.end": self._told,
        }

    def take(self, kind: str, body: Row) -> None:
        """Write a record into NanoClaw's tables and apply it to the state. What those tables cannot take (a chat of a
        row that the box left out) is counted, told and passed over: it must not stop what follows."""
        cursor_moves = self._moves_cursor(kind, body)
        action = self._actions.get(kind)
        if action is not None:
            self._attempt(kind, lambda: action(body))
        self._state.apply(kind, body)
        if cursor_moves:
            self._attempt(kind, lambda: self._set_cursor(body["folder"]))

    def _attempt(self, kind: str, work: Callable[[], None]) -> None:
        self._connection.execute("SAVEPOINT projection")
        try:
            work()
        except _CANNOT_TAKE as error:
            self._connection.execute("ROLLBACK TO projection")
            set_fact(self._connection, SKIPPED, fact(self._connection, SKIPPED) + 1)
            print(f"barnacle: NanoClaw's tables do not take a {kind}: {error!r}", flush=True)
        self._connection.execute("RELEASE projection")

    def seen(self, table: str, key: str) -> None:
        """Remember a row of NanoClaw's as it is now (or that it is gone)."""
        row = self._row(table, key)
        if row is None:
            self._connection.execute("DELETE FROM barnacle_rows WHERE tab = ? AND key = ?", (table, key))
        else:
            self._connection.execute(
                "INSERT OR REPLACE INTO barnacle_rows VALUES (?, ?, ?)", (table, key, text_of(row))
            )

    def knows(self, message: Row, own: bool) -> None:
        """Remember that a row of NanoClaw's messages is message `n` of the box."""
        values = (message["n"], message["id"], message["chat_jid"], 1 if own else 0)
        self._connection.execute("INSERT OR REPLACE INTO barnacle_messages VALUES (?, ?, ?, ?)", values)

    # --- groups and tasks ---

    def _set_group(self, group: Row) -> None:
        old = self._state.groups.get(group["folder"])
        self._write("registered_groups", rows.group_row(group), rows.group_row(old) if old else None)

    def _remove_group(self, body: Row) -> None:
        for id_ in [task["id"] for task in self._state.tasks.values() if task["folder"] == body["folder"]]:
            self._delete_task(id_)
        self._connection.execute("DELETE FROM registered_groups WHERE folder = ?", (body["folder"],))
        self.seen("registered_groups", body["folder"])

    def _set_session(self, body: Row) -> None:
        values = (body["folder"], body["session"])
        self._connection.execute("INSERT OR REPLACE INTO sessions (group_folder, session_id) VALUES (?, ?)", values)

    def _set_task(self, task: Row) -> None:
        old = self._state.tasks.get(task["id"])
        self._write("scheduled_tasks", rows.task_row(task), rows.task_row(old) if old else None)

    def _remove_task(self, body: Row) -> None:
        self._delete_task(body["id"])

    def _delete_task(self, id_: str) -> None:
        self._connection.execute("DELETE FROM task_run_logs WHERE task_id = ?", (id_,))
        self._connection.execute("DELETE FROM scheduled_tasks WHERE id = ?", (id_,))
        self.seen("scheduled_tasks", id_)

    def _write(self, table: str, row: Row, old: Row | None) -> None:
        """Change what differs from `old` in the row of the same key; insert the row when it is not there."""
        key = KEYS[table]
        changed = {name: value for name, value in row.items() if old is None or old[name] != value}
        if changed and not self._update(table, key, row[key], changed):
            marks = ", ".join("?" for _ in row)
            self._connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - our own names
                tuple(row.values()),
            )
        self.seen(table, row[key])

    def _update(self, table: str, key: str, name: str, changed: Row) -> int:
        assignments = ", ".join(f"{column} = ?" for column in changed)
        statement = f"UPDATE {table} SET {assignments} WHERE {key} = ?"  # noqa: S608 - our own names
        return self._connection.execute(statement, (*changed.values(), name)).rowcount

    def _row(self, table: str, key: str) -> Row | None:
        statement = f"SELECT {', '.join(TABLES[table])} FROM {table} WHERE {KEYS[table]} = ?"  # noqa: S608
        row = self._connection.execute(statement, (key,)).fetchone()
        return dict(row) if row else None

    # --- messages ---

    def _store_message(self, body: Row) -> None:
        if body["folder"] not in self._state.groups or self._has(body):
            return
        self._write_message(body)
        if not body["from_me"]:
            self._see(rows.iso(body["ts_ms"]))

    def _store_reply(self, body: Row) -> None:
        if body["folder"] not in self._state.groups or self._has(body):
            return
        assistant = self._state.settings["assistant"]
        self._write_message(body | {"sender": "", "sender_name": assistant, "from_me": True})

    def _has(self, body: Row) -> bool:
        """A full transfer to the laptop repeats the records of what the box has."""
        return any(message["n"] == body["n"] for message in self._state.rings.get(body["folder"], ()))

    def _write_message(self, body: Row) -> None:
        group = self._state.groups[body["folder"]]
        row = rows.message_row(body, group["jid"], self._state.settings["assistant"])
        self._connection.execute(
            "INSERT INTO chats (jid, name, last_message_time) VALUES (?, ?, ?) ON CONFLICT (jid) DO UPDATE SET"
            " last_message_time = MAX(last_message_time, excluded.last_message_time)",
            (row["chat_jid"], group["name"], row["timestamp"]),
        )
        written = self._connection.execute(
            f"INSERT OR IGNORE INTO messages ({', '.join(row)}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            tuple(row.values()),
        ).rowcount
        self.knows(row | {"n": body["n"]}, own=bool(written))

    # --- cursors ---

    def _see(self, timestamp: str) -> None:
        row = self._row("router_state", SEEN)
        if row is None or row["value"] < timestamp:
            self._put_state(SEEN, timestamp)

    def _moves_cursor(self, kind: str, body: Row) -> bool:
        if kind == "msg.stored":
            return not body["from_me"] and body["folder"] in self._state.groups and not self._has(body)
        return kind == "cursor.set" and body["n"] > self._state.cursors.get(body["folder"], body["n"])

    def _set_cursor(self, folder: str) -> None:
        """NanoClaw's cursor is a time: the latest of a settled message, but never at or past one that still waits."""
        jid = self._state.groups[folder]["jid"]
        row = self._row("router_state", HANDED_OVER)
        cursors = (read_cursors(row["value"]) if row else None) or {}
        cursor = self._state.cursors[folder]
        received = [m for m in self._state.rings[folder] if not m["from_me"] and m["ts_ms"] > 0]
        waiting = min((m["ts_ms"] for m in received if m["n"] > cursor), default=None)
        settled = [rows.iso(m["ts_ms"]) for m in received if m["n"] <= cursor] + [str(cursors.get(jid) or "")]
        bound = None if waiting is None else rows.iso(waiting)
        time = max((each for each in settled if bound is None or each < bound), default="")
        if not time and waiting is not None and any(settled):
            time = rows.iso(waiting - 1)  # never back to the beginning of the chat
        if time != (cursors.get(jid) or ""):
            self._put_state(HANDED_OVER, text_of(cursors | {jid: time}))

    def _put_state(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO router_state VALUES (?, ?)", (key, value))
        self.seen("router_state", key)

    # --- runs ---

    def _log_run(self, run: Row) -> None:
        if run["kind"] != "task" or run["state"] not in _ENDED or run["started_ms"] is None:
            return
        if self._connection.execute("SELECT 1 FROM barnacle_logs WHERE run = ?", (run["id"],)).fetchone():
            return
        row = rows.log_row(run)
        known = self._row("scheduled_tasks", run["task"]) is not None
        table = "task_run_logs" if known else "barnacle_run_logs"
        entry = self._connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - one of two names
            tuple(row.values()),
        ).lastrowid
        log = entry if known else None
        self._connection.execute("INSERT INTO barnacle_logs (run, log) VALUES (?, ?)", (run["id"], log))

    def _told(self, _body: Row) -> None:
        if fact(self._connection, UNTOLD):
            set_fact(self._connection, UNTOLD, 0)


def text_of(value: Any) -> str:
    """Compact JSON, UTF-8 as it is, keys in their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=repr)
