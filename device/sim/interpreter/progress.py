"""What the user sees of a build, what is logged of it, and how it ends when something is missing."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

STILL_WORKS = "Without it 'barnacle up --desktop' works."


class BuildError(Exception):
    """The interpreter cannot be built. The text names what is missing or failed, and what to do about it."""


class Progress:
    """One line per step on stderr; on a terminal, the line of the running step counts up."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._live = sys.stderr.isatty()
        self._step = ""
        self._started_s = 0.0
        self._shown_percent = 0
        log.write_text("")

    def step(self, what: str) -> None:
        """Begin a step."""
        self._step = what
        self._started_s = time.monotonic()
        self._shown_percent = 0
        self._write(f"{what} …", end="" if self._live else "\n")

    def count(self, done: int, total: int) -> None:
        """`done` of the step's `total` parts are done."""
        percent = 100 * done // total
        if self._live:
            self._write(f"\r{self._step} … {percent}% ({done}/{total})", end="")
        elif percent - self._shown_percent >= 25 and done < total:
            self._shown_percent = percent
            self._write(f"{self._step}: {percent}% ({done}/{total})")

    def done(self) -> None:
        """End the step."""
        if self._live:
            seconds = time.monotonic() - self._started_s
            self._write(f"\r\033[K{self._step}: {seconds:.0f} s")

    def _write(self, text: str, end: str = "\n") -> None:
        lead, text = ("\r", text[1:]) if text.startswith("\r") else ("", text)
        clear, text = ("\033[K", text[3:]) if text.startswith("\033[K") else ("", text)
        print(f"{lead}{clear}barnacle simulator: {text}", end=end, file=sys.stderr, flush=True)


def run(
    command: list[str],
    progress: Progress,
    what: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command, its output into the log, and return its output; raises BuildError with its last words."""
    done = subprocess.run(  # noqa: S603 - the build's own tools, with fixed arguments
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", check=False,
    )  # fmt: skip
    with progress.log.open("a") as log:
        log.write(f"$ {' '.join(command)}\n{done.stdout}\n")
    if done.returncode != 0:
        raise BuildError(f"{what} failed: {last_words(done.stdout)} (all of it: {progress.log})")
    return done.stdout


def last_words(output: str) -> str:
    """The line of a tool's output that says best why it failed: the first that tells of an error, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error: " in line or line.startswith("E: ")]
    return (errors or lines[-1:] or ["it said nothing"])[0][:200]
