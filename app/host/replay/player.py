"""Timelines played in processes of their own: on the desktop host (CPython) and on the simulated box (MicroPython)."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host.box import INTERPRETER
from app.host.limits import REPLAY_HEAP_MB, REPLAY_S
from app.host.paths import REPOSITORY
from app.host.replay.timeline import Timeline

DESKTOP, BOX = "desktop", "box"
HOSTS = {"desktop": (DESKTOP,), "box": (BOX,), "both": (DESKTOP, BOX)}
HEAP_PER_CHAR = 40
Trace = dict[str, Any]
_DRIVER = REPOSITORY / "device" / "sim" / "replay_main.py"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def check_host(where: str) -> None:
    """Raises ProblemError when the simulated box was never built."""
    if where == BOX and not INTERPRETER.is_file():
        raise ProblemError(f"{INTERPRETER} is not there", "build it with: make setup, or replay --on desktop")


def play(timelines: Sequence[Timeline], where: str) -> list[Trace]:
    """The trace of each, or {"fault": why}. One that ends its interpreter has failed, and the rest goes on."""
    check_host(where)
    lines = [_line(timeline) for timeline in timelines]
    found: list[Trace] = []
    while len(found) < len(lines):
        traces, ending = _run(lines[len(found) :], where)
        found.extend(traces)
        if len(found) < len(lines):
            found.append({"fault": ending})
    return found


def _line(timeline: Timeline) -> str:
    """One line of plain UTF-8: MicroPython takes an escaped surrogate pair for two characters."""
    text = json.dumps(timeline, ensure_ascii=False)
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _run(lines: Sequence[str], where: str) -> tuple[list[Trace], str]:
    with tempfile.TemporaryDirectory(prefix="barnacle-replay-") as folder:
        source, results = Path(folder, "timelines"), Path(folder, "results")
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        results.touch()
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreters and our own script
                [*_command(where, max(map(len, lines))), str(_DRIVER), str(source), str(results), str(REPOSITORY)],
                cwd=REPOSITORY,
                env={**os.environ, "MICROPYPATH": f".frozen:{REPOSITORY}"},
                capture_output=True,
                timeout=REPLAY_S + len(lines),
                check=False,
            )
            said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
            ending = f"ended its interpreter ({done.returncode}): {said[-1][:300] if said else 'no message'}"
        except subprocess.TimeoutExpired:
            ending = f"took longer than {REPLAY_S} s"
        texts = results.read_bytes().decode("utf-8", "replace").split("\n")[:-1]
        return [json.loads(text) for text in texts], ending


def _command(where: str, chars: int) -> list[str]:
    if where == DESKTOP:
        return [sys.executable, "-X", "utf8"]
    return [str(INTERPRETER), "-X", f"heapsize={(REPLAY_HEAP_MB << 10) + chars * HEAP_PER_CHAR // 1024}k"]
