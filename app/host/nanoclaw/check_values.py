"""Holds the rows of a NanoClaw database against what NanoClaw means by them, and against each other."""

from typing import Any, Final

from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.chats import SYNC_ROW
from app.host.nanoclaw.check_cursors import check_cursors
from app.host.nanoclaw.findings import Findings
from app.host.nanoclaw.javascript import parse_json, trim

Row = dict[str, Any]
Rows = dict[str, list[Row]]

_STATUSES: Final = ("active", "paused", "completed")
_CONTEXTS: Final = ("isolated", "group", None)
_RUN_STATUSES: Final = ("success", "error")
_WRITE_TIME: Final = "write it as 2026-02-13T12:00:00.000Z"


def check(rows: Rows, findings: Findings) -> None:
    """Findings on all rows; tables that could not be read are left out."""
    _check_chats(rows, findings)
    _check_messages(rows, findings)
    _check_groups(rows, findings)
    _check_tasks(rows, findings)
    _check_runs(rows, findings)
    _check_sessions(rows, findings)
    check_cursors(rows, findings)


def _check_chats(rows: Rows, findings: Findings) -> None:
    for row in rows.get("chats", []):
        if not row["jid"]:
            findings.error("chats", f"rowid {row['barnacle_row']}", "a chat without jid", "delete the row")
        if row["last_message_time"] is not None:
            _check_time("chats", row["jid"], row, "last_message_time", findings)


def _check_messages(rows: Rows, findings: Findings) -> None:
    chats = {row["jid"] for row in rows.get("chats", [])}
    for row in rows.get("messages", []):
        name = f"{row['chat_jid']} {row['id']}"
        if not row["id"] or not row["chat_jid"]:
            findings.error("messages", name, "a message without id or chat", "delete the row")
        elif row["chat_jid"] not in chats:
            findings.error("messages", name, "its chat is not there", "add the chat, or delete the row")
        _check_time("messages", name, row, "timestamp", findings)
        if row["content"] is None:
            findings.warning("messages", name, "it has no text, so it is never handed over", "delete the row")
        if row["is_from_me"] not in (0, 1):
            findings.warning("messages", name, f"is_from_me is {row['is_from_me']!r}", "set it to 0 or 1")


def _check_groups(rows: Rows, findings: Findings) -> None:
    taken: dict[str, str] = {}
    for row in rows.get("registered_groups", []):
        jid, folder = row["jid"], row["folder"]
        problem = rules.folder_problem(folder)
        if problem:
            findings.error("registered_groups", jid, problem, "rename the folder in the row and in groups/")
        same = taken.setdefault(str(folder).lower(), jid)
        if same != jid:
            findings.error("registered_groups", jid, f"its folder {folder} is that of {same}", "give each its own")
        if not trim(str(row["trigger_pattern"] or "")).lstrip("@"):
            findings.warning("registered_groups", jid, "its trigger is empty", "set trigger_pattern to @Name")
        _check_time("registered_groups", jid, row, "added_at", findings)
        _check_config(jid, row["container_config"], findings)
        if row.get("requires_trigger", 1) not in (0, 1, None):
            what = f"requires_trigger is {row['requires_trigger']!r}, which counts as no"
            findings.warning("registered_groups", jid, what, "set it to 0 or 1")
    if rows.get("registered_groups") and "main" not in taken:
        findings.warning("registered_groups", "", "there is no group main", "register your own chat as main")


def _check_config(jid: str, text: Any, findings: Findings) -> None:
    if not text:
        return
    try:
        config = parse_json(text)
    except (TypeError, ValueError) as error:
        findings.error("registered_groups", jid, f"container_config is no JSON: {error}", "correct it, or set it NULL")
        return
    if not isinstance(config, dict):
        findings.error("registered_groups", jid, "container_config is no object", "correct it, or set it NULL")


def _check_tasks(rows: Rows, findings: Findings) -> None:
    groups = {row["folder"]: row["jid"] for row in rows.get("registered_groups", [])}
    for row in rows.get("scheduled_tasks", []):
        name = row["id"]
        if row["group_folder"] not in groups:
            what = f"an orphan: no group has the folder {row['group_folder']}"
            findings.error("scheduled_tasks", name, what, "register the group, or delete the task")
        elif row["chat_jid"] != groups[row["group_folder"]]:
            what = f"it answers in {row['chat_jid']}, which is not its group's chat"
            findings.warning("scheduled_tasks", name, what, f"set chat_jid to {groups[row['group_folder']]}")
        problem = rules.schedule_problem(row["schedule_type"], row["schedule_value"])
        if problem:
            findings.error("scheduled_tasks", name, problem, "correct its schedule, or delete the task")
        if row["status"] not in _STATUSES:
            what = f"its status is {row['status']!r}, so it never runs"
            findings.error("scheduled_tasks", name, what, f"set it to one of: {', '.join(_STATUSES)}")
        elif row["status"] == "active" and not row["next_run"]:
            findings.warning("scheduled_tasks", name, "active, but without a next run", "set next_run or delete it")
        if row.get("context_mode") not in _CONTEXTS:
            what = f"its context is {row['context_mode']!r}"
            findings.warning("scheduled_tasks", name, what, "set context_mode to isolated or group")
        if not trim(str(row["prompt"] or "")):
            findings.warning("scheduled_tasks", name, "its prompt is empty", "delete the task")
        for column in ("next_run", "last_run"):
            if row[column] is not None:
                _check_time("scheduled_tasks", name, row, column, findings)
        _check_time("scheduled_tasks", name, row, "created_at", findings)


def _check_runs(rows: Rows, findings: Findings) -> None:
    tasks = {row["id"] for row in rows.get("scheduled_tasks", [])}
    for row in rows.get("task_run_logs", []):
        name = row["id"]
        if "scheduled_tasks" in rows and row["task_id"] not in tasks:
            findings.error("task_run_logs", name, f"its task {row['task_id']} is not there", "delete the row")
        if row["status"] not in _RUN_STATUSES:
            findings.warning("task_run_logs", name, f"its status is {row['status']!r}", "set it to success or error")
        if not isinstance(row["duration_ms"], int | float) or row["duration_ms"] < 0:
            findings.warning("task_run_logs", name, f"it took {row['duration_ms']!r} ms", "set duration_ms to 0")
        _check_time("task_run_logs", name, row, "run_at", findings)


def _check_sessions(rows: Rows, findings: Findings) -> None:
    folders = {row["folder"] for row in rows.get("registered_groups", [])}
    for row in rows.get("sessions", []):
        if row["group_folder"] not in folders:
            findings.warning("sessions", row["group_folder"], "no group has this folder", "delete the row")
        if not row["session_id"]:
            findings.warning("sessions", row["group_folder"], "an empty session", "delete the row")


def _check_time(table: str, name: Any, row: Row, column: str, findings: Findings) -> None:
    text = row[column]
    if name == SYNC_ROW and not text:
        return
    if rules.utc_ms(text) is None:
        findings.error(table, name, f"{column} is no time: {text!r}"[:200], _WRITE_TIME)
    elif not (len(text) == 24 and text[10] == "T" and text.endswith("Z")):
        what = f"{column} is {text!r}: times are compared as text, so it sorts wrongly"
        findings.warning(table, name, what, _WRITE_TIME)
