"""What is left at a phase's end: NanoClaw's tables against Barnacle's state.

    messages           what the box stored, by chat and id
    registered_groups  groups that have a chat
    scheduled_tasks    tasks; those made during the phase by what they are, for their ids are random; `last_result`
                       without `<internal>` parts and as far as NanoClaw keeps it (200 characters); not `last_run`
                       (NanoClaw's is the end of the run, Barnacle's its start) but whether there is one
    task_run_logs      how each run of a task ended, with the error's text; NanoClaw forgets those of removed tasks
    router_state       which messages are still to be handed over; those in a run that goes on are, for Barnacle only
    sessions           the agents' (kept by whoever runs them)

`chats` (names and times of chats nobody registered) has no counterpart.
"""

from collections.abc import Iterator
from typing import Any

from app.host.replay.device_rules import strip_internal
from app.host.replay.difference import Difference, brief
from app.host.replay.nanoclaw import is_echo, router_cursors, utc_ms
from app.host.replay.recording import Recording

KEPT_CHARS = 200
JITTER_MS = 50
Entry = dict[str, Any]


def table_differences(number: int, recording: Recording, trace: Entry, end_ms: int) -> Iterator[Difference]:
    """One difference per table at most."""
    tables, final = recording.tables, trace["final"]
    pairs = (
        ("registered_groups", _recorded_groups(tables), _groups(final)),
        ("scheduled_tasks", _recorded_tasks(tables), _tasks(final)),
        ("task_run_logs", _recorded_logs(tables), _logs(trace)),
        ("messages", _recorded_messages(tables, trace), _messages(trace)),
        ("router_state", _recorded_pending(tables, trace), _pending(trace)),
        ("sessions", {row["group_folder"]: row["session_id"] for row in tables["sessions"]}, dict(final["sessions"])),
    )
    for name, want, got in pairs:
        for key in sorted({*want, *got}, key=str):
            if not _same(want.get(key), got.get(key)):
                where = f"final.{name}.{key}"
                yield Difference(number, end_ms, where, brief(want.get(key)), brief(got.get(key)))
                break


def _same(want: Any, got: Any) -> bool:
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() == got.keys() and all(_same(want[key], got[key]) for key in want)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(want, int) and isinstance(got, int) and not isinstance(want, bool):
        return abs(want - got) <= JITTER_MS
    return want == got


def _recorded_groups(tables: Entry) -> Entry:
    return {
        row["jid"]: {
            "folder": row["folder"],
            "name": row["name"],
            "trigger": row["trigger_pattern"],
            "requires_trigger": row["requires_trigger"] != 0,
            "added_ms": utc_ms(row["added_at"]),
        }
        for row in tables["registered_groups"]
    }


def _groups(final: Entry) -> Entry:
    keys = ("folder", "name", "trigger", "requires_trigger", "added_ms")
    return {
        group["jid"]: {key: group[key] for key in keys}
        for group in final["groups"]
        if group["jid"] != "console:" + group["folder"]
    }


def _recorded_tasks(tables: Entry) -> Entry:
    rows = [
        {
            "id": row["id"],
            "folder": row["group_folder"],
            "jid": row["chat_jid"],
            "prompt": row["prompt"],
            "kind": row["schedule_type"],
            "value": row["schedule_value"],
            "context": row["context_mode"],
            "status": row["status"],
            "next_ms": None if row["next_run"] is None else utc_ms(row["next_run"]),
            "ran": row["last_run"] is not None,
            "last_result": _result(row["last_result"]),
            "created_ms": utc_ms(row["created_at"]),
        }
        for row in tables["scheduled_tasks"]
    ]
    return _by_id(rows)


def _tasks(final: Entry) -> Entry:
    keys = ("id", "folder", "jid", "prompt", "kind", "value", "context", "status", "next_ms", "created_ms")
    rows = [
        {key: task[key] for key in keys}
        | {"ran": task["last_ms"] is not None, "last_result": _result(task["last_result"])}
        for task in final["tasks"]
    ]
    return _by_id(rows)


