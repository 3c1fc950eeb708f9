"""`barnacle schedule …`: scheduled prompts."""

import argparse
import sys
from typing import Any

from app.cli.command import Subparsers, command, family, limit
from app.cli.context import Context
from app.cli.duration import ago, duration_ms
from app.cli.output import clean
from app.cli.times import Times, now_ms

EXAMPLE = """\
barnacle schedule add main 'what is the weather?' --cron '30 8 * * 1-5'
barnacle schedule add main 'stretch' --every 45m
barnacle schedule add main 'call home' --at '2026-11-24 17:00'
barnacle schedule add main 'tea is ready' --in 4m
barnacle schedule add main 'stand-up' --when 'weekdays at 8:30'"""
_ASK_AGAIN = ("bad_value", "too_large")  # refusals of what was written
_ACTS = {
    "pause": ("stop a task until it is resumed", "paused"),
    "resume": ("let a paused task run again", "resumed"),
    "run": ("run a task now", "runs now"),
    "remove": ("delete a task", "removed"),
}


def add(commands: Subparsers) -> Subparsers:
    """Declare the commands; gives the family, for `schedule next`."""
    schedule = family(commands, "schedule", "scheduled prompts", example="barnacle schedule list\n" + EXAMPLE)
    one = command(schedule, "list", "list the tasks", _list, example="barnacle schedule list --group main", json=True)
    one.add_argument("--group", metavar="GROUP", help="only this group's")
    one = command(schedule, "add", "add a task", _add, example=EXAMPLE, json=True)
    one.add_argument("group", metavar="GROUP")
    one.add_argument("prompt", metavar="PROMPT", help="what the assistant is asked each time")
    _add_times(one, required=True)
    _add_options(one)
    example = "barnacle schedule edit 3f2\nbarnacle schedule edit 3f2 --cron '0 9 * * *'"
    more = "Without options the task opens as a small TOML file in $EDITOR; what is wrong with it is said at its top."
    one = command(schedule, "edit", "change a task", _edit, example=example, json=True, more=more)
    one.add_argument("id", metavar="ID", help="a unique part is enough")
    one.add_argument("--prompt", help="what the assistant is asked each time")
    _add_times(one, required=False)
    _add_options(one)
    for verb, (summary, _) in _ACTS.items():
        one = command(schedule, verb, summary, _act, example=f"barnacle schedule {verb} 3f2")
        one.add_argument("id", metavar="ID", help="a unique part is enough")
        one.set_defaults(verb=verb)
    one = command(
        schedule, "history", "show a task's runs", _history, example="barnacle schedule history 3f2 -n 5", json=True
    )
    one.add_argument("id", metavar="ID", help="a unique part is enough")
    one.add_argument("-n", dest="count", metavar="COUNT", type=limit, default=10, help="how many (10)")
    return schedule


def _add_times(parser: argparse.ArgumentParser, required: bool) -> None:
    when = parser.add_mutually_exclusive_group(required=required)
    when.add_argument("--cron", metavar="EXPR", help='minute hour day month weekday, e.g. "30 8 * * 1-5"')
    when.add_argument("--every", metavar="LENGTH", type=duration_ms, help="e.g. 45s, 15m, 2h, 1d")
    when.add_argument("--at", metavar="TIME", help='local time, e.g. "2026-11-24 17:00"')
    when.add_argument("--in", dest="after", metavar="LENGTH", type=duration_ms, help="once, after e.g. 10m")
    when.add_argument("--when", metavar="WORDS", help='plain words, e.g. "weekdays at 8:30"')
    parser.add_argument("--force", action="store_true", help="also take an --at that has passed")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--context", choices=("isolated", "group"), help="run on its own, or with the group's messages")
    parser.add_argument("--missed", choices=("once", "skip"), help="after a time without power: run once, or skip")


def _schedule(context: Context, args: argparse.Namespace) -> dict[str, Any]:
    """kind and value as the box wants them; {} when no time was given. Raises UsageError."""
    from app.cli import schedule_words

    if args.cron is not None:
        return {"kind": "cron", "value": args.cron}
    if args.every is not None:
        return {"kind": "interval", "value": str(args.every)}
    if args.at is not None:
        return {"kind": "once", "value": _future(context, schedule_words.local_time(args.at), args)}
    if args.after is not None:
        return {"kind": "once", "value": schedule_words.utc_time(now_ms() + args.after)}
    if args.when is not None:
        return schedule_words.understand(args.when, context.settings.zone)
    return {}


