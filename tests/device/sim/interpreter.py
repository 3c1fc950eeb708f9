"""Runs scripts in the simulator's interpreter as the box is run: from the project's root, with its heap limit."""

import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
INTERPRETER = ROOT / "build" / "sim" / "micropython"
ENVIRONMENT = {"MICROPYPATH": ".frozen:.", "PATH": "/usr/bin:/bin"}


def command(script: str, *arguments: str) -> list[str]:
    """The command that runs `script`, which finds `arguments` in sys.argv[1:]."""
    # with -c the interpreter passes on everything that follows as arguments
    return [str(INTERPRETER), "-X", "heapsize=2m", "-c", textwrap.dedent(script), *arguments]


def attempt(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, however it ends."""
    return subprocess.run(
        command(script, *arguments), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )


def run(script: str, *arguments: str) -> list[str]:
    """Run a script that must succeed and return the lines it printed."""
    done = attempt(script, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()
