"""The commands on tasks. Each takes (state, args, context) and returns (records, result); nothing is changed here."""

from device.host import bounded, limits, run_records, schedule
from device.host.errors import Refused

CONTEXTS = ("isolated", "group")
MISSED = ("once", "skip")


def add(state, args, context):
    """{folder, prompt, kind, value, context?, missed?} -> the new task."""
    folder = args.get("folder") or context.actor.get("folder")
    group = state.groups.get(folder)
    if group is None:
        raise Refused("unknown_group", "there is no group %s" % folder, "see `barnacle groups`")
    if len(state.tasks) >= limits.TASKS:
        raise Refused("full", "%d tasks exist already" % len(state.tasks), "remove tasks that are done")
    task = {
        "id": context.new_id("task"),
        "folder": group["folder"],
        "jid": group["jid"],
        "prompt": _prompt(args.get("prompt")),
        "kind": args.get("kind"),
        "value": _value(args.get("value")),
        "context": _choice("context", args.get("context", "isolated"), CONTEXTS),
        "missed": _choice("missed", args.get("missed", "once"), MISSED),
        "status": "active",
        "next_ms": None,
        "last_ms": None,
        "last_result": None,
        "created_ms": context.now_ms,
    }
    task["next_ms"] = _first(task, context)
    return [("task.set", task)], task


def edit(state, args, context):
    """{id, prompt?, kind?, value?, context?, missed?} -> the changed task; a new schedule makes it active again."""
    task = dict(find(state, args, context))
    if "prompt" in args:
        task["prompt"] = _prompt(args["prompt"])
    if "context" in args:
        task["context"] = _choice("context", args["context"], CONTEXTS)
    if "missed" in args:
        task["missed"] = _choice("missed", args["missed"], MISSED)
    if "kind" in args or "value" in args:
        task["kind"] = args.get("kind", task["kind"])
        task["value"] = _value(args.get("value", task["value"]))
        task["next_ms"] = _first(task, context)
        if task["status"] == "completed":
            task["status"] = "active"
    return [("task.set", task)], task


def pause(state, args, context):
    """{id}: keep the task from firing; a run of it that only waits is dropped."""
    task = find(state, args, context)
    if task["status"] == "completed":
        raise Refused("bad_value", "task %s is completed and has nothing to pause" % task["id"])
    task = dict(task, status="paused")
    return [("task.set", task)], task


def resume(state, args, context):
    """{id}: let it fire again; a due time that has passed meanwhile is left to its `missed` policy."""
    task = find(state, args, context)
    if task["status"] == "completed":
        raise Refused("bad_value", "task %s is completed" % task["id"], "give it a new time with task.edit")
    task = dict(task, status="active")
    return [("task.set", task)], task


def run_now(state, args, context):
    """{id}: queue a run now; the next due time stays as it is."""
    task = find(state, args, context)
    if state.active_run(task["id"]) is not None:
        raise Refused("busy", "task %s runs or waits to run already" % task["id"], "wait for its end")
    run = run_records.queued_task(task, context.now_ms, None)
    return [("run.queued", run)], run


def remove(state, args, context):
    """{id}: forget the task; a run of it that only waits is dropped."""
    task = find(state, args, context)
    return [("task.remove", {"id": task["id"], "folder": task["folder"]})], {"id": task["id"]}


def find(state, args, context):
    """The one task whose id is, or contains, args["id"], among those the actor may know of; raises Refused."""
    wanted = args.get("id")
    if not isinstance(wanted, str) or not wanted:
        raise Refused("bad_value", "no task is named", "give its id or a unique part of it")
    own = None if context.sees_all else context.actor.get("folder")
    known = [t for t in state.tasks.values() if own is None or t["folder"] == own]
    found = [t for t in known if t["id"] == wanted] or [t for t in known if wanted in t["id"]]
    if not found:
        raise Refused(
            "unknown_task", "there is no task %s" % wanted[: limits.NAME_BYTES], "see `barnacle schedule list`"
        )
    if len(found) > 1:
        names = ", ".join(sorted(t["id"] for t in found)[:5])
        raise Refused("bad_value", "%d tasks match %s: %s" % (len(found), wanted, names), "give more of the id")
    return found[0]


def _first(task, context):
    try:
        return schedule.first(task["kind"], task["value"], context.now_ms, context.zone)
    except schedule.ScheduleError as error:
        raise Refused(error.code, error.message, error.remedy)


def _prompt(text):
    if not isinstance(text, str) or not text.strip():
        raise Refused("bad_value", "a task needs a prompt", "say what the assistant shall do")
    if len(text.encode()) > limits.PROMPT_BYTES or bounded.encoded_bytes(text) > limits.PROMPT_ENCODED_BYTES:
        raise Refused("too_large", "the prompt exceeds %d bytes" % limits.PROMPT_BYTES, "shorten it")
    return text


def _value(value):
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise Refused("bad_value", "a task needs a time: a cron expression, milliseconds or a date")
    if bounded.encoded_bytes(value) > limits.VALUE_BYTES:
        raise Refused("too_large", "the schedule exceeds %d bytes" % limits.VALUE_BYTES)
    return value


def _choice(name, value, choices):
    if value not in choices:
        raise Refused("bad_value", "%s is none of %s" % (name, ", ".join(choices)))
    return value


PREPARERS = {
    "task.add": add,
    "task.edit": edit,
    "task.pause": pause,
    "task.resume": resume,
    "task.run": run_now,
    "task.remove": remove,
}
