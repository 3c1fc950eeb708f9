"""Runs every portable test file of `device/` again, in the simulator's MicroPython, with the box's heap limit."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INTERPRETER = ROOT / "build" / "sim" / "micropython"
FILES = sorted(p for p in (ROOT / "tests" / "device").rglob("test_*.py") if p.parent.name in ("host", "ui", "voice"))


def test_the_interpreter_is_built() -> None:
    assert INTERPRETER.exists(), f"{INTERPRETER} is missing: run `make setup-dev`"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT / "tests" / "device")))
def test_file_on_micropython(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    done = subprocess.run(
        [str(INTERPRETER), "-X", "heapsize=2m", "tests/device/run_micropython.py", module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        env={"MICROPYPATH": ".frozen:.", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
