"""db.json: NanoClaw's database functions in the order and with the arguments that were recorded, and all tables after.

Of an error only that there was one is compared. Where one of Barnacle's repairs acts, the step must have the repaired
outcome and leave every row that was there before it; later steps build on what NanoClaw did wrong and are not judged.
"""

# pyright: standard

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from app.host.nanoclaw.database import NanoClawDatabase
from app.host.nanoclaw.errors import NanoClawError
from app.host.nanoclaw.schema import TABLES
from app.host.parity.judges.outcome import Context, Difference, difference

NEEDS = ("start_now", "steps", "tables")
KNOWS_REPAIRS = True
Step = dict[str, Any]
FAILED = "fails"


def judge(case: dict[str, Any], context: Context) -> Difference | None:
    """Play one case on a database in memory."""
    now = [case["start_now"]]
    with NanoClawDatabase.open(None, lambda: now[0]) as database:
        for at, step in enumerate(case["steps"]):
            if step["op"] == "setNow":
                now[0] = step["args"][0]
                continue
            before = _tables(database)
            repair = _repair(step, database)
            found = difference(_wanted(step, repair), _outcome(database, step))
            if found is not None:
                found.where = f"steps[{at}] {step['op']} {found.where}".rstrip()
                return found
            if repair:
                context.repaired(repair)
                return difference(before, _tables(database))
        return difference({"tables": case["tables"]}, {"tables": _tables(database)})


def _wanted(step: Step, repair: str | None) -> Any:
    if repair == "folder_conflict_replaces":
        return FAILED
    if repair == "log_after_delete":
        return None
    return FAILED if "error" in step else step["result"]


def _repair(step: Step, database: NanoClawDatabase) -> str | None:
    """The name of the repair that acts in this step, found from its input and the rows that are there."""
    args = step["args"]
    if step["op"] == "setRegisteredGroup":
        others = (group for jid, group in database.groups.all().items() if jid != args[0])
        taken = any(group["folder"] == args[1].get("folder") for group in others)
        return "folder_conflict_replaces" if taken and "error" not in step else None
    if step["op"] == "logTaskRun" and "error" in step:
        needed = ("task_id", "run_at", "duration_ms", "status")
        complete = all(args[0].get(name) is not None for name in needed)
        return "log_after_delete" if complete and database.tasks.get(args[0]["task_id"]) is None else None
    return None


def _outcome(database: NanoClawDatabase, step: Step) -> Any:
    try:
        return _operations(database)[step["op"]](*step["args"])
    except (NanoClawError, TypeError):
        return FAILED


def _operations(database: NanoClawDatabase) -> dict[str, Callable[..., Any]]:
    """NanoClaw's function names; an unknown one is a KeyError: the golden file is newer than this program."""
    chats, messages, tasks, groups, state = (
        database.chats,
        database.messages,
        database.tasks,
        database.groups,
        database.state,
    )

    def new_messages(*args: Any) -> dict[str, Any]:
        found = asdict(messages.new(*args))
        return {"messages": found["messages"], "newTimestamp": found["timestamp"]}

    return {
        "storeChatMetadata": chats.saw,
        "updateChatName": chats.rename,
        "getAllChats": chats.all,
        "getLastGroupSync": chats.last_sync,
        "setLastGroupSync": chats.synced,
        "storeMessage": messages.store,
        "storeMessageDirect": messages.store,
        "getNewMessages": new_messages,
        "getMessagesSince": messages.since,
        "createTask": tasks.create,
        "getTaskById": tasks.get,
        "getTasksForGroup": tasks.of_group,
        "getAllTasks": tasks.all,
        "getDueTasks": tasks.due,
        "updateTask": tasks.change,
        "updateTaskAfterRun": tasks.ran,
        "deleteTask": tasks.delete,
        "logTaskRun": tasks.log,
        "getRouterState": state.get,
        "setRouterState": state.put,
        "getSession": state.session,
        "setSession": state.put_session,
        "getAllSessions": state.sessions,
        "getRegisteredGroup": groups.get,
        "setRegisteredGroup": groups.put,
        "getAllRegisteredGroups": groups.all,
    }


def _tables(database: NanoClawDatabase) -> dict[str, Any]:
    return dict(_rows(database))


def _rows(database: NanoClawDatabase) -> Iterator[tuple[str, Any]]:
    for table in TABLES:
        yield table, database.rows(table)
