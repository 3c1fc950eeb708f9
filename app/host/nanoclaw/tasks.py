"""Scheduled tasks and the log of their runs. Times are ISO texts and are compared as texts, as NanoClaw does."""

from collections.abc import Callable
from typing import Any, Final

from app.host.nanoclaw.binding import bound
from app.host.nanoclaw.connection import Connection, Row
from app.host.nanoclaw.schema import TABLES

_COLUMNS: Final = ", ".join(TABLES["scheduled_tasks"])
_CHANGEABLE: Final = ("prompt", "schedule_type", "schedule_value", "next_run", "status")
_LOG: Final = ("task_id", "run_at", "duration_ms", "status", "result", "error")


class Tasks:
    """Tables scheduled_tasks, task_run_logs and barnacle_run_logs."""

    def __init__(self, connection: Connection, now: Callable[[], str]) -> None:
        self._connection = connection
        self._now = now

    def create(self, task: dict[str, Any]) -> None:
        """Store a new task; its context is `isolated` unless it says otherwise. Raises RowRefused for a taken id."""
        names = [name for name in TABLES["scheduled_tasks"] if name not in ("last_run", "last_result")]
        values = bound(*(task.get(name) or "isolated" if name == "context_mode" else task.get(name) for name in names))
        marks = ", ".join("?" for _ in names)
        self._connection.run(f"INSERT INTO scheduled_tasks ({', '.join(names)}) VALUES ({marks})", values)  # noqa: S608

    def get(self, task_id: Any) -> Row | None:
        """One task."""
        return self._connection.one(f"SELECT {_COLUMNS} FROM scheduled_tasks WHERE id = ?", bound(task_id))  # noqa: S608

    def of_group(self, folder: Any) -> list[Row]:
        """A group's tasks, the newest first."""
        return self._connection.all(
            f"SELECT {_COLUMNS} FROM scheduled_tasks WHERE group_folder = ? ORDER BY created_at DESC",  # noqa: S608
            bound(folder),
        )

    def all(self) -> list[Row]:
        """All tasks, the newest first."""
        return self._connection.all(f"SELECT {_COLUMNS} FROM scheduled_tasks ORDER BY created_at DESC")  # noqa: S608

    def due(self) -> list[Row]:
        """Active tasks whose next run is not later than now, in its order."""
        return self._connection.all(
            f"SELECT {_COLUMNS} FROM scheduled_tasks WHERE status = 'active' AND next_run IS NOT NULL"  # noqa: S608
            " AND next_run <= ? ORDER BY next_run",
            (self._now(),),
        )

    def change(self, task_id: Any, changes: dict[str, Any]) -> None:
        """Set what `changes` names of prompt, schedule, next run and status; nothing named, nothing done."""
        named = [name for name in _CHANGEABLE if name in changes]
        if named:
            assignments = ", ".join(f"{name} = ?" for name in named)
            values = bound(*(changes[name] for name in named), task_id)
            self._connection.run(f"UPDATE scheduled_tasks SET {assignments} WHERE id = ?", values)  # noqa: S608

    def ran(self, task_id: Any, next_run: Any, result: Any) -> None:
        """A run ended now: note its result; a task without a next run is completed."""
        self._connection.run(
            "UPDATE scheduled_tasks SET next_run = ?, last_run = ?, last_result = ?,"
            " status = CASE WHEN ? IS NULL THEN 'completed' ELSE status END WHERE id = ?",
            bound(next_run, self._now(), result, next_run, task_id),
        )

    def delete(self, task_id: Any) -> None:
        """Forget a task and the log of its runs."""
        with self._connection.transaction():
            self._connection.run("DELETE FROM task_run_logs WHERE task_id = ?", bound(task_id))
            self._connection.run("DELETE FROM scheduled_tasks WHERE id = ?", bound(task_id))

    def log(self, run: dict[str, Any]) -> None:
        """Log a run {task_id, run_at, duration_ms, status, result, error}. One of a task that was deleted meanwhile is
        kept too, in barnacle_run_logs (NanoClaw fails there)."""
        values = bound(*(run.get(name) for name in _LOG))
        with self._connection.transaction():
            known = self._connection.one("SELECT 1 FROM scheduled_tasks WHERE id = ?", values[:1])
            table = "task_run_logs" if known else "barnacle_run_logs"
            self._connection.run(
                f"INSERT INTO {table} ({', '.join(_LOG)}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - one of two names
                values,
            )

    def orphan_runs(self) -> list[Row]:
        """Runs of tasks that were deleted before they ended, oldest first."""
        return self._connection.all(f"SELECT {', '.join(_LOG)} FROM barnacle_run_logs ORDER BY id")  # noqa: S608
