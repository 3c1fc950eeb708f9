"""The tools on tasks, with NanoClaw's names and rules: a group's own tasks, and every group's for main."""

from device.host import ipc, limits, schedule
from device.host.errors import Refused
from device.host.tools.tool import Tool, choice, schema, text

_MOST = 40  # tasks that a list tells
_ID = text("The task's whole id", limits.NAME_BYTES)
_KIND = choice("cron, interval or once", "cron", "interval", "once")
_VALUE = text("cron expression, milliseconds, or local ISO time such as 2026-02-01T15:30:00", limits.VALUE_BYTES)
_CONTEXT = choice("group: with the chat's conversation; isolated: without it", "group", "isolated")
_PROMPT = text("What to do each time, with all that needs to be known for it", limits.PROMPT_BYTES)


async def _add(use, args):
    data = dict(args, type="schedule_task", targetJid=args.get("target_group_jid") or use.group["jid"])
    data.setdefault("context_mode", "group")
    command, fields = ipc.translate(data, use.api.view)
    task = await use.change("schedule_task", command, fields)
    return "Scheduled. " + _line(use, task)


async def _list(use, args):
    tasks = [task for task in use.api.view.tasks.values() if use.is_main or task["folder"] == use.folder]
    tasks.sort(key=_order)
    lines = [_line(use, task) for task in tasks[:_MOST]]
    if len(tasks) > _MOST:
        lines.append("… and %d more" % (len(tasks) - _MOST))
    return "\n".join(lines) or "There are no tasks."


async def _get(use, args):
    task = _find(use, args)
    last = task["last_result"] or "never run"
    return "%s\nPrompt: %s\nLast result: %s" % (_line(use, task), task["prompt"], last)


async def _update(use, args):
    fields = {"id": _find(use, args)["id"]}
    for given, field in (
        ("prompt", "prompt"),
        ("schedule_type", "kind"),
        ("schedule_value", "value"),
        ("context_mode", "context"),
    ):
        if given in args:
            fields[field] = args[given]
    if len(fields) == 1:
        raise Refused("bad_value", "nothing to change was given")
    return "Changed. " + _line(use, await use.change("update_task", "task.edit", fields))


def _by_id(tool):
    async def run(use, args):
        command, fields = ipc.translate({"type": tool, "taskId": args["task_id"]}, use.api.view)
        await use.change(tool, command, fields)
        return "Done."

    return run


def _find(use, args):
    task = use.api.view.tasks.get(args["task_id"])
    if task is None or not (use.is_main or task["folder"] == use.folder):
        raise Refused("unknown_task", "there is no task %s" % args["task_id"], "see list_tasks")
    return task


def _line(use, task):
    next_ms = task["next_ms"]
    when = "not due" if next_ms is None else "next " + schedule.say_date(next_ms, use.api.zone)
    prompt = task["prompt"] if len(task["prompt"]) <= 100 else task["prompt"][:100] + "…"
    return "[%s] %s (%s %s, %s, %s, %s)" % (
        task["id"],
        " ".join(prompt.split()),
        task["kind"],
        task["value"],
        task["status"],
        when,
        task["folder"],
    )


def _order(task):
    return task["next_ms"] is None, task["next_ms"] or 0, task["id"]


_ONE = schema(["task_id"], task_id=_ID)
TOOLS = (
    Tool(
        "schedule_task",
        "Have something done once or again and again: a run of yours with this prompt, at that time.",
        schema(
            ["prompt", "schedule_type", "schedule_value"],
            prompt=_PROMPT,
            schedule_type=_KIND,
            schedule_value=_VALUE,
            context_mode=_CONTEXT,
            target_group_jid=text("Another group's chat (main group only)", limits.ID_BYTES),
        ),
        _add,
    ),
    Tool("list_tasks", "The tasks that exist: this group's, in the main group all.", schema([]), _list),
    Tool("get_task", "One task in full.", _ONE, _get),
    Tool(
        "update_task",
        "Change a task's prompt or time.",
        schema(
            ["task_id"],
            task_id=_ID,
            prompt=_PROMPT,
            schedule_type=_KIND,
            schedule_value=_VALUE,
            context_mode=_CONTEXT,
        ),
        _update,
    ),
    Tool("pause_task", "Keep a task from running until it is resumed.", _ONE, _by_id("pause_task")),
    Tool("resume_task", "Let a paused task run again.", _ONE, _by_id("resume_task")),
    Tool("cancel_task", "Remove a task for good.", _ONE, _by_id("cancel_task")),
)
