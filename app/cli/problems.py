"""Exceptions to exit codes: 1 refused or failed, 2 wrong usage, 3 not reachable. One line each, with the remedy."""

import os
import sys
import traceback
from pathlib import Path

from app.cli.output import clean
from app.errors import ProblemError

LOG_BYTES = 256 * 1024


class NotReachableError(ProblemError):
    """Nothing answers where the host should be."""

    exit_code = 3


class RefusedError(ProblemError):
    """The command found out itself that it cannot be done."""


def report(prog: str, message: str, remedy: str) -> None:
    """One line on stderr."""
    text = clean(message).rstrip(".")
    print(f"{prog}: {text}" + (f"; {clean(remedy)}" if remedy else ""), file=sys.stderr)


def exit_code(error: BaseException) -> int:
    """The exit code of a failure that carries message and remedy."""
    if isinstance(error, ProblemError) and error.exit_code != 1:
        return error.exit_code
    code = getattr(error, "code", "")
    if code in ("timeout", "box_offline") or type(error).__name__ == "OperatorUnreachable":
        return 3
    return 1


def report_bug(prog: str, error: BaseException, logs: Path) -> int:
    """A fault of Barnacle's own: one line, the traceback goes to logs/cli.log (BARNACLE_DEBUG=1 shows it)."""
    text = "".join(traceback.format_exception(error))
    if os.environ.get("BARNACLE_DEBUG"):
        print(text, file=sys.stderr)
    log = logs / "cli.log"
    try:
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("a+b") as file:
            if file.tell() > LOG_BYTES:
                file.truncate(0)
            file.write(text.encode("utf-8", "replace"))
        where = f"details: {log}"
    except OSError:
        where = "run it again with BARNACLE_DEBUG=1 for details"
    report(prog, f"this is a bug in Barnacle ({type(error).__name__})", where)
    return 1
