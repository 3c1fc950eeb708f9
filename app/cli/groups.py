"""`barnacle groups` and `barnacle group …`: the groups the assistant serves."""

import argparse
from typing import Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.duration import ago
from app.cli.output import clean
from app.cli.runs import budget_said
from app.cli.times import now_ms


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    command(commands, "groups", "list the groups", _list, example="barnacle groups", json=True)
    group = family(
        commands, "group", "change the groups", example="barnacle group add family 'Family' --trigger @Barney"
    )
    one = command(group, "add", "register a group", _add, example="barnacle group add family 'Family'", json=True)
    one.add_argument("folder", metavar="GROUP", help="short name: letters, digits, dashes")
    one.add_argument("name", metavar="NAME", nargs="?", help="display name (the short name)")
    one.add_argument("--jid", help="address in the chat application (console:GROUP)")
    _add_trigger(one)
    one = command(group, "set", "change a group", _set, example="barnacle group set family --no-trigger", json=True)
    one.add_argument("folder", metavar="GROUP")
    one.add_argument("--name", help="display name")
    _add_trigger(one)
    for verb, does in (("remove", "forget"), ("pause", "stop serving"), ("resume", "go on serving")):
        summary = f"{does} a group"
        one = command(group, verb, summary, _act, example=f"barnacle group {verb} family")
        one.add_argument("folder", metavar="GROUP")
        one.set_defaults(verb=verb)


def _add_trigger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trigger", metavar="@NAME", help="word that a message must start with")
    parser.add_argument("--no-trigger", action="store_true", help="answer every message")
    parser.add_argument("--needs-trigger", action="store_true", help="answer only messages with the trigger")


def _list(context: Context, args: argparse.Namespace) -> int:
    groups: list[dict[str, Any]] = context.ask("groups")
    if args.json:
        context.out.json(groups)
        return 0
    now = now_ms()
    rows = [
        [
            group["folder"],
            group["name"],
            group["trigger"] if group["requires_trigger"] else "every message",
            "paused" if group["paused"] else group["state"],
            group["depth"],
            group["task_count"],
            ago(group["last_message_ms"], now) if group.get("last_message_ms") else None,
            budget_said(group) or None,
        ]
        for group in groups
    ]
    heads = ("group", "name", "answers to", "state", "waiting", "tasks", "last message", "own budget a day")
    context.out.table(heads, rows, "no groups yet; add one: barnacle group add GROUP NAME")
    return 0


def _add(context: Context, args: argparse.Namespace) -> int:
    fields = {"folder": args.folder, "name": args.name or args.folder, "jid": args.jid} | _trigger(args)
    return _done(context, args, "group.add", fields, "added")


def _set(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError

    fields = {"folder": args.folder, "name": args.name} | _trigger(args)
    if len([value for value in fields.values() if value is not None]) < 2:
        raise UsageError("nothing to change", "give --name, --trigger, --needs-trigger or --no-trigger")
    return _done(context, args, "group.set", fields, "changed")


def _act(context: Context, args: argparse.Namespace) -> int:
    context.ask(f"group.{args.verb}", folder=args.folder)
    done = {"remove": "removed", "pause": "paused", "resume": "resumed"}[args.verb]
    context.out.line(f"{clean(args.folder)} {done}")
    return 0


def _trigger(args: argparse.Namespace) -> dict[str, Any]:
    from app.errors import UsageError

    if args.no_trigger and (args.needs_trigger or args.trigger):
        raise UsageError("--no-trigger goes with neither --trigger nor --needs-trigger", "give one of them")
    needs = False if args.no_trigger else True if args.needs_trigger or args.trigger else None
    return {"trigger": args.trigger, "requires_trigger": needs}


def _done(context: Context, args: argparse.Namespace, name: str, fields: dict[str, Any], said: str) -> int:
    result = context.ask(name, **{key: value for key, value in fields.items() if value is not None})
    if args.json:
        context.out.json(result)
    else:
        context.out.line(f"{clean(args.folder)} {said}")
    return 0
