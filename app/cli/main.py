"""The `barnacle` command: puts the command groups together and turns failures into one line and an exit code."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.cli import (
    asks,
    audit,
    completion,
    device,
    groups,
    incident,
    lifecycle,
    messages,
    models,
    nanoclaw,
    notes,
    operators,
    parity,
    policy,
    queues,
    replay,
    runs,
    schedule,
    schedule_next,
    screen,
    secret,
    status,
    watch,
)
from app.cli.command import Parser, add_globals
from app.cli.context import Connect, Context
from app.cli.output import Output

BEGAN = time.monotonic()
"""When the process began, for `barnacle up`'s figure."""


def main(argv: Sequence[str] | None = None, connect: Connect | None = None, out: Output | None = None) -> int:
    """Run the command line; returns the exit code. `connect` and `out` stand in for the host and stdout in tests."""
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as done:  # --help, --version, wrong usage: argparse has printed it
        return done.code if isinstance(done.code, int) else 2
    context = Context(args, connect, out)
    try:
        return args.run(context, args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a pipe is gone: nothing more to say, and no complaint at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _failed(args.prog, error, context)


def build_parser() -> Parser:
    """All commands."""
    parser = Parser(
        prog="barnacle",
        description="Barnacle: a desk box that hosts a personal assistant, and the terminal beside it.",
        epilog="example:\n  barnacle up\n  barnacle send main 'what is next?' --wait 30\n\n"
        "exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not reachable",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_globals(parser, shown=True)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command", parser_class=Parser)
    lifecycle.add(commands)
    status.add(commands)
    queues.add(commands)
    messages.add(commands)
    groups.add(commands)
    models.add(commands)
    notes.add(commands)
    runs.add(commands)
    schedule_next.add(schedule.add(commands))
    asks.add(commands)
    audit.add(commands)
    watch.add(commands)
    screen.add(commands)
    device.add(commands)
    secret.add(commands)
    policy.add(commands)
    operators.add(commands)
    nanoclaw.add(commands, parity.add(commands))
    replay.add(commands)
    incident.add(commands)
    completion.add(commands)
    return parser


def _failed(prog: str, error: Exception, context: Context) -> int:
    from app.cli.problems import exit_code, report, report_bug

    message, remedy = getattr(error, "message", None), getattr(error, "remedy", "")
    if isinstance(message, str):  # ProblemError, SecretError, OperatorRefused, OperatorUnreachable, Refused
        report(prog, message, remedy)
        return exit_code(error)
    if isinstance(error, OSError) and error.filename:
        report(prog, f"{error.filename}: {error.strerror}", "check the path and its permissions")
        return 1
    try:
        logs = context.paths.logs
    except Exception:
        logs = Path()
    return report_bug(prog, error, logs)


if __name__ == "__main__":
    sys.exit(main())
