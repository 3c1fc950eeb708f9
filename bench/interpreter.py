"""Runs a bench's script in the simulator's interpreter and reads the JSON that its last line is."""

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INTERPRETER = ROOT / "build" / "sim" / "micropython"


def figures_of(script: str, *arguments: str, heap: str = "2m", timeout_s: float = 1800) -> dict[str, Any]:
    """What the script (a path from the root) printed last; raises RuntimeError with its output if it failed."""
    done = subprocess.run(
        [str(INTERPRETER), "-X", f"heapsize={heap}", script, *arguments],
        cwd=ROOT,
        env={"MICROPYPATH": ".frozen:.", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{script} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])
