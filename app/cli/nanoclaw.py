"""`barnacle parity check` and `barnacle import nanoclaw`: looking at a NanoClaw installation, and leaving it."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Client, Context
from app.cli.output import clean

if TYPE_CHECKING:
    from app.host.nanoclaw.findings import Findings
    from app.host.nanoclaw.steps import BoxNow, Plan

_COLOURS = {"error": "red", "warning": "yellow", "info": "dim"}


def add(commands: Subparsers, parity: Subparsers) -> None:
    """Declare `import` below `commands` and `check` below the family `parity`."""
    one = command(
        parity,
        "check",
        "look for mistakes in a NanoClaw database",
        _check,
        example="barnacle parity check --db ~/nanoclaw/store/messages.db",
        json=True,
        more="Looks at tables, keys, references, values and cursors. The file is only read. Exit code 1 with errors.",
    )
    one.add_argument("--db", metavar="FILE", type=Path, required=True, help="NanoClaw's store/messages.db")
    one.add_argument("--fixtures", metavar="DIR", type=Path, help="also hold its columns against these recordings")
    bring = family(
        commands, "import", "take over from another assistant", example="barnacle import nanoclaw ~/nanoclaw"
    )
    one = command(
        bring,
        "nanoclaw",
        "bring groups, tasks and messages of a NanoClaw folder to the box",
        _import,
        example="barnacle import nanoclaw ~/nanoclaw --dry-run\nbarnacle import nanoclaw ~/nanoclaw",
        json=True,
        more="Stop NanoClaw first. Its folder is only read. Every thing found is reported with what becomes of it:\n"
        "taken, changed (and how), kept (on this machine, as the box has no place for it) or left out (and why).\n"
        "Groups are paused until all is there; those in which messages wait that NanoClaw had not handed over stay so\n"
        "until `barnacle group resume`, or are served at the end with --resume.\n"
        "Run again, it takes only what is not there yet. Exit code 1 when the box refused something.",
    )
    one.add_argument("folder", metavar="DIR", type=Path, help="the folder that holds store/, data/ and groups/")
    one.add_argument("--dry-run", action="store_true", help="only say what would be done")
    one.add_argument(
        "--keep-addresses", action="store_true", help="keep chat addresses that no gateway of Barnacle's serves"
    )
    one.add_argument("--resume", action="store_true", help="let the box answer waiting messages at once")
    one.add_argument("--user-home", metavar="DIR", type=Path, help="home of NanoClaw's user (this user's)")


def _check(context: Context, args: argparse.Namespace) -> int:
    from app.host.nanoclaw.check import check
    from app.host.nanoclaw.recordings import recorded_columns

    findings = check(args.db, recorded_columns(args.fixtures) if args.fixtures else None)
    if args.json:
        context.out.json(findings.as_json())
    else:
        _print_findings(context, findings)
    return 0 if findings.sound else 1


def _print_findings(context: Context, findings: "Findings") -> None:
    for finding in findings.kept:
        where = " ".join(clean(part) for part in (finding.table, finding.row) if part)
        severity = context.out.styled(finding.severity, _COLOURS[finding.severity])
        context.out.line(f"{severity} {where}: {clean(finding.what)}".replace(" :", ":"))
        context.out.line(f"    {clean(finding.remedy)}")
    left_out = findings.as_json()["left_out"]
    if left_out:
        context.out.line(f"{left_out} further findings are not shown")
    counts = findings.counts
    context.out.line(f"{counts['error']} errors, {counts['warning']} warnings, {counts['info']} notes")


def _import(context: Context, args: argparse.Namespace) -> int:
    from app.host.nanoclaw.folder import read
    from app.host.nanoclaw.hold import UNFINISHED, Hold
    from app.host.nanoclaw.import_run import keep
    from app.host.nanoclaw.steps import Choices

    folder = read(args.folder, args.user_home or Path.home())
    choices = Choices(keep_addresses=args.keep_addresses, resume=args.resume)
    if args.dry_run:
        plan, box = _planned(context, folder, choices)
        _report(context, args, plan, box, [])
        return 0
    place = context.paths.state / "nanoclaw"
    hold = Hold(place / UNFINISHED)
    plan, done = context.with_client(lambda client: _carry_out(client, folder, choices, hold))
    kept = keep(plan, folder, place)
    _report(context, args, plan, "", kept)
    return 0 if done else 1


def _planned(context: Context, folder: Any, choices: Any) -> "tuple[Plan, str]":
    """The plan for the box as it is, or for an empty one when it cannot be asked, with the reason."""
    from app.errors import ProblemError
    from app.host.nanoclaw.plan import make
    from app.host.nanoclaw.steps import BoxNow

    try:
        box, why = context.with_client(_box_now), ""
    except ProblemError as error:
        box, why = BoxNow(), f"planned for an empty box: {error.message}"
    return make(folder, box, choices), why


async def _box_now(client: Client) -> "BoxNow":
    from app.host.nanoclaw.steps import BoxNow

    return BoxNow(await client.request("groups"), await client.request("tasks"))


async def _carry_out(client: Client, folder: Any, choices: Any, hold: Any) -> "tuple[Plan, bool]":
    from app.host.nanoclaw.import_run import carry_out
    from app.host.nanoclaw.plan import make

    plan = make(folder, await _box_now(client), choices)

    async def ask(name: str, args: dict[str, Any]) -> Any:
        return await client.request(name, **args)

    return plan, await carry_out(plan, ask, hold)


def _report(context: Context, args: argparse.Namespace, plan: "Plan", note: str, kept: list[Path]) -> None:
    from dataclasses import asdict

    from app.host.nanoclaw.steps import OUTCOMES

    counts = Counter(entry.outcome for entry in plan.entries)
    if args.json:
        report = {
            "dry_run": args.dry_run,
            "note": note,
            "counts": {outcome: counts[outcome] for outcome in OUTCOMES},
            "entries": [asdict(entry) for entry in plan.entries],
            "kept": [str(path) for path in kept],
        }
        context.out.json(report)
        return
    rows = [(entry.outcome, entry.kind, entry.name, entry.why) for entry in plan.entries]
    context.out.table(("outcome", "what", "name", "why"), rows, "nothing found")
    for path in kept:
        context.out.line(f"kept: {clean(path)}")
    if note:
        context.out.line(clean(note))
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    context.out.line(f"{'dry run, nothing was done: ' if args.dry_run else ''}{said}")
