"""`barnacle parity golden`: does this code do what NanoClaw was recorded to do?"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.output import Output, clean

if TYPE_CHECKING:
    from app.host.parity.report import FileReport, Report


def add(commands: Subparsers) -> Subparsers:
    """Declare the family; returns it for further commands."""
    parity = family(
        commands,
        "parity",
        "compare Barnacle with recordings of NanoClaw",
        example="barnacle parity golden tests/golden",
    )
    one = command(
        parity,
        "golden",
        "judge this code by a folder of golden files",
        _golden,
        example="barnacle parity golden tests/golden\n"
        "barnacle parity golden tests/golden --interpreter micropython --file queue",
        json=True,
        more="A case fails when Barnacle differs from its recording, and is exempt when it differs because of a quirk\n"
        "of NanoClaw that Barnacle repairs (app/host/parity/judges/exemptions.py). Exit code 1 when a case fails,\n"
        "when a file has no driver, and when nothing was judged.",
    )
    one.add_argument("folder", metavar="DIR", type=Path, help="where the golden files (*.json) are")
    one.add_argument(
        "--interpreter", choices=("cpython", "micropython"), default="cpython", help="what runs the code (cpython)"
    )
    one.add_argument(
        "--file", metavar="NAME", action="append", default=[], help="only this file, e.g. queue; repeatable"
    )
    one.add_argument("--jobs", metavar="COUNT", type=_jobs, default=2, help="interpreters at a time, 1 to 8 (2)")
    return parity


def _jobs(text: str) -> int:
    from app.host.limits import GOLDEN_JOBS

    if not text.isdigit() or not 1 <= int(text) <= GOLDEN_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {GOLDEN_JOBS}")
    return int(text)


def _golden(context: Context, args: argparse.Namespace) -> int:
    from app.host.parity.golden import judge_folder

    report = judge_folder(args.folder, args.interpreter, args.file, args.jobs)
    if args.json:
        context.out.json(report.json())
    else:
        _print(context.out, report)
    return 0 if report.agrees else 1


def _print(out: Output, report: "Report") -> None:
    from app.host.parity.report import words

    width = max(len(clean(file.name)) for file in report.files)
    for file in report.files:
        out.line(f"{clean(file.name):{width}}  {clean(file.skipped) or words(file.counts)}")
        _print_details(out, file)
    judged = any(file.verdicts for file in report.files)
    out.line(out.styled(words(report.counts), "green" if report.agrees else "red"))
    if not judged:
        out.line("nothing was judged")


def _print_details(out: Output, file: "FileReport") -> None:
    for failure in file.failures:
        where = f" at {clean(failure['where'])}" if failure["where"] else ""
        out.line(f"  {out.styled(clean(failure['id']), 'red')}{where}")
        out.line(f"    expected {clean(failure['expected'])}")
        out.line(f"    got      {clean(failure['got'])}")
    for exemption in file.exemptions:
        unmarked = f", {exemption['unmarked']} of them not marked" if exemption["unmarked"] else ""
        count = exemption["marked"] + exemption["unmarked"]
        out.line(out.styled(f"  {clean(exemption['quirk'])}: {count} exempt{unmarked}", "dim"))
