"""What NanoClaw's tables say that the box has not heard yet, as records: all of it in a database that only NanoClaw has
used, and afterwards what NanoClaw has changed since Barnacle closed the file. NanoClaw's tables are only read.

What a box cannot hold (too many tasks, an impossible schedule) is left out: it stays where it is, and an audit event
says so.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from app.host import limits
from app.host.desktop import box_core, rows
from app.host.desktop.box_core import Refused, StatePort
from app.host.desktop.projection import Projection, text_of
from app.host.desktop.tables import KEYS
from app.host.nanoclaw import device_rules
from app.host.nanoclaw.check_cursors import HANDED_OVER, read_cursors
from app.host.nanoclaw.schema import TABLES

Row = dict[str, Any]
_STATUSES = ("active", "paused", "completed")


class Takeover:
    """`run` calls `put(kind, body)` for every record; `put` applies it to `state`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        state: StatePort,
        projection: Projection,
        put: Callable[[str, Row], None],
        now_ms: int,
    ) -> None:
        self._connection = connection
        self._state = state
        self._projection = projection
        self._put = put
        self._now_ms = now_ms
        self._count = 0

    def run(self, assistant: str | None) -> bool:
        """Take over what is new; True when there was something. `assistant`: the name to use in a new store, else
        None."""
        groups = self._changed_rows("registered_groups")
        if assistant is not None and groups:
            self._add("settings.set", self._state.settings | {"assistant": assistant})
        self._take_groups(groups)
        self._take_tasks(self._changed_rows("scheduled_tasks"))
        self._take_sessions()
        self._take_messages()
        if self._count:
            self._note("nanoclaw.taken_over", "", f"{self._count} records from NanoClaw's tables")
        return bool(self._count)

    # --- groups and tasks ---

    def _take_groups(self, changed: dict[str, Row | None]) -> None:
        left = set(changed)
        oldest_first = list(reversed(changed.items()))
        for folder, row in sorted(oldest_first, key=lambda item: item[0] != "main"):
            left.discard(folder)
            others = {f: g for f, g in self._state.groups.items() if f not in left and f != folder}
            if row is not None:
                self._take_group(folder, row, others)
            elif folder in self._state.groups and folder != "main":
                self._add("group.remove", {"folder": folder})
            self._projection.seen("registered_groups", folder)

    def _take_group(self, folder: str, row: Row, others: dict[str, Row]) -> None:
        old = self._state.groups.get(folder)
        added_ms = device_rules.utc_ms(row["added_at"]) or self._now_ms
        try:
            group = box_core.new_group(rows.group_args(row), added_ms, others, self._state.settings["assistant"])
        except Refused as refusal:
            self._leave_out(f"group {folder}", str(refusal))
            return
        self._add("group.set", group | {"paused": bool(old and old["paused"])})

    def _take_tasks(self, changed: dict[str, Row | None]) -> None:
        def rank(item: tuple[str, Row | None]) -> tuple[bool, bool]:
            return item[1] is not None, item[1] is not None and item[1]["status"] == "completed"

        for id_, row in sorted(changed.items(), key=rank):  # removals make room; what is done comes last
            if row is not None:
                self._take_task(id_, row)
            elif id_ in self._state.tasks:
                self._add("task.remove", {"id": id_, "folder": self._state.tasks[id_]["folder"]})
            self._projection.seen("scheduled_tasks", id_)

    def _take_task(self, id_: str, row: Row) -> None:
        problem = self._task_problem(row)
        if problem:
            self._leave_out(f"task {id_}", problem)
            if id_ in self._state.tasks:
                self._add("task.remove", {"id": id_, "folder": self._state.tasks[id_]["folder"]})
            return
        old = self._state.tasks.get(id_)
        self._add("task.set", rows.task_record(row) | ({"missed": old["missed"]} if old else {}))

    def _task_problem(self, row: Row) -> str:
        tasks = self._state.tasks
        if row["id"] not in tasks:
            done = sum(task["status"] == "completed" for task in tasks.values())
            if len(tasks) >= device_rules.TASKS:
                return f"a box holds {device_rules.TASKS} tasks"
            if row["status"] == "completed" and done >= limits.DESKTOP_DONE_TASKS:
                return "it is completed, and newer completed ones are kept"
        if row["group_folder"] not in self._state.groups:
            return f"there is no group {row['group_folder']}"
        if row["status"] not in _STATUSES:
            return f"its status {row['status']!r} is unknown"
        if not box_core.fits(str(row["id"]), box_core.ID_BYTES) or not box_core.fits_prompt(row["prompt"]):
            return "its id or its prompt is too long"
        return device_rules.schedule_problem(row["schedule_type"], row["schedule_value"]) or ""

    def _take_sessions(self) -> None:
        for folder, session in self._connection.execute("SELECT group_folder, session_id FROM sessions").fetchall():
            known = self._state.sessions.get(folder)
            if folder in self._state.groups and session != known and box_core.fits(str(session), box_core.ID_BYTES):
                self._add("session.set", {"folder": folder, "session": str(session)})

    # --- messages and cursors ---

    def _take_messages(self) -> None:
        changed = self._changed_rows("router_state")
        for key in changed:
            self._projection.seen("router_state", key)
        row = self._connection.execute("SELECT value FROM router_state WHERE key = ?", (HANDED_OVER,)).fetchone()
        cursors = (read_cursors(row[0]) if row else None) or {}
        for folder, group in list(self._state.groups.items()):
            handed_over = str(cursors.get(group["jid"]) or "")
            if HANDED_OVER in changed:
                self._settle(folder, handed_over)
            self._take_chat(folder, group["jid"], handed_over)

    def _settle(self, folder: str, handed_over: str) -> None:
        """NanoClaw has answered what waited here, up to a time."""
        upto = 0
        for message in self._state.pending(folder):
            if rows.iso(message["ts_ms"]) > handed_over:
                break
            upto = message["n"]
        if upto:
            self._add("cursor.set", {"folder": folder, "n": upto})

    def _take_chat(self, folder: str, jid: str, handed_over: str) -> None:
        found = self._new_messages(jid)
        settled = [row for row in found if str(row["timestamp"] or "") <= handed_over]
        waiting = [row for row in found if str(row["timestamp"] or "") > handed_over]
        kept = self._that_fit(folder, waiting)
        if len(kept) < len(waiting):
            self._leave_out(f"{len(waiting) - len(kept)} waiting messages of {folder}", "a box holds no more")
        if not self._state.pending(folder):  # else settled ones would stand behind what waits
            for row in settled + waiting[: len(waiting) - len(kept)]:
                self._add_message(folder, row)
            if self._state.next_n - 1 > self._state.cursors[folder] and len(found) > len(kept):
                self._add("cursor.set", {"folder": folder, "n": self._state.next_n - 1})
        for row in kept:
            self._add_message(folder, row)

    def _new_messages(self, jid: str) -> list[Row]:
        """The newest of a chat that are later than those the box knows, oldest first."""
        known = self._connection.execute(
            "SELECT max(timestamp) FROM barnacle_messages AS b JOIN messages AS m ON m.id = b.id"
            " AND m.chat_jid = b.chat_jid WHERE b.chat_jid = ?",
            (jid,),
        ).fetchone()[0]
        found = self._connection.execute(
            f"SELECT {', '.join(TABLES['messages'])} FROM messages WHERE chat_jid = ? AND timestamp > ?"  # noqa: S608
            " AND id IS NOT NULL"
            " ORDER BY timestamp DESC, rowid DESC LIMIT ?",
            (jid, known or "", box_core.RING_MESSAGES),
        ).fetchall()
        return [dict(row) for row in reversed(found) if box_core.fits(str(row["id"]), box_core.ID_BYTES)]

    def _that_fit(self, folder: str, waiting: list[Row]) -> list[Row]:
        """The newest of them, as many as may wait for a group and as the rings have room for."""
        room = box_core.MAILBOX_MESSAGES - len(self._state.pending(folder))
        room_bytes = box_core.RING_BYTES // 2 - self._state.unsettled_bytes()
        kept = 0
        for row in reversed(waiting):
            message = rows.message_record(row, 0, folder, self._state.settings["assistant"])
            room_bytes -= box_core.weight(message)
            if kept >= room or room_bytes < 0:
                break
            kept += 1
        return waiting[len(waiting) - kept :]

    def _add_message(self, folder: str, row: Row) -> None:
        assistant = self._state.settings["assistant"]
        message = rows.message_record(row, self._state.next_n, folder, assistant)
        self._projection.knows(row | {"n": message["n"]}, own=False)
        self._add("msg.stored", message)

    # --- inside ---

    def _changed_rows(self, table: str) -> dict[str, Row | None]:
        """By key, the newest first: NanoClaw's rows that differ from what Barnacle last saw; None for one that is
        gone."""
        key = KEYS[table]
        known = dict(self._connection.execute("SELECT key, row FROM barnacle_rows WHERE tab = ?", (table,)).fetchall())
        statement = f"SELECT {', '.join(TABLES[table])} FROM {table} ORDER BY rowid DESC"  # noqa: S608 - our own names
        found: dict[str, Row | None] = {}
        for each in self._connection.execute(statement):
            row = dict(each)
            if row[key] is not None and known.pop(row[key], None) != text_of(row):
                found[row[key]] = row
        return found | dict.fromkeys(known)

    def _add(self, kind: str, body: Row) -> None:
        self._put(kind, body)
        self._count += 1

    def _leave_out(self, what: str, why: str) -> None:
        self._note("nanoclaw.left_out", why, what)

    def _note(self, what: str, reason: str, detail: str) -> None:
        entry = {"ts_ms": self._now_ms, "what": what, "actor": "box", "folder": None, "decision": "info"}
        entry |= {"rule": "nanoclaw", "reason": box_core.cut_result(reason)}
        self._put("audit", entry | {"detail": box_core.cut_result(detail)})
