"""`barnacle schedule next`: when an expression comes true, computed as the box does, without one running."""

import argparse
from typing import Any

from app.cli.command import Subparsers, command
from app.cli.context import Context
from app.cli.duration import ago
from app.cli.times import Times, now_ms


def add(schedule: Subparsers) -> None:
    """Declare the command."""
    one = command(
        schedule,
        "next",
        "show when a cron expression comes true next",
        _next,
        example="barnacle schedule next '30 2 * * *' --zone Europe/Berlin -n 3",
        json=True,
        more="Days on which clocks change are marked: a time in the skipped hour or in the repeated one.",
    )
    one.add_argument("expression", metavar="EXPR", help='minute hour day month weekday, e.g. "30 8 * * 1-5"')
    one.add_argument("--zone", metavar="ZONE", help="IANA zone (the settings' one)")
    one.add_argument("--after", metavar="TIME", help='count from this local time, e.g. "2026-10-24 00:00" (now)')
    one.add_argument("-n", dest="count", type=_count, metavar="COUNT", default=5, help="how many, up to 100 (5)")


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)


def _next(context: Context, args: argparse.Namespace) -> int:
    from app.cli.schedule_words import local_time
    from app.host.box_time import BoxZone

    zone_name = args.zone or context.settings.zone
    zone = BoxZone(zone_name)
    now = now_ms()
    after = zone.utc_ms(local_time(args.after)) if args.after else now
    found = zone.next_runs(args.expression, after, args.count)
    words = zone.words("cron", args.expression)
    times = Times(zone_name)
    runs = [{"utc_ms": ms, "local": times.with_offset(ms), "note": zone.clock_change(ms)} for ms in found]
    if args.json:
        context.out.json({"zone": zone_name, "words": words, "runs": runs})
        return 0
    context.out.line(f"{words} ({zone_name})")
    _print(context, runs, now)
    return 0


def _print(context: Context, runs: list[dict[str, Any]], now: int) -> None:
    rows = [[run["local"], ago(run["utc_ms"], now), run["note"]] for run in runs]
    if any(run["note"] for run in runs):
        context.out.table(("local time", "", "note"), rows)
    else:
        context.out.table(("local time", ""), [row[:2] for row in rows])
