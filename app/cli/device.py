"""`barnacle device …`: the box as a machine: what it printed, and starting it anew."""

import argparse
import sys
from typing import Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Client, Context
from app.cli.output import clean

FOLLOW_S = 1.0
MOST_LINES = 500


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    device = family(commands, "device", "the box as a machine", example="barnacle device log -n 20 --follow")
    one = command(
        device,
        "log",
        "show what the box printed",
        _log,
        example="barnacle device log -n 20\nbarnacle device log --follow",
        more="It is kept where Barnacle runs, in logs/box.log; a board of its own prints to its serial port instead.",
        json=True,
    )
    one.add_argument(
        "-n", dest="lines", metavar="N", type=_lines, default=50, help=f"so many (50, at most {MOST_LINES})"
    )
    one.add_argument("--follow", action="store_true", help="go on with what it prints from now on")
    example = "barnacle device reboot --yes"
    one = command(device, "reboot", "start the box anew", _reboot, example=example, json=True)
    one.add_argument("--yes", action="store_true", help="do not ask")


def _lines(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_LINES:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {MOST_LINES}")
    return int(text)


def _log(context: Context, args: argparse.Namespace) -> int:
    return context.with_client(lambda client: _show(client, context, args))


async def _show(client: Client, context: Context, args: argparse.Namespace) -> int:
    import asyncio

    asked: dict[str, Any] = {"lines": args.lines}
    while True:
        found: dict[str, Any] = await client.request("box.log", **asked)
        if args.json and not args.follow:
            context.out.json(found["lines"])
            return 0
        for line in found["lines"]:
            if args.json:
                context.out.json_line(line)
            else:
                context.out.line(clean(line))
        if not args.follow:
            return 0
        asked = {"lines": MOST_LINES} | ({"mark": found["mark"]} if found["mark"] else {})
        await asyncio.sleep(FOLLOW_S)


def _reboot(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError

    if not args.yes:
        if args.json or not sys.stdin.isatty():
            raise UsageError("a reboot wants to be confirmed", "say so with --yes")
        if input("Start the box anew? What runs is queued again afterwards. [y/N] ").strip().lower() not in (
            "y",
            "yes",
        ):
            context.out.line("nothing was done")
            return 1
    result = context.ask("box.reboot")
    if args.json:
        context.out.json(result)
    else:
        context.out.line("the box starts anew")
    return 0
