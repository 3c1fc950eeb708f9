"""Barnacle's records and NanoClaw's rows, each from the other. Pure; times are ISO texts there, milliseconds here."""

from datetime import UTC, datetime
from typing import Any

from app.host.desktop import box_core
from app.host.nanoclaw import device_rules

Row = dict[str, Any]
_LAST_MS = 253_402_300_799_999  # the year 9999 ends: what NanoClaw compares as text must keep its length


def iso(ms: int) -> str:
    """As JavaScript's toISOString writes it."""
    kept = min(max(ms, 0), _LAST_MS)
    return datetime.fromtimestamp(kept // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{kept % 1000:03d}Z"


def group_row(group: Row) -> Row:
    """registered_groups, without its container_config."""
    return {
        "jid": group["jid"],
        "name": group["name"],
        "folder": group["folder"],
        "trigger_pattern": group["trigger"],
        "added_at": iso(group["added_ms"]),
        "requires_trigger": 1 if group["requires_trigger"] else 0,
    }


def group_args(row: Row) -> Row:
    """What `groups.new_group` takes, its name cut to what a box keeps."""
    return {
        "folder": row["folder"],
        "jid": row["jid"],
        "name": box_core.cut_name(str(row["name"] or row["folder"])),
        "trigger": row["trigger_pattern"],
        "requires_trigger": row["requires_trigger"] != 0,
    }


def task_row(task: Row) -> Row:
    """scheduled_tasks."""
    return {
        "id": task["id"],
        "group_folder": task["folder"],
        "chat_jid": task["jid"],
        "prompt": task["prompt"],
        "schedule_type": task["kind"],
        "schedule_value": task["value"],
        "next_run": _iso_or_none(task["next_ms"]),
        "last_run": _iso_or_none(task["last_ms"]),
        "last_result": task["last_result"],
        "status": task["status"],
        "created_at": iso(task["created_ms"]),
        "context_mode": task["context"],
    }


def task_record(row: Row) -> Row:
    """A task as `task.set` carries it; the caller checks that the box can hold it. NanoClaw makes up for a missed run
    once, so does the task."""
    result = row["last_result"]
    return {
        "id": row["id"],
        "folder": row["group_folder"],
        "jid": row["chat_jid"],
        "prompt": row["prompt"],
        "kind": row["schedule_type"],
        "value": row["schedule_value"],
        "context": "group" if row["context_mode"] == "group" else "isolated",
        "missed": "once",
        "status": row["status"],
        "next_ms": device_rules.utc_ms(row["next_run"]),
        "last_ms": device_rules.utc_ms(row["last_run"]),
        "last_result": None if result is None else box_core.cut_result(str(result)),
        "created_ms": device_rules.utc_ms(row["created_at"]) or 0,
    }


def message_row(message: Row, jid: str, assistant: str) -> Row:
    """messages: a reply begins with the assistant's name, by which NanoClaw knows its own."""
    own = message["from_me"]
    return {
        "id": message["id"],
        "chat_jid": jid,
        "sender": message["sender"],
        "sender_name": message["sender_name"],
        "content": f"{assistant}: {message['text']}" if own else message["text"],
        "timestamp": iso(message["ts_ms"]),
        "is_from_me": 1 if own else 0,
    }


def message_record(row: Row, n: int, folder: str, assistant: str) -> Row:
    """A message as `msg.stored` carries it. `from_me` means the assistant's own, which NanoClaw tells by its name, not
    by is_from_me: what the owner wrote from the same account is work."""
    text = str(row["content"] or "")
    own = text.lower().startswith(assistant.lower() + ":")
    text = text[len(assistant) + 1 :].strip() if own else text
    return {
        "n": n,
        "id": row["id"],
        "jid": row["chat_jid"],
        "folder": folder,
        "sender": box_core.cut_id(str(row["sender"] or "")),
        "sender_name": box_core.cut_name(str(row["sender_name"] or row["sender"] or "")),
        "text": box_core.cut_text(text),
        "ts_ms": device_rules.utc_ms(row["timestamp"]) or 0,
        "from_me": own,
    }


def log_row(run: Row) -> Row:
    """task_run_logs: an ended run of a task. NanoClaw dates it by its end."""
    return {
        "task_id": run["task"],
        "run_at": iso(run["ended_ms"]),
        "duration_ms": max(0, run["ended_ms"] - run["started_ms"]),
        "status": "success" if run["state"] == "done" else "error",
        "result": run["result"],
        "error": run["error"],
    }


def _iso_or_none(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
