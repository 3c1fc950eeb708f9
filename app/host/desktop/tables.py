"""Barnacle's own tables beside NanoClaw's in the desktop host's database, and how that file is opened.

barnacle_records   the store's journal: one row per record, in order; a snapshot replaces them all
barnacle_rows      NanoClaw's rows of groups, tasks and cursors as they were when Barnacle last wrote or read them: a
                   row that differs was changed by NanoClaw since
barnacle_messages  which of NanoClaw's messages Barnacle knows; `own`: Barnacle wrote it
barnacle_logs      which entries of NanoClaw's task_run_logs Barnacle wrote, by run
barnacle_meta      small facts by name
"""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from app.errors import ProblemError
from app.host import limits
from app.host.nanoclaw import schema

Row = dict[str, Any]
UNTOLD: Final = "untold"
"""Fact: 1 while the laptop's mirror has not heard of what was taken over from NanoClaw."""
SKIPPED: Final = "skipped"
"""Fact: how many records NanoClaw's tables could not take."""
KEYS: Final = {"registered_groups": "folder", "scheduled_tasks": "id", "router_state": "key"}
"""The tables whose rows are compared, and the column that names one."""

_STATEMENTS: Final = (
    "CREATE TABLE IF NOT EXISTS barnacle_records (n INTEGER PRIMARY KEY, payload BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS barnacle_rows (tab TEXT, key TEXT, row TEXT NOT NULL, PRIMARY KEY (tab, key))",
    "CREATE TABLE IF NOT EXISTS barnacle_messages (n INTEGER PRIMARY KEY, id TEXT, chat_jid TEXT, own INTEGER)",
    "CREATE INDEX IF NOT EXISTS barnacle_message_ids ON barnacle_messages (chat_jid, id)",
    "CREATE TABLE IF NOT EXISTS barnacle_logs (n INTEGER PRIMARY KEY, run TEXT UNIQUE, log INTEGER)",
    "CREATE TABLE IF NOT EXISTS barnacle_meta (name TEXT PRIMARY KEY, value)",
)


class DatabaseProblem(ProblemError):  # noqa: N818 - says what it is
    """The desktop host's database cannot be used as it is."""


def opened(path: Path) -> sqlite3.Connection:
    """The database at `path`, made when missing, with NanoClaw's tables and Barnacle's; nothing of NanoClaw's is
    changed beyond what NanoClaw itself adds to an older file. Raises DatabaseProblem."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=limits.DESKTOP_LOCK_S)
        connection.row_factory = sqlite3.Row
        _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        schema.prepare(connection)
        for statement in _STATEMENTS:
            connection.execute(statement)
    except (sqlite3.Error, OSError) as error:
        remedy = "stop the program that uses it, or name another file: database under [box] in config.toml"
        raise DatabaseProblem(f"the database {path} cannot be opened: {error}", remedy) from error
    return connection


def claimed(path: Path) -> int:
    """A handle whose closing, or this process's end, lets others have the file. Raises DatabaseProblem while another
    Barnacle has it: two boxes must not share one store. The folder is what is locked: SQLite's own locks are on the
    file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DatabaseProblem(f"the database {path} cannot be opened: {error}", "name another file") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise DatabaseProblem(
            f"another Barnacle uses a database in {path.parent}", "stop it there: barnacle down, with its own home"
        ) from error
    return handle


def closed(connection: sqlite3.Connection) -> None:
    """Close it so that the one file holds everything, as NanoClaw leaves it."""
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:  # somebody reads it: the write-ahead log stays beside it
        print(f"barnacle: the database keeps its write-ahead log: {error}")
    connection.close()


def fact(connection: sqlite3.Connection, name: str) -> int:
    """A number from barnacle_meta; 0 when it is not there."""
    row = connection.execute("SELECT value FROM barnacle_meta WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def set_fact(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Keep a number in barnacle_meta."""
    connection.execute("INSERT OR REPLACE INTO barnacle_meta VALUES (?, ?)", (name, value))


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if found and not found & {"registered_groups", "messages", "barnacle_records"}:
        raise DatabaseProblem(
            f"{path} is a database of another program",
            "name NanoClaw's store/messages.db, or a file that does not exist",
        )
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DatabaseProblem(f"the database {path} is damaged: {verdict}", "restore it from a copy")
