"""The tables of ipc_auth.json: which of their columns Barnacle has, and the rows that a case begins with.

It keeps run logs and container settings elsewhere. Runs on both interpreters, so it keeps device/'s rules.
"""

# pyright: standard

TASK_COLUMNS = (
    "group_folder", "chat_jid", "prompt", "schedule_type", "schedule_value", "next_run", "status", "context_mode",
    "created_at",
)  # fmt: skip
REGISTERED = ("jid", "name", "folder", "trigger", "added_at")
GROUP_COLUMNS = ("name", "folder", "trigger_pattern", "requires_trigger", "added_at")


def group_row(group):
    """The row of a group as `registered_groups` of the golden file describes it."""
    needs_trigger = 1 if group.get("requiresTrigger", True) else 0
    return [group["name"], group["folder"], group["trigger"], needs_trigger, group["added_at"]]


def seed_rows(document, case):
    """{id: row} of the tasks that the case begins with."""
    return {id_: [document["seeds"][id_][key] for key in TASK_COLUMNS] for id_ in case["seed_tasks"]}


def recorded(case):
    """What the case says happened: as judge_ipc_auth.py compares it."""
    effects, tables = case["effects"], case["tables"]
    groups = [dict(each["group"], jid=each["jid"]) for each in effects["groups_registered"]]
    errors = case.get("error_files") or [] if case["source_group"] != "errors" else []
    return {
        "sent": effects["messages_sent"],
        "registered": [[group[key] for key in REGISTERED] for group in groups],
        "refreshed": bool(effects["sync_calls"] or effects["snapshots_written"]),
        "threw": case["throws"] is not None,
        "tasks": {row["id"]: [row[key] for key in TASK_COLUMNS] for row in tables["scheduled_tasks"]},
        "groups": {row["jid"]: [row[key] for key in GROUP_COLUMNS] for row in tables["registered_groups"]},
        "left": sorted(case.get("files_left") or []),
        "set_aside": sorted(errors),
    }
