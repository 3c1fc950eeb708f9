"""`barnacle incident export`: one file that tells what happened."""

import argparse
from pathlib import Path

from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.duration import duration_ms

HOUR_MS = 3_600_000


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    incident = family(
        commands, "incident", "put together what happened", example="barnacle incident export monday.tar.gz"
    )
    one = command(
        incident,
        "export",
        "write logs, settings, history and a replayable timeline into one file",
        _export,
        example="barnacle incident export monday.tar.gz --since 2h\nbarnacle replay monday.tar.gz",
        json=True,
        more="Keys and passwords are not in it; messages and their answers are. It works while nothing runs, too.",
    )
    one.add_argument("out", metavar="OUT.tar.gz", type=Path, help="where to write it")
    one.add_argument("--since", metavar="LENGTH", type=duration_ms, default=HOUR_MS, help="how far back (1h)")


def _export(context: Context, args: argparse.Namespace) -> int:
    from app.host.replay.incident import export, now_ms

    now = now_ms()
    bundle = export(context.paths, args.out, now - args.since, now)
    if args.json:
        context.out.json({"file": str(bundle.path), "files": bundle.files, "problems": bundle.problems})
        return 0
    context.out.line(f"{bundle.path}: {len(bundle.files)} files, {sum(file['bytes'] for file in bundle.files)} bytes")
    for problem in bundle.problems:
        context.out.line(f"  left out: {problem}")
    context.out.line(f"play it with: barnacle replay {bundle.path}")
    return 0
