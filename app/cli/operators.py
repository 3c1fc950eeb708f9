"""`barnacle operator …`: who may ask the host, from this machine or another one."""

import argparse
from pathlib import Path

from app.cli.command import Subparsers, command, family
from app.cli.context import Context


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    example = "barnacle operator add kitchen --out kitchen.json --host 192.0.2.7"
    operator = family(commands, "operator", "who may ask the host, from which machine", example=example)
    one = command(
        operator,
        "add",
        "make a credential file for a dashboard on another machine",
        _add,
        example=f"{example}\nbarnacle --credentials kitchen.json status",
        more='Set bind = "0.0.0.0" under [mqtt] first, so that the other machine reaches the broker.',
    )
    one.add_argument("name", metavar="NAME", help="lower-case letters, digits, dashes")
    one.add_argument("--out", metavar="FILE", required=True, help="the file to write (mode 0600)")
    one.add_argument("--host", metavar="ADDRESS", help="this machine's address as the other one sees it")
    command(operator, "list", "show the operators", _list, example="barnacle operator list", json=True)
    one = command(
        operator, "remove", "take an operator's access away", _remove, example="barnacle operator remove kitchen"
    )
    one.add_argument("name", metavar="NAME")


def _add(context: Context, args: argparse.Namespace) -> int:
    from dataclasses import replace

    from app.cli.problems import RefusedError
    from app.host.keys import add_operator, remove_operator, write_credentials

    out = Path(args.out)
    if out.exists():
        raise RefusedError(f"{out} is already there", "choose another --out FILE, or remove it")
    keys = add_operator(context.paths.keys, args.name)
    credentials = keys.operator_credentials(args.name, context.settings.mqtt)
    if context.settings.box.id:
        credentials = replace(credentials, device=context.settings.box.id)
    if args.host:
        credentials = replace(credentials, host=args.host)
    try:
        write_credentials(out, credentials)
    except OSError:
        remove_operator(context.paths.keys, args.name)  # nobody has these keys: the name is free for another try
        raise
    context.out.line(f"{args.name} may ask the host now; its credentials are in {out} (keep them private)")
    return _reload(context)


def _remove(context: Context, args: argparse.Namespace) -> int:
    from app.host.keys import remove_operator

    remove_operator(context.paths.keys, args.name)
    context.out.line(f"{args.name} has no access any more")
    return _reload(context)


def _list(context: Context, args: argparse.Namespace) -> int:
    names = list(context.keys.operators)
    if args.json:
        context.out.json(names)
    for name in [] if args.json else names:
        context.out.line(name)
    return 0


def _reload(context: Context) -> int:
    """Let a running appliance read the keys again: its broker and host restart, which takes about a second."""
    from app.host.instance import running_pid, tell
    from app.host.supervisor import RELOAD

    if running_pid(context.paths):
        tell(context.paths, RELOAD)
    return 0
