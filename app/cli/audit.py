"""`barnacle audit`: what was decided, by which rule. `tail` reads the mirror; the others are in audit_chain.py."""

import argparse
import sys
from collections import Counter
from typing import Any, cast

from app.cli import audit_chain
from app.cli.command import Subparsers, command, family, limit
from app.cli.context import Client, Context
from app.cli.output import clean
from app.cli.times import Times

_STYLE = {"allow": "green", "deny": "red", "info": "dim"}


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    audit = family(commands, "audit", "what was decided, and by which rule", example="barnacle audit tail -n 50")
    one = command(
        audit, "tail", "show the latest audit records", _tail, example="barnacle audit tail --follow", json=True
    )
    one.add_argument("-n", dest="count", metavar="COUNT", type=limit, default=20, help="how many (20)")
    one.add_argument("-f", "--follow", action="store_true", help="go on as new ones come, until Ctrl-C")
    audit_chain.add(audit, lambda context, event: _print_line(context, context.times(), event))


def _tail(context: Context, args: argparse.Namespace) -> int:
    times = context.times()

    async def tail(client: Client) -> None:
        events = client.events()
        records: list[dict[str, Any]] = await client.request("audit", limit=args.count)
        if args.json and not args.follow:
            context.out.json(records)
            return
        shown: Counter[str] = Counter()
        for record in sorted(records, key=lambda one: one["ts_ms"]):
            _print(context, args, times, record)
            shown[_sameness(record)] += 1
        if not args.follow:
            return
        async for event in events:
            if event.kind == "audit":
                if shown[_sameness(event.body)]:  # it came as an event as well while the records were read
                    shown[_sameness(event.body)] -= 1
                    continue
                _print(context, args, times, event.body)
            elif event.kind == "client.thinned":
                print(f"{event.body['count']} events were left out; see: barnacle audit tail", file=sys.stderr)

    context.with_client(tail)
    return 0


def _print(context: Context, args: argparse.Namespace, times: Times, record: dict[str, Any]) -> None:
    if args.json:
        context.out.json_line(record)
        return
    _print_line(context, times, record)


def _print_line(context: Context, times: Times, record: dict[str, Any]) -> None:
    decision = context.out.styled(
        f"{clean(record.get('decision', '')):<5}", _STYLE.get(record.get("decision", ""), "bold")
    )
    what = f"{clean(record.get('what', '?'))} by {clean(_actor(record.get('actor')))}"
    folder = f" in {clean(record['folder'])}" if record.get("folder") else ""
    why = clean(" ".join(str(record[part]) for part in ("rule", "reason", "detail") if record.get(part)))
    context.out.line(
        f"{times.second(record.get('ts_ms', 0))}  {decision}  {what}{folder}" + (f"  ({why})" if why else "")
    )


def _sameness(record: dict[str, Any]) -> str:
    """What a record from the mirror and the event of the same have in common."""
    fields = ("ts_ms", "what", "decision", "rule", "detail")
    return repr([*(record.get(name) for name in fields), _actor(record.get("actor")), record.get("folder") or ""])


def _actor(actor: Any) -> str:
    if not isinstance(actor, dict):
        return str(actor or "box")
    fields = cast("dict[str, Any]", actor)
    return str(fields.get("name") or fields.get("folder") or fields)
