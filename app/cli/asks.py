"""`barnacle asks`, `approve`, `deny` and `override …`: what runs want decided, and exceptions to the rules."""

import argparse
from typing import Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Client, Context
from app.cli.duration import duration_ms, length
from app.cli.output import clean
from app.cli.times import now_ms

MINUTE_MS = 60_000
A_WHILE_MS = 15 * MINUTE_MS
LONGEST_MS = 24 * 60 * MINUTE_MS
ANSWERED = {"approved": "approved", "denied": "denied", "expired": "nobody answered"}


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    example = "barnacle asks\nbarnacle asks --follow"
    one = command(commands, "asks", "show what waits for your decision", _list, example=example, json=True)
    one.add_argument("--all", action="store_true", help="answered ones too")
    one.add_argument("--follow", action="store_true", help="go on with what is asked from now on")
    example = "barnacle approve k3x9\nbarnacle approve k3x9 --for 15m"
    one = command(commands, "approve", "say yes to what a run asks", _approve, example=example, json=True)
    one.add_argument("id", metavar="ID", help="a unique part is enough")
    one.add_argument(
        "--for", dest="length", metavar="15m", type=_a_while, help="let the same through for the next 15 minutes too"
    )
    one = command(commands, "deny", "say no to what a run asks", _deny, example="barnacle deny k3x9", json=True)
    one.add_argument("id", metavar="ID", help="a unique part is enough")
    _add_overrides(commands)


def _add_overrides(commands: Subparsers) -> None:
    example = "barnacle override add api.example --for 2h --reason 'trying the new service' --group family"
    override = family(commands, "override", "exceptions to the egress rules, with an end", example=example)
    one = command(
        override,
        "add",
        "open one host for a while",
        _add,
        example=example,
        json=True,
        more="It ends by itself, after 24 hours at the latest, also across reboots. Metadata addresses, this machine"
        " and Barnacle's own services stay closed whatever it says.",
    )
    one.add_argument("host", metavar="HOST", help="a name or an address")
    one.add_argument("--for", dest="length", metavar="LENGTH", type=_length, required=True, help="e.g. 30m, 2h; to 24h")
    one.add_argument("--reason", metavar="TEXT", required=True, help="what it is for; the audit keeps it")
    one.add_argument("--group", metavar="GROUP", help="for this group only")
    one.add_argument("--port", metavar="PORT", type=_port, help="for this port only")
    one.add_argument("--method", metavar="METHOD", action="append", type=str.upper, help="for this method only (again)")
    command(override, "list", "show the exceptions in force", _overrides, example="barnacle override list", json=True)
    one = command(
        override, "remove", "end an exception now", _remove, example="barnacle override remove k3x9", json=True
    )
    one.add_argument("id", metavar="ID", help="a unique part is enough")


def _a_while(text: str) -> int:
    if duration_ms(text) != A_WHILE_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is not 15m; for another time use: barnacle override add")
    return A_WHILE_MS


def _length(text: str) -> int:
    ms = duration_ms(text)
    if ms < MINUTE_MS or ms > LONGEST_MS or ms % MINUTE_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is not whole minutes from 1m to 24h")
    return ms


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _list(context: Context, args: argparse.Namespace) -> int:
    if args.follow:
        return context.with_client(lambda client: _follow(client, context, args.json))
    asks: list[dict[str, Any]] = context.ask("asks", **({"all": True} if args.all else {}))
    shown = [ask for ask in asks if args.all or ask["state"] == "open"]
    if args.json:
        context.out.json(shown)
        return 0
    now = now_ms()
    rows = [[ask["id"], ask["folder"], _wish(ask), ask["args"], ask["why"], _left(ask, now)] for ask in shown]
    context.out.table(("id", "group", "wants", "arguments", "why it asks", "left"), rows, "nothing waits for you")
    return 0


async def _follow(client: Client, context: Context, as_json: bool) -> int:
    events = client.events()
    for ask in await client.request("asks"):
        if ask["state"] == "open":
            _print(context, ask, as_json)
    async for event in events:
        if event.kind == "ask.set":
            _print(context, event.body, as_json)
    return 0


def _print(context: Context, ask: dict[str, Any], as_json: bool) -> None:
    if as_json:
        context.out.json_line(ask)
        return
    state = "asks" if ask["state"] == "open" else ANSWERED.get(ask["state"], ask["state"])
    words = (ask["id"], ask["folder"], state, _wish(ask), ask["args"])
    context.out.line("  ".join(clean(word) for word in words if word))


def _wish(ask: dict[str, Any]) -> str:
    return " ".join(str(ask.get(key) or "") for key in ("tool", "method", "host")).strip()


def _left(ask: dict[str, Any], now: int) -> str:
    if ask["state"] != "open":
        return f"{ANSWERED.get(ask['state'], ask['state'])} by {ask['by']}" if ask.get("by") else str(ask["state"])
    return length(max(0, ask["expires_ms"] - now))


def _approve(context: Context, args: argparse.Namespace) -> int:
    return _answer(context, args, "15min" if args.length else "once")


def _deny(context: Context, args: argparse.Namespace) -> int:
    return _answer(context, args, "deny")


def _answer(context: Context, args: argparse.Namespace, answer: str) -> int:
    result: dict[str, Any] = context.ask("ask.answer", id=args.id, answer=answer)
    if args.json:
        context.out.json(result)
        return 0
    words = {"once": "approved", "15min": "approved, and open for 15 minutes", "deny": "denied"}[answer]
    context.out.line(f"{clean(result['id'])} {words}")
    return 0


def _add(context: Context, args: argparse.Namespace) -> int:
    wish: dict[str, Any] = {"host": args.host, "minutes": args.length // MINUTE_MS, "reason": args.reason}
    wish |= {"group": args.group, "port": args.port, "methods": args.method}
    result = context.ask("override.add", **{key: value for key, value in wish.items() if value is not None})
    if args.json:
        context.out.json(result)
        return 0
    context.out.line(f"{clean(result['id'])}: {_scope(result)} is open until {context.times().full(result['end_ms'])}")
    return 0


def _overrides(context: Context, args: argparse.Namespace) -> int:
    found: list[dict[str, Any]] = context.ask("overrides")
    if args.json:
        context.out.json(found)
        return 0
    times = context.times()
    rows = [[one["id"], _scope(one), one["reason"], one["by"], times.full(one["end_ms"])] for one in found]
    context.out.table(("id", "opens", "reason", "by", "ends"), rows, "no exceptions are in force")
    return 0


def _remove(context: Context, args: argparse.Namespace) -> int:
    result = context.ask("override.remove", id=args.id)
    if args.json:
        context.out.json(result)
    else:
        context.out.line(f"{clean(result['id'])} ended")
    return 0


def _scope(override: dict[str, Any]) -> str:
    port = f":{override['port']}" if override.get("port") else ""
    methods = " " + ",".join(override["methods"]) if override.get("methods") else ""
    group = f" for {override['group']}" if override.get("group") else " for every group"
    return clean(f"{override['host']}{port}{methods}{group}")
