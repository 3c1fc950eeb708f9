"""Which tasks of a NanoClaw folder a box takes: with their ids, the phase of their intervals and their last runs."""

from typing import Any

from app.host import limits
from app.host.desktop import box_core
from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.javascript import trim
from app.host.nanoclaw.steps import CHANGED, LEFT_OUT, TAKEN, THERE, BoxNow, Plan, Step

Row = dict[str, Any]


def plan_tasks(tasks: list[Row], box: BoxNow, served: set[str], plan: Plan) -> None:
    """Steps and entries; `served`: the folders that the box will have. Completed tasks come last, the newest first."""
    ids = {task["id"] for task in box.tasks if "id" in task}
    same = {_sameness(task) for task in box.tasks}
    room, done = rules.TASKS - len(box.tasks), limits.IMPORT_DONE_TASKS
    for task in sorted(tasks, key=_rank):
        args, changes = _task(task)
        problem = _task_problem(task, args, served)
        if not problem and (args["id"] in ids if "id" in args else _sameness(args) in same):
            problem = THERE
        if not problem and room <= 0:
            problem = f"the box holds {rules.TASKS} tasks"
        if not problem and task["status"] == "completed":
            done -= 1
            problem = "" if done >= 0 else f"it is completed, and {limits.IMPORT_DONE_TASKS} newer completed ones are"
        if problem:
            plan.note("task", str(task["id"]), LEFT_OUT, problem)
            continue
        room -= 1
        entry = plan.note("task", str(task["id"]), CHANGED if changes else TAKEN, "; ".join(changes))
        plan.steps.append(Step("import.task", args, entry))


def _rank(task: Row) -> tuple[bool, float]:
    completed = task["status"] == "completed"
    return completed, -(rules.utc_ms(task["last_run"]) or 0) if completed else 0


def _sameness(task: Row) -> tuple[Any, ...]:
    return task["folder"], task["prompt"], task["kind"], task["value"]


def _task(task: Row) -> tuple[Row, list[str]]:
    """The arguments of import.task, and what they change."""
    changes = list[str]()
    args: Row = {
        "folder": task["group_folder"],
        "prompt": task["prompt"],
        "kind": task["schedule_type"],
        "value": task["schedule_value"],
        "context": task.get("context_mode"),
        "status": task["status"],
    }
    if _valid_id(task["id"]):
        args["id"] = task["id"]
    else:
        changes.append("the box gives it a new id")
    if args["context"] not in ("isolated", "group"):
        changes.append(f"its context {args['context']!r} becomes isolated")
        args["context"] = "isolated"
    for key, column in (("next_ms", "next_run"), ("last_ms", "last_run"), ("created_ms", "created_at")):
        time_ms = rules.utc_ms(task[column])
        if time_ms is not None and time_ms >= 0:
            args[key] = time_ms
        elif task[column] and column != "next_run":
            changes.append(f"its {column} {task[column]!r} is no time and is not taken")
    if task["status"] == "paused" and "next_ms" not in args:
        changes.append("its next run is computed anew")
    _add_result(task["last_result"], args, changes)
    return args, changes


def _add_result(result: Any, args: Row, changes: list[str]) -> None:
    if result is None:
        return
    args["last_result"] = box_core.cut_result(str(result))
    if args["last_result"] != str(result):
        changes.append("its last result is cut")


def _valid_id(id_: Any) -> bool:
    if not isinstance(id_, str) or not id_.strip() or any(ord(char) < 32 or ord(char) == 127 for char in id_):
        return False
    return box_core.fits(id_, rules.ID_BYTES)


def _task_problem(task: Row, args: Row, served: set[str]) -> str:
    if task["status"] not in ("active", "paused", "completed"):
        return f"its status {task['status']!r} is unknown, so NanoClaw does not run it either"
    if args["folder"] not in served:
        return f"an orphan: the box has no group {args['folder']}"
    if "next_ms" not in args and task["status"] == "active":
        if not task["next_run"]:
            return "it has no next run, so NanoClaw does not run it either"
        return f"its next run {task['next_run']!r} is no time"
    if "next_ms" not in args and task["status"] == "paused" and args["kind"] == "once":
        return "paused, for a single time that it does not name any more"
    prompt = args["prompt"]
    if not isinstance(prompt, str) or not trim(prompt):
        return "its prompt is empty"
    if not box_core.fits_prompt(prompt):
        return f"its prompt exceeds {rules.PROMPT_BYTES} bytes"
    return rules.schedule_problem(args["kind"], args["value"]) or ""
