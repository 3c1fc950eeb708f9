"""NanoClaw database files for tests, and what is in them, written and read without Barnacle's code."""

import json
import sqlite3

from app.host.nanoclaw.schema import TABLES, prepare
from app.host.paths import REPOSITORY

GOLDEN = REPOSITORY / "tests" / "golden"
NOW_MS = 1_771_000_000_000


def golden_cases(name="db"):
    return json.loads((GOLDEN / f"{name}.json").read_text())["cases"]


def write(path, tables):
    """A database as NanoClaw would have left it: `tables` {table: [row]}."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = sqlite3.connect(path, isolation_level=None)
    prepare(raw)
    raw.execute("DROP TABLE barnacle_run_logs")
    raw.execute("BEGIN")
    for table in TABLES:  # chats come before messages, tasks before their logs
        for row in tables.get(table, []):
            raw.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})", tuple(row.values())
            )
    raw.execute("COMMIT")
    raw.close()
    return path


def read(path):
    """{table: [row]} of NanoClaw's tables; fails unless the file is sound and holds nothing strange."""
    raw = sqlite3.connect(path)
    raw.row_factory = sqlite3.Row
    assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    found = {t: [dict(row) for row in raw.execute(f"SELECT * FROM {t} ORDER BY rowid")] for t in TABLES}
    raw.close()
    return found


def schema_of(path):
    """What defines NanoClaw's part of the file; Barnacle's own tables are left out."""
    raw = sqlite3.connect(path)
    found = {
        row[0]: row[1]
        for row in raw.execute("SELECT name, sql FROM sqlite_master")
        if "barnacle_" not in row[0] and "barnacle_" not in (row[1] or "")
    }
    raw.close()
    return found


def group(folder, jid=None, **more):
    return {
        "jid": jid or f"{folder}@g.us",
        "name": folder.title(),
        "folder": folder,
        "trigger_pattern": "@Andy",
        "added_at": "2026-02-13T12:00:00.000Z",
        "container_config": None,
        "requires_trigger": 1,
    } | more


def chat(jid, name="A chat"):
    return {"jid": jid, "name": name, "last_message_time": "2026-02-13T12:00:00.000Z"}


def message(n, jid, content="hello", second=None, **more):
    minute, second = divmod(n if second is None else second, 60)
    return {
        "id": f"M{n}",
        "chat_jid": jid,
        "sender": "111@s.whatsapp.net",
        "sender_name": "Alice",
        "content": content,
        "timestamp": f"2026-02-13T12:{minute:02}:{second:02}.000Z",
        "is_from_me": 0,
    } | more


def task(id_, folder="main", **more):
    return {
        "id": id_,
        "group_folder": folder,
        "chat_jid": f"{folder}@g.us",
        "prompt": "water the plants",
        "schedule_type": "cron",
        "schedule_value": "30 8 * * 1-5",
        "next_run": "2026-02-16T07:30:00.000Z",
        "last_run": None,
        "last_result": None,
        "status": "active",
        "created_at": "2026-02-13T12:00:00.000Z",
        "context_mode": "isolated",
    } | more
