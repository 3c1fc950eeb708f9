"""`barnacle replay` and `barnacle record`: timelines, played again and recorded."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.command import Subparsers, command
from app.cli.context import Context
from app.cli.output import Output, clean, clean_lines

if TYPE_CHECKING:
    from app.host.replay.judge import Verdict
    from app.host.replay.replay import FileReport


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    one = command(
        commands,
        "replay",
        "play recorded timelines through the real host and compare",
        _replay,
        example="barnacle replay tests/golden/replay.json\n"
        "barnacle replay monday.json --on desktop\n"
        "barnacle replay incident.tar.gz --json",
        json=True,
        more="FILE is NanoClaw's replay.json, what `barnacle record` wrote, or a bundle of `incident export`.\n"
        "Prompts, replies, their order and the final state are compared (docs/replay.md). Exit code 1 when a case\n"
        "differs for any other reason than a defect of NanoClaw that Barnacle repairs.",
    )
    one.add_argument("files", metavar="FILE", type=Path, nargs="+", help="what to replay")
    one.add_argument("--on", choices=("both", "desktop", "box"), default="both", help="which host plays it (both)")
    one.add_argument("--case", metavar="ID", action="append", default=[], help="only this case; repeatable")
    one.add_argument("--verbose", action="store_true", help="show how exempt cases differ, too")
    two = command(
        commands,
        "record",
        "record what the running appliance does, as a timeline",
        _record,
        example="barnacle record --out monday.json --seconds 3600\nbarnacle replay monday.json",
        more="It ends after --seconds or with Ctrl-C. The file holds messages as they were written: keep it private.",
    )
    two.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to write it")
    two.add_argument("--seconds", metavar="COUNT", type=_seconds, help="how long (until Ctrl-C)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 7 * 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds up to a week")
    return seconds


def _replay(context: Context, args: argparse.Namespace) -> int:
    from app.host.replay.judge import FAILED
    from app.host.replay.replay import replay_files

    reports = replay_files(args.files, args.on, args.case)
    if args.json:
        context.out.json({"on": args.on, "files": [report.json() for report in reports]})
    else:
        for report in reports:
            _print(context.out, report, args.verbose)
    return 1 if any(report.count(FAILED) for report in reports) else 0


def _print(out: Output, report: "FileReport", verbose: bool) -> None:
    from app.host.replay.judge import EXEMPTED, FAILED

    styles = {"passed": "green", FAILED: "red", EXEMPTED: "dim"}
    for verdict in report.verdicts:
        quirks = f"  ({clean(', '.join(verdict.quirks))})" if verdict.quirks else ""
        word = out.styled(f"{verdict.verdict:<6}", styles[verdict.verdict])
        out.line(f"{word}  {clean(verdict.id)}  {clean(verdict.name)}{quirks}")
        if verdict.verdict == FAILED or verbose:
            _print_differences(out, verdict)
    style = "red" if report.count(FAILED) else "green"
    out.line(f"{clean(report.name)}  {out.styled(report.words, style)}")


def _print_differences(out: Output, verdict: "Verdict") -> None:
    for difference in verdict.differences:
        phase = f"phase {difference.phase + 1}, " if difference.phase else ""
        out.line(f"    {clean(difference.where)}  ({phase}{difference.t / 1000:.3f} s)")
        for sign, text in (("-", difference.expected), ("+", difference.got)):
            for line in clean_lines(text).splitlines() or [""]:
                out.line(out.styled(f"      {sign} {line}", "red" if sign == "-" else "green"))


def _record(context: Context, args: argparse.Namespace) -> int:
    from app.host.private_file import write_private
    from app.host.replay.record import record, written

    timeline = context.with_client(lambda client: record(client, args.seconds))
    write_private(args.out, written(timeline))
    events = len(timeline["phases"][0]["events"])
    replies = len(timeline["phases"][0]["expected"]["out"])
    context.out.line(f"{args.out}: {events} events, {replies} replies; play it with: barnacle replay {args.out}")
    return 0
