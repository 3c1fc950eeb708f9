"""`barnacle cancel` and `barnacle budget`: ending a run, and what runs may spend on a language model."""

import argparse
from typing import Any

from app.cli.command import Subparsers, command
from app.cli.context import Context
from app.cli.output import clean

_MICRO = 1_000_000
_MORE = """Per group and day. What a run would start beyond it is refused until midnight. 0 is no limit. With --group
for that group alone; with --default too, that group has the budget for all again."""


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    example = "barnacle cancel family"
    one = command(commands, "cancel", "end the run of a group", cancel, example=example, json=True)
    one.add_argument("group", metavar="GROUP")
    example = "barnacle budget --tokens 200000 --usd 0.50"
    one = command(commands, "budget", "set what runs may spend", _budget, example=example, json=True, more=_MORE)
    one.add_argument("--tokens", metavar="N", type=_tokens, help="tokens in and out")
    one.add_argument("--usd", metavar="AMOUNT", type=_micro_usd, help="money, by the prices in config.toml")
    one.add_argument("--group", metavar="GROUP", help="for this group in place of the budget for all")
    one.add_argument("--default", action="store_true", help="with --group: the budget for all again")


def cancel(context: Context, args: argparse.Namespace) -> int:
    """End the run of args.group."""
    cancelled: dict[str, Any] = context.ask("run.cancel", folder=args.group)
    if args.json:
        context.out.json(cancelled)
    else:
        context.out.line(f"the run of {clean(args.group)} is cancelled")
    return 0


def _budget(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError

    wanted = {"budget_tokens": args.tokens, "budget_micro_usd": args.usd}
    given = {name: value for name, value in wanted.items() if value is not None}
    if args.default and (given or not args.group):
        raise UsageError("--default goes with --group alone", "barnacle budget --group GROUP --default")
    if not given and not args.default:
        raise UsageError("nothing to set", "give --tokens, --usd or both")
    if args.group:
        return _group_budget(context, args, dict.fromkeys(wanted) if args.default else given)
    settings: dict[str, Any] = context.ask("settings.set", **given)
    if args.json:
        context.out.json({name: settings[name] for name in wanted})
        return 0
    tokens, micro_usd = (settings[name] for name in wanted)
    context.out.line(f"each group may use {_tokens_said(tokens)} and {_money_said(micro_usd)} a day")
    return 0


def _group_budget(context: Context, args: argparse.Namespace, fields: dict[str, int | None]) -> int:
    group: dict[str, Any] = context.ask("group.set", folder=args.group, **fields)
    if args.json:
        context.out.json({name: group.get(name) for name in ("budget_tokens", "budget_micro_usd")})
        return 0
    context.out.line(f"{clean(args.group)} may use {budget_said(group) or 'what the budget for all says'} a day")
    return 0


def budget_said(group: dict[str, Any]) -> str:
    """The group's own budget in words; "" when it has none."""
    tokens, micro_usd = group.get("budget_tokens"), group.get("budget_micro_usd")
    said = [] if tokens is None else [_tokens_said(tokens)]
    return " and ".join(said if micro_usd is None else [*said, _money_said(micro_usd)])


def _tokens_said(tokens: int) -> str:
    return f"{tokens} tokens" if tokens else "any number of tokens"


def _money_said(micro_usd: int) -> str:
    return f"{micro_usd / _MICRO:.2f} USD" if micro_usd else "any amount of money"


def _tokens(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens")
    return int(text)


def _micro_usd(text: str) -> int:
    whole, _, part = text.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(whole) > 6 or len(part) > 6:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of money (write 0.50)")
    return int(whole or "0") * _MICRO + int(part.ljust(6, "0"))