def _future(context: Context, local: str, args: argparse.Namespace) -> str:
    from app.errors import UsageError
    from app.host.box_time import BoxZone

    at_ms, now = BoxZone(context.settings.zone).utc_ms(local), now_ms()
    if at_ms <= now and not args.force:
        raise UsageError(f"--at {args.at} was {ago(at_ms, now)}", "choose a later time, or say --force")
    return local


def _add(context: Context, args: argparse.Namespace) -> int:
    fields = {"folder": args.group, "prompt": args.prompt, **_schedule(context, args), **_options(args)}
    return _saved(context, args, context.ask("task.add", **fields), "added")


def _edit(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError

    fields = _schedule(context, args) | _options(args)
    if args.prompt is not None:
        fields["prompt"] = args.prompt
    if not fields and sys.stdin.isatty():
        return _edit_text(context, args)
    if not fields:
        raise UsageError("nothing to change", "give --prompt, a time, --context or --missed")
    return _saved(context, args, context.ask("task.edit", id=args.id, **fields), "changed")


def _edit_text(context: Context, args: argparse.Namespace) -> int:
    """In the editor, until the box takes it or the user gives up."""
    from app.cli.editor import Editor
    from app.cli.task_file import TaskFile, with_errors
    from app.errors import UsageError

    task: dict[str, Any] = context.ask("task", id=args.id)
    file = TaskFile(task, context.settings.zone)
    text = file.text()
    with Editor("task.toml") as editor:
        while True:
            saved = editor.edit(text)
            if not saved.strip() or saved == text:
                break
            try:
                fields = file.changes(saved)
                if not fields:
                    break
                return _saved(context, args, context.ask("task.edit", id=task["id"], **fields), "changed")
            except Exception as error:
                if not isinstance(error, UsageError) and getattr(error, "code", "") not in _ASK_AGAIN:
                    context.out.line(saved)  # what was written is not lost with the connection
                    raise
                text = with_errors(saved, [f"{getattr(error, 'message', error)}; {getattr(error, 'remedy', '')}"])
    print(f"{clean(task['id'])} is as it was", file=sys.stderr)
    return 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in ("context", "missed") if getattr(args, name) is not None}


def _saved(context: Context, args: argparse.Namespace, task: dict[str, Any], said: str) -> int:
    if args.json:
        context.out.json(task)
        return 0
    from app.host.box_time import BoxZone

    words = BoxZone(context.settings.zone).words(task["kind"], task["value"])
    next_ms = task.get("next_ms")
    following = f"next run {context.times().full(next_ms)} ({ago(next_ms, now_ms())})" if next_ms else "no further run"
    context.out.line(f"{clean(task['id'])} {said}: {clean(words)}, {following}")
    return 0


def _act(context: Context, args: argparse.Namespace) -> int:
    context.ask(f"task.{args.verb}", id=args.id)
    context.out.line(f"{clean(args.id)} {_ACTS[args.verb][1]}")
    return 0


def _list(context: Context, args: argparse.Namespace) -> int:
    tasks: list[dict[str, Any]] = context.ask("tasks", **({"folder": args.group} if args.group else {}))
    if args.json:
        context.out.json(tasks)
        return 0
    from app.host.box_time import BoxZone

    times, now = context.times(), now_ms()
    zone = BoxZone(context.settings.zone)
    tasks.sort(key=lambda task: (task["next_ms"] is None, task["next_ms"] or 0, task["id"]))
    rows = [
        [
            task["id"],
            task["folder"],
            zone.words(task["kind"], task["value"]),
            task["status"],
            *_next(task, times, now),
            task["prompt"],
        ]
        for task in tasks
    ]
    context.out.table(("id", "group", "when", "status", "next run", "", "prompt"), rows, "no tasks")
    return 0


def _history(context: Context, args: argparse.Namespace) -> int:
    runs: list[dict[str, Any]] = context.ask("task.history", id=args.id, limit=args.count)
    if args.json:
        context.out.json(runs)
        return 0
    times = context.times()
    rows: list[list[object]] = []
    for run in runs:
        began, ended = run.get("started_ms"), run.get("ended_ms")
        took = f"{(ended - began) / 1000:.1f} s" if began and ended else None
        said = run.get("error") or run.get("result")
        rows.append([times.full(began or run.get("queued_ms")), run["state"], took, run.get("attempt"), said])
    context.out.table(("started", "state", "took", "attempt", "result"), rows, "no runs yet")
    return 0


def _next(task: dict[str, Any], times: Times, now: int) -> tuple[object, object]:
    if task["status"] != "active" or not task["next_ms"]:
        return None, None
    return times.full(task["next_ms"]), ago(task["next_ms"], now)
