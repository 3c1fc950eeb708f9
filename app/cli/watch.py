"""`barnacle watch`: every event as a line of JSON."""

import argparse
from typing import Any

from app.cli.command import Subparsers, command
from app.cli.context import Client, Context


def add(commands: Subparsers) -> None:
    """Declare the command."""
    one = command(
        commands,
        "watch",
        "print events as JSON lines, until Ctrl-C",
        _watch,
        example="barnacle watch --kind msg.out --kind run.ended\nbarnacle watch --count 1",
    )
    one.add_argument("--kind", action="append", metavar="KIND", help="only this kind; may be given several times")
    one.add_argument("--count", type=_count, metavar="COUNT", help="end after so many")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def _watch(context: Context, args: argparse.Namespace) -> int:
    async def watch(client: Client) -> None:
        left: int | None = args.count
        async for event in client.events():
            if args.kind and event.kind not in args.kind:
                continue
            context.out.json_line(_plain(event))
            left = left - 1 if left is not None else None
            if left == 0:
                return

    context.with_client(watch)
    return 0


def _plain(event: Any) -> dict[str, Any]:
    return {"kind": event.kind, "body": event.body}
