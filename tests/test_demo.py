"""The demo is a test: everything it shows, it checks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.timeout(200)
def test_every_step_of_the_demo_holds_and_its_pictures_are_there() -> None:
    pictures = [ROOT / "build" / "demo" / name for name in ("screen.png", "dashboard.svg")]
    for picture in pictures:
        picture.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench.demo"], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 11
    assert all(picture.stat().st_size > 5000 for picture in pictures)


@pytest.mark.timeout(200)
def test_the_demo_holds_on_the_desktop_host_with_nothing_compiled() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.demo", "--desktop"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 11 and "the desktop host has no screen" in done.stdout
