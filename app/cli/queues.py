"""`barnacle queues …`: what runs and waits, per group or in one group, and what can be done about it."""

import argparse
import sys
from typing import Any

from app.cli import runs
from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.duration import ago, length
from app.cli.output import clean
from app.cli.status import slots
from app.cli.times import now_ms

EXAMPLE = "barnacle queues\nbarnacle queues family\nbarnacle queues retry family"
_MORE = "What a run has in hand is not dropped; `barnacle queues cancel` ends the run."


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    queues = family(commands, "queues", "what runs and waits, per group", example=EXAMPLE, default="show")
    example = "barnacle queues show\nbarnacle queues family --json"
    one = command(
        queues, "show", "show what runs and waits (the word can be left out)", _show, example=example, json=True
    )
    one.add_argument("group", metavar="GROUP", nargs="?", help="what waits in this group, and what it refused lately")
    example = "barnacle queues retry family"
    one = command(queues, "retry", "try a group again now, not later", _retry, example=example, json=True)
    one.add_argument("group", metavar="GROUP")
    example = "barnacle queues drop family m4\nbarnacle queues drop family --all --yes"
    one = command(queues, "drop", "let go of what waits, unanswered", _drop, example=example, json=True, more=_MORE)
    one.add_argument("group", metavar="GROUP")
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", nargs="?", help="of a message or task run; a unique part is enough")
    which.add_argument("--all", action="store_true", help="all that waits in the group; asks first")
    one.add_argument("--yes", action="store_true", help="with --all: do not ask")
    example = "barnacle queues cancel family"
    one = command(queues, "cancel", "end the run of a group", runs.cancel, example=example, json=True)
    one.add_argument("group", metavar="GROUP")


def _show(context: Context, args: argparse.Namespace) -> int:
    return _show_one(context, args) if args.group else _show_all(context, args)


def _show_all(context: Context, args: argparse.Namespace) -> int:
    queue: dict[str, Any] | None = context.ask("queues")
    if args.json:
        context.out.json(queue)
        return 0
    if not queue:
        context.out.line("the box has not reported its queues yet")
        return 0
    now = now_ms()
    context.out.line(slots(queue))
    waiting = list(queue.get("waiting") or [])
    rows: list[list[object]] = []
    for folder, group in sorted(queue["groups"].items()):
        place = waiting.index(folder) + 1 if folder in waiting else None
        retry = group.get("retry_ms")
        rows.append(
            [folder, group["state"], group["depth"], place, ago(retry, now) if retry else None, group.get("run")]
        )
    context.out.table(("group", "state", "waiting", "place", "retry", "run"), rows, "nothing runs or waits")
    return 0


def _show_one(context: Context, args: argparse.Namespace) -> int:
    queue: dict[str, Any] = context.ask("queues") or {}
    group: dict[str, Any] = queue.get("groups", {}).get(args.group) or {"state": "idle"}
    contents: dict[str, Any] = context.ask("queue", folder=args.group)
    if args.json:
        context.out.json(contents | {"queue": group})
        return 0
    now = now_ms()
    retry = group.get("retry_ms")
    context.out.line(
        f"{clean(args.group)} {clean(group['state'])}" + (f", tries again {ago(retry, now)}" if retry else "")
    )
    for run in contents["runs"]:
        if run["state"] == "running":
            what = f"task {clean(run['task'])}" if run.get("task") else "answers messages"
            context.out.line(f"runs for {length(max(0, now - (run.get('started_ms') or now)))}: {what}")
    rows = [_run(run, now) for run in contents["runs"] if run["state"] == "queued"]
    rows += [_message(message, now) for message in contents["messages"]]
    context.out.table(("id", "from", "waits for", "text"), rows, "nothing waits")
    if contents["refused"]:
        times = context.times()
        context.out.line()
        refused = [[times.full(one["ts_ms"]), one["what"], _why(one)] for one in contents["refused"]]
        context.out.table(("refused lately", "what", "why"), refused)
    return 0


def _run(run: dict[str, Any], now: int) -> list[object]:
    asked = "asked for" if run.get("due_ms") is None else "schedule"
    return [run["id"], asked, length(max(0, now - (run.get("queued_ms") or now))), f"task {run['task']}"]


def _message(message: dict[str, Any], now: int) -> list[object]:
    return [message["id"], message["sender_name"], length(max(0, now - message["ts_ms"])), message["text"]]


def _why(record: dict[str, Any]) -> str:
    return " · ".join(str(record[name]) for name in ("reason", "rule") if record.get(name))


def _retry(context: Context, args: argparse.Namespace) -> int:
    result: dict[str, Any] = context.ask("queue.retry", folder=args.group)
    if args.json:
        context.out.json(result)
    else:
        context.out.line(f"{clean(args.group)} is tried again as soon as there is a slot")
    return 0


def _drop(context: Context, args: argparse.Namespace) -> int:
    if args.all and not args.yes and not _is_sure(args):
        context.out.line("nothing is dropped")
        return 1
    wish: dict[str, Any] = {"all": True} if args.all else {"id": args.id}
    result: dict[str, Any] = context.ask("queue.drop", folder=args.group, **wish)
    if args.json:
        context.out.json(result)
        return 0
    counts = ((result["messages"], "message"), (result["runs"], "task run"))
    dropped = " and ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count)
    context.out.line(f"dropped {dropped} of {clean(args.group)}")
    return 0


def _is_sure(args: argparse.Namespace) -> bool:
    from app.errors import UsageError

    if args.json or not sys.stdin.isatty():
        raise UsageError("dropping all wants to be confirmed", "say so with --yes")
    answer = input(f"Drop all that waits in {clean(args.group)}? Nobody will answer it. [y/N] ")
    return answer.strip().lower() in ("y", "yes")
