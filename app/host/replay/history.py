"""What the mirror remembers of a stretch of time: rows for a bundle, and a timeline that can be replayed."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from app.host.limits import INCIDENT_ROWS
from app.host.replay.builder import TimelineBuilder
from app.host.replay.timeline import Timeline

Row = dict[str, Any]
READ_TIMEOUT_S = 5
_MESSAGE = ("n", "id", "jid", "folder", "sender", "sender_name", "text", "ts_ms", "from_me", "run")
_AUDIT = ("ts_ms", "what", "actor", "folder", "decision", "rule", "reason", "detail", "origin")
AUDIT_LATE_MS = 100
_BEFORE = 40  # messages per group that may still wait for the agent when the stretch begins


class History:
    """The mirror from `since_ms` to now, read once: `messages`, `runs`, `audit`, `groups`, `tasks`, `settings`."""

    def __init__(self, mirror: Path, since_ms: int) -> None:
        self.since_ms = since_ms
        with closing(sqlite3.connect(f"file:{mirror}?mode=ro", uri=True, timeout=READ_TIMEOUT_S)) as database:
            names = ", ".join(_MESSAGE)
            self.messages = _rows(database, _MESSAGE, f"SELECT {names} FROM messages WHERE ts_ms >= ?", since_ms)  # noqa: S608 - our own names
            self._before = _rows(database, _MESSAGE, f"SELECT {names} FROM messages WHERE ts_ms < ?", since_ms)  # noqa: S608 - our own names
            names = ", ".join(_AUDIT)
            self.audit = _rows(database, _AUDIT, f"SELECT {names} FROM audit WHERE ts_ms >= ?", since_ms)  # noqa: S608 - our own names
            runs = _bodies(database, "SELECT body FROM runs ORDER BY arrival")
            self.groups = _bodies(database, "SELECT body FROM groups ORDER BY folder")
            self.tasks = _bodies(database, "SELECT body FROM tasks ORDER BY id")
            self.settings: Row = {
                name: json.loads(value) for name, value in database.execute("SELECT name, value FROM settings")
            }
        for message in [*self.messages, *self._before]:
            message["from_me"] = bool(message["from_me"])
        self.runs = [run for run in runs if (run["ended_ms"] or run["queued_ms"]) >= since_ms]
        self._runs_before = [run for run in runs if (run["ended_ms"] or run["queued_ms"]) < since_ms]

    def timeline(self, end_ms: int) -> Timeline | None:
        """The stretch as a timeline; None when the box has never told its settings."""
        if not self.settings:
            return None
        builder = TimelineBuilder("from the mirror", self.since_ms, dict(self.settings))
        cursors = self._cursors()
        waiting = [m for m in self._before if not m["from_me"] and m["n"] > cursors.get(m["folder"], 0)]
        groups = [group for group in self.groups if group["added_ms"] < self.since_ms]
        known = {group["folder"] for group in groups}
        tasks = [self._as_before(task) for task in self.tasks if task["created_ms"] < self.since_ms]
        builder.begin(groups, tasks, [m for m in waiting if m["folder"] in known], cursors)
        for place, kind, body in sorted(self._records(), key=lambda record: record[0]):
            builder.take(kind, body, place[0])
        return builder.finish(end_ms, self.groups, self.tasks)

    def _records(self) -> list[tuple[tuple[int, int, int, int], str, Row]]:
        """(place, kind, body): what a command made comes right after its audit."""
        found: list[tuple[tuple[int, int, int, int], str, Row]] = []
        for message in self.messages:
            kind = "msg.out" if message["from_me"] else "msg.stored"
            found.append(((message["ts_ms"], 0, 0, 0), kind, message))
        for run in self.runs:
            if run["started_ms"] is not None:
                found.append(((run["started_ms"], 2, 0, 0), "run.started", {**run, "state": "running"}))
            if run["ended_ms"] is not None:
                found.append(((run["ended_ms"], 3, 0, 0), "run.ended", run))
        made = {
            "task.add": [task for task in self.tasks if task["created_ms"] >= self.since_ms],
            "group.add": [group for group in self.groups if group["added_ms"] >= self.since_ms],
        }
        for index, record in enumerate(self.audit):
            place = (record["ts_ms"], 1, index)
            found.append(((*place, 0), "audit", record))
            row = _take_made(made.get(record["what"], []), record)
            if row is not None:
                found.append(((*place, 1), "group.set" if record["what"] == "group.add" else "task.set", row))
        return found

    def _cursors(self) -> dict[str, int]:
        """How far each group had been handed over when the stretch began."""
        cursors = {group["folder"]: 0 for group in self.groups}
        for run in self._runs_before:
            if run["kind"] == "messages" and (run["state"] == "done" or run["result"] is not None):
                cursors[run["folder"]] = max(cursors.get(run["folder"], 0), run["upto"] or 0)
        for folder in cursors:
            older = [m["n"] for m in self._before if m["folder"] == folder and not m["from_me"]]
            if len(older) > _BEFORE:
                cursors[folder] = max(cursors[folder], sorted(older)[-_BEFORE - 1])
        return cursors

    def _as_before(self, task: Row) -> Row:
        """A task as it was before its first run of the stretch."""
        due = [run["due_ms"] for run in self.runs if run["task"] == task["id"] and run["due_ms"] is not None]
        if not due:
            return task
        return {**task, "next_ms": min(due), "status": "active"}


def _take_made(rows: list[Row], record: Row) -> Row | None:
    """The row that the command of this audit record made; it is taken out of `rows`."""
    if record["decision"] != "allow":
        return None
    for row in rows:
        late_ms = record["ts_ms"] - row.get("created_ms", row.get("added_ms", 0))
        schedule = f"kind={row['kind']} value={row['value']}" if "kind" in row else ""
        if 0 <= late_ms <= AUDIT_LATE_MS and row["folder"] == record["folder"] and schedule in record["detail"]:
            rows.remove(row)
            return row
    return None


def _rows(database: sqlite3.Connection, names: tuple[str, ...], sql: str, since_ms: int) -> list[Row]:
    cursor = database.execute(f"{sql} ORDER BY arrival DESC LIMIT ?", (since_ms, INCIDENT_ROWS))
    return [dict(zip(names, row, strict=True)) for row in reversed(cursor.fetchall())]


def _bodies(database: sqlite3.Connection, sql: str) -> list[Row]:
    return [json.loads(row[0]) for row in database.execute(sql)][-INCIDENT_ROWS:]
