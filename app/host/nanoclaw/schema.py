"""The tables of NanoClaw's store/messages.db, and how a file of any of its versions is brought to this shape.

A file stays one that NanoClaw opens: its seven tables keep their columns, keys and indices; columns of newer versions
are left alone; what Barnacle keeps besides goes to tables whose names begin with "barnacle_".
"""

import sqlite3
from typing import Final

TABLES: Final = {
    "chats": ("jid", "name", "last_message_time"),
    "messages": ("id", "chat_jid", "sender", "sender_name", "content", "timestamp", "is_from_me"),
    "scheduled_tasks": (
        "id",
        "group_folder",
        "chat_jid",
        "prompt",
        "schedule_type",
        "schedule_value",
        "next_run",
        "last_run",
        "last_result",
        "status",
        "created_at",
        "context_mode",
    ),
    "task_run_logs": ("id", "task_id", "run_at", "duration_ms", "status", "result", "error"),
    "router_state": ("key", "value"),
    "sessions": ("group_folder", "session_id"),
    "registered_groups": (
        "jid",
        "name",
        "folder",
        "trigger_pattern",
        "added_at",
        "container_config",
        "requires_trigger",
    ),
}
"""NanoClaw's tables and the columns that this version of it has, in order."""

ADDED_LATER: Final = {
    ("scheduled_tasks", "context_mode"): "TEXT DEFAULT 'isolated'",
    ("registered_groups", "requires_trigger"): "INTEGER DEFAULT 1",
}
"""Columns that older files lack; NanoClaw adds them itself when it opens such a file."""

REFERENCES: Final = {"messages": ("chat_jid", "chats", "jid"), "task_run_logs": ("task_id", "scheduled_tasks", "id")}
"""table -> its column, the table and the column that it points to."""

UNIQUE: Final = {
    "chats": (("jid",),),
    "messages": (("id", "chat_jid"),),
    "scheduled_tasks": (("id",),),
    "task_run_logs": (("id",),),
    "router_state": (("key",),),
    "sessions": (("group_folder",),),
    "registered_groups": (("jid",), ("folder",)),
}
"""table -> the sets of columns that name a row."""

OWN_PREFIX: Final = "barnacle_"

_STATEMENTS: Final = (
    "CREATE TABLE IF NOT EXISTS chats (jid TEXT PRIMARY KEY, name TEXT, last_message_time TEXT)",
    "CREATE TABLE IF NOT EXISTS messages (id TEXT, chat_jid TEXT, sender TEXT, sender_name TEXT, content TEXT,"
    " timestamp TEXT, is_from_me INTEGER, PRIMARY KEY (id, chat_jid), FOREIGN KEY (chat_jid) REFERENCES chats(jid))",
    "CREATE INDEX IF NOT EXISTS idx_timestamp ON messages(timestamp)",
    "CREATE TABLE IF NOT EXISTS scheduled_tasks (id TEXT PRIMARY KEY, group_folder TEXT NOT NULL,"
    " chat_jid TEXT NOT NULL, prompt TEXT NOT NULL, schedule_type TEXT NOT NULL, schedule_value TEXT NOT NULL,"
    " next_run TEXT, last_run TEXT, last_result TEXT, status TEXT DEFAULT 'active', created_at TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS idx_next_run ON scheduled_tasks(next_run)",
    "CREATE INDEX IF NOT EXISTS idx_status ON scheduled_tasks(status)",
    "CREATE TABLE IF NOT EXISTS task_run_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL,"
    " run_at TEXT NOT NULL, duration_ms INTEGER NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT,"
    " FOREIGN KEY (task_id) REFERENCES scheduled_tasks(id))",
    "CREATE INDEX IF NOT EXISTS idx_task_run_logs ON task_run_logs(task_id, run_at)",
    "CREATE TABLE IF NOT EXISTS router_state (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sessions (group_folder TEXT PRIMARY KEY, session_id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS registered_groups (jid TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " folder TEXT NOT NULL UNIQUE, trigger_pattern TEXT NOT NULL, added_at TEXT NOT NULL, container_config TEXT,"
    " requires_trigger INTEGER DEFAULT 1)",
    # Runs of tasks that were deleted while they ran: NanoClaw's own log cannot hold them (foreign key).
    "CREATE TABLE IF NOT EXISTS barnacle_run_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL,"
    " run_at TEXT NOT NULL, duration_ms INTEGER NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT)",
)


def prepare(connection: sqlite3.Connection) -> None:
    """Make what is missing of the tables, indices and later columns, in one transaction; existing rows stay."""
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _STATEMENTS:
            connection.execute(statement)
        for (table, column), declaration in ADDED_LATER.items():
            if column not in columns(connection, table):
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declaration}")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The column names of a table in order; empty when there is no such table."""
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
