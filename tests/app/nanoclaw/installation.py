"""NanoClaw installations for the tests: a database with everything right, and the folder around it."""

import hashlib
import sqlite3
from pathlib import Path

from app.host.nanoclaw.database import NanoClawDatabase

NOW = "2026-02-13T12:00:00.000Z"
OLD_SCHEMA = """
CREATE TABLE chats (jid TEXT PRIMARY KEY, name TEXT, last_message_time TEXT);
CREATE TABLE messages (id TEXT, chat_jid TEXT, sender TEXT, sender_name TEXT, content TEXT, timestamp TEXT,
  is_from_me INTEGER, PRIMARY KEY (id, chat_jid), FOREIGN KEY (chat_jid) REFERENCES chats(jid));
CREATE INDEX idx_timestamp ON messages(timestamp);
CREATE TABLE scheduled_tasks (id TEXT PRIMARY KEY, group_folder TEXT NOT NULL, chat_jid TEXT NOT NULL,
  prompt TEXT NOT NULL, schedule_type TEXT NOT NULL, schedule_value TEXT NOT NULL, next_run TEXT, last_run TEXT,
  last_result TEXT, status TEXT DEFAULT 'active', created_at TEXT NOT NULL);
CREATE INDEX idx_next_run ON scheduled_tasks(next_run);
CREATE INDEX idx_status ON scheduled_tasks(status);
CREATE TABLE task_run_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, run_at TEXT NOT NULL,
  duration_ms INTEGER NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT,
  FOREIGN KEY (task_id) REFERENCES scheduled_tasks(id));
CREATE INDEX idx_task_run_logs ON task_run_logs(task_id, run_at);
CREATE TABLE router_state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (group_folder TEXT PRIMARY KEY, session_id TEXT NOT NULL);
CREATE TABLE registered_groups (jid TEXT PRIMARY KEY, name TEXT NOT NULL, folder TEXT NOT NULL UNIQUE,
  trigger_pattern TEXT NOT NULL, added_at TEXT NOT NULL, container_config TEXT);
"""


def group(folder: str, **changes) -> dict:
    return {"name": folder.title(), "folder": folder, "trigger": "@Andy", "added_at": NOW} | changes


def task(task_id: str, **changes) -> dict:
    made = {
        "id": task_id,
        "group_folder": "family",
        "chat_jid": "fam@g.us",
        "prompt": "water the plants",
        "schedule_type": "cron",
        "schedule_value": "0 9 * * *",
        "next_run": "2026-02-14T09:00:00.000Z",
        "status": "active",
        "created_at": NOW,
    }
    return made | changes


def message(message_id: str, jid: str = "fam@g.us", **changes) -> dict:
    made = {"id": message_id, "chat_jid": jid, "sender": "1", "sender_name": "Alice", "content": "hi"}
    return made | {"timestamp": NOW, "is_from_me": False} | changes


def opened(path: Path | None) -> NanoClawDatabase:
    return NanoClawDatabase.open(path, lambda: NOW)


def make_database(path: Path) -> Path:
    """A database in which nothing is wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened(path) as database:
        database.groups.put("me@s.whatsapp.net", group("main"))
        database.groups.put("fam@g.us", group("family"))
        database.chats.saw("fam@g.us", NOW, "Family")
        database.messages.store(message("m1"))
        database.tasks.create(task("t1"))
        database.tasks.log({"task_id": "t1", "run_at": NOW, "duration_ms": 5, "status": "success"})
        database.state.put("last_timestamp", NOW)
        database.state.put("last_agent_timestamp", f'{{"fam@g.us":"{NOW}"}}')
        database.state.put_session("family", "s1")
    return path


def make_folder(path: Path) -> Path:
    """A NanoClaw folder around such a database."""
    make_database(path / "store/messages.db")
    (path / "groups/family").mkdir(parents=True)
    (path / "groups/family/CLAUDE.md").write_text("likes plants")
    (path / ".env").write_text("ANTHROPIC_API_KEY=made-up-and-never-read\n")
    return path


def execute(path: Path, *statements: str) -> None:
    """Change a database without foreign keys and other checks."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with its content's hash and its time."""
    return {
        str(path.relative_to(folder)): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
