"""Runs a drive in the simulator's MicroPython and reads back how it fared."""

import os
import subprocess
from pathlib import Path

from tests.parity.golden import Result

ROOT = Path(__file__).resolve().parents[2]
INTERPRETER = ROOT / "build" / "sim" / "micropython"


def drive_on_micropython(fixture: str, heap: str = "64m") -> Result:
    """The result of tests/parity/drive_<fixture>.py there; the heap is larger than the box's because it holds the
    whole golden file as well."""
    done = subprocess.run(
        [str(INTERPRETER), "-X", f"heapsize={heap}", "tests/parity/run_drive.py", fixture],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "MICROPYPATH": ".frozen:."},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    result = Result()
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "PASSED":
            result.passed = int(rest)
        elif word in ("DIFFERS", "EXEMPT"):
            (result.failed if word == "DIFFERS" else result.exempt).append(rest)
    return result
