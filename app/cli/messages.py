"""`barnacle send` and `barnacle messages`: write into a group, read what was written."""

import argparse
import sys
from typing import Any

from app.cli.command import Subparsers, command, limit
from app.cli.context import Client, Context
from app.cli.duration import seconds
from app.cli.output import clean, clean_lines

WAIT_NOTHING = 1


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    send = command(
        commands,
        "send",
        "send a message to a group",
        _send,
        example="barnacle send main 'remind me at 17:00 to water the plants' --wait 30\n"
        "echo '@Barnacle what is next?' | barnacle send family -",
        json=True,
    )
    send.add_argument("group", metavar="GROUP", help="the group's folder")
    send.add_argument("text", metavar="TEXT", help='the message; "-" reads it from stdin')
    send.add_argument("--id", help="message id; the same id is taken only once")
    send.add_argument("--name", metavar="SENDER", help="the sender's name that the assistant sees")
    send.add_argument("--wait", metavar="SECONDS", type=seconds, help="wait for the reply and print it")
    history = command(
        commands,
        "messages",
        "show a group's latest messages",
        _messages,
        example="barnacle messages main -n 20",
        json=True,
    )
    history.add_argument("group", metavar="GROUP", help="the group's folder")
    history.add_argument("-n", dest="count", metavar="COUNT", type=limit, default=20, help="how many (20)")


def _send(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError

    text = sys.stdin.read() if args.text == "-" else args.text
    if not text.strip():
        raise UsageError("the message is empty", "give a text, or - to read it from stdin")
    request = {"folder": args.group, "text": text, "id": args.id, "sender_name": args.name}
    request = {name: value for name, value in request.items() if value is not None}
    answer, replies = context.with_client(lambda client: _send_and_wait(client, request, args.wait))
    if args.json:
        context.out.json(answer | ({"replies": replies} if args.wait else {}))
    else:
        _print_sent(context, answer, replies, args.wait)
    return WAIT_NOTHING if args.wait and not replies else 0


async def _send_and_wait(client: Client, request: dict[str, Any], wait_s: float | None) -> tuple[Any, list[Any]]:
    import asyncio

    if wait_s is None:
        return await client.request("send", **request), []
    events = client.events()  # from now on, so that a quick reply is not missed
    first = asyncio.create_task(_replies(events, request["folder"]), name="replies")
    try:
        answer = await client.request("send", **request)
        try:
            async with asyncio.timeout(wait_s):
                return answer, [await first]
        except TimeoutError:
            return answer, []
    finally:
        first.cancel()


async def _replies(events: Any, folder: str) -> dict[str, Any]:
    async for event in events:
        if event.kind == "msg.out" and event.body.get("folder") == folder:
            return event.body
    raise ConnectionError("the events ended")


def _print_sent(context: Context, answer: dict[str, Any], replies: list[Any], wait_s: float | None) -> None:
    if replies:
        for reply in replies:
            context.out.line(clean_lines(reply["text"]))
        return
    if answer.get("queued"):
        said = "held on the laptop until the box is there"
    else:
        said = "stored by the box" if answer.get("accepted") else "sent"
    waited = f"; no reply within {wait_s:g} s (a group that needs a trigger answers only to it)" if wait_s else ""
    context.out.line(f"{said} ({clean(answer['id'])}){waited}")


def _messages(context: Context, args: argparse.Namespace) -> int:
    found: list[dict[str, Any]] = context.ask("messages", folder=args.group, limit=args.count)
    if not found and args.group not in {group["folder"] for group in context.ask("groups")}:
        from app.errors import ProblemError

        raise ProblemError(f"there is no group {clean(args.group)}", "see: barnacle groups")
    if args.json:
        context.out.json(found)
        return 0
    times = context.times()
    if not found:
        context.out.line(f"no messages in {clean(args.group)}")
    for one in found:
        name = clean(one["sender_name"]) or "?"
        head = context.out.styled(name, "cyan" if one.get("from_me") or one.get("run") else "bold")
        text = clean_lines(one["text"]).replace("\n", "\n    ")
        context.out.line(f"{context.out.styled(times.second(one['ts_ms']), 'dim')}  {head}: {text}")
    return 0