def _result(text: str | None) -> str | None:
    return None if text is None else strip_internal(text)[:KEPT_CHARS]


def _by_id(rows: list[Entry]) -> Entry:
    return {_task_name(row["id"], row["created_ms"], row["prompt"]): {**row, "id": ""} for row in rows}


def _task_name(id_: str, created_ms: int, prompt: str) -> str:
    """A made id is task-<ms>-<random>."""
    return f"task of {created_ms}: {prompt[:40]}" if id_.startswith(f"task-{created_ms}-") else id_


def _recorded_logs(tables: Entry) -> Entry:
    names = {
        row["id"]: _task_name(row["id"], utc_ms(row["created_at"]), row["prompt"]) for row in tables["scheduled_tasks"]
    }
    found: dict[str, list[str]] = {}
    for row in tables["task_run_logs"]:
        ending = "done" if row["status"] == "success" else f"failed: {row['error']}"
        found.setdefault(names.get(row["task_id"], str(row["task_id"])), []).append(ending)
    return found


def _logs(trace: Entry) -> Entry:
    tasks: dict[str, Entry] = {str(task["id"]): task for task in trace["final"]["tasks"]}
    found: dict[str, list[str]] = {}
    for run in trace["runs"]:
        task = tasks.get(str(run["task"]))
        if run["kind"] == "task" and run["state"] is not None and task is not None:
            name = _task_name(task["id"], task["created_ms"], task["prompt"])
            ending = "done" if run["state"] == "done" else f"failed: {run['error']}"
            found.setdefault(name, []).append(ending)
    return found


def _recorded_messages(tables: Entry, trace: Entry) -> Entry:
    """Those of registered chats, and those that the box has stored."""
    stored, jids = {(row["jid"], row["id"]) for row in trace["stored"]}, _jids(tables)
    return {
        f"{row['chat_jid']} {row['id']}": {
            "sender": row["sender"],
            "sender_name": row["sender_name"],
            "text": row["content"],
            "ts_ms": utc_ms(row["timestamp"]),
        }
        for row in tables["messages"]
        if row["chat_jid"] in jids or (row["chat_jid"], row["id"]) in stored
    }


def _jids(tables: Entry) -> set[str]:
    return {row["jid"] for row in tables["registered_groups"]}


def _messages(trace: Entry) -> Entry:
    keys = ("sender", "sender_name", "text", "ts_ms")
    before = [message for message in trace["final"]["messages"] if not _is_reply(message)]
    return {f"{row['jid']} {row['id']}": {key: row[key] for key in keys} for row in [*before, *trace["stored"]]}


def _is_reply(message: Entry) -> bool:
    return message["from_me"] and message["sender"] == ""


def _recorded_pending(tables: Entry, trace: Entry) -> Entry:
    folders = {row["jid"]: row["folder"] for row in tables["registered_groups"]}
    cursors = router_cursors({row["key"]: row["value"] for row in tables["router_state"]})
    pending: Entry = {}
    for row in tables["messages"]:
        folder = folders.get(row["chat_jid"])
        echo = is_echo(row["content"], trace["assistant"])
        if folder is not None and not echo and row["timestamp"] > cursors.get(row["chat_jid"], ""):
            pending.setdefault(folder, []).append(row["id"])
    return {folder: sorted(ids) for folder, ids in pending.items()}


def _pending(trace: Entry) -> Entry:
    going_on: set[str] = set()
    for run in trace["runs"]:
        going_on.update([] if run["state"] is not None else run["messages"] or [])
    pending = {
        row["folder"]: sorted(id_ for id_ in row["ids"] if id_ not in going_on) for row in trace["final"]["pending"]
    }
    return {folder: ids for folder, ids in pending.items() if ids}
