"""`barnacle screen …`: see and touch the round screen."""

import argparse
from pathlib import Path

from app.cli.command import Subparsers, command, family
from app.cli.context import Client, Context

LAST_PIXEL = 359


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    screen = family(commands, "screen", "see and touch the round screen", example="barnacle screen shot screen.png")
    one = command(screen, "shot", "save a picture of the screen", _shot, example="barnacle screen shot screen.png")
    one.add_argument("out", metavar="OUT.png")
    one = command(screen, "tap", "tap the screen", _tap, example="barnacle screen tap 180 300 --hold 800")
    _add_point(one, "x", "y")
    one.add_argument("--hold", metavar="MS", type=_milliseconds, help="how long, in ms")
    one = command(screen, "swipe", "swipe over the screen", _swipe, example="barnacle screen swipe 300 180 60 180")
    _add_point(one, "x", "y")
    _add_point(one, "to_x", "to_y")
    one.add_argument("--ms", metavar="MS", type=_milliseconds, default=200, help="how long it takes (200)")


def _add_point(parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        parser.add_argument(name, metavar=name.upper(), type=_pixel, help=f"0 to {LAST_PIXEL}")


def _pixel(text: str) -> int:
    if not text.isdigit() or int(text) > LAST_PIXEL:
        raise argparse.ArgumentTypeError(f"{text!r} is not on the screen (0 to {LAST_PIXEL})")
    return int(text)


def _milliseconds(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 10000 ms")
    return int(text)


def _shot(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError
    from app.host.screen import to_image

    out = Path(args.out)
    if out.suffix.lower() != ".png" or not out.parent.is_dir():
        raise UsageError(f"cannot write {out}", "name a .png file in a folder that exists")
    to_image(context.with_client(lambda client: _frame(context, client))).save(out)
    context.out.line(f"{out} written")
    return 0


async def _frame(context: Context, client: Client) -> bytes:
    from app.host.screen_fetch import ScreenFetch

    async with ScreenFetch(context.credentials) as fetch:
        return await fetch.frame(client)


def _tap(context: Context, args: argparse.Namespace) -> int:
    context.ask("screen.tap", x=args.x, y=args.y, **({"hold_ms": args.hold} if args.hold else {}))
    context.out.line(f"tapped {args.x},{args.y}")
    return 0


def _swipe(context: Context, args: argparse.Namespace) -> int:
    context.ask("screen.swipe", x=args.x, y=args.y, to_x=args.to_x, to_y=args.to_y, ms=args.ms)
    context.out.line(f"swiped from {args.x},{args.y} to {args.to_x},{args.to_y}")
    return 0
