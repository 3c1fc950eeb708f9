"""Power cuts and faults of the flash, every one of a recorded workload, in the interpreter with the real file system.

The sweep itself is `power_sweep.py`; `bench/power_cut.py` runs it without leaving anything out.
"""

import json
import subprocess
from typing import Any

import pytest

from tests.device.sim.interpreter import ENVIRONMENT, INTERPRETER, ROOT

SWEEP = "tests/device/sim/power_sweep.py"
LEAST_POINTS = {
    "cuts": 2000,
    "boots": 150,
    "recoveries": 100,
    "brownouts": 51,
    "flips": 1000,
    "live": 90,
    "full_storage": 20,
}


def sweep(section: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run one section and show its counts."""
    done = subprocess.run(
        [str(INTERPRETER), "-X", "heapsize=96m", SWEEP, section],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])[section]
    with capsys.disabled():
        print(f"\n{section}: {json.dumps(figures)}")
    return figures


def holds(section: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """A section in which no point may break a promise."""
    figures = sweep(section, capsys)
    assert figures["broken"] == 0, figures["first"]
    assert figures["points"] >= LEAST_POINTS[section]
    return figures


def test_after_a_cut_at_every_operation_everything_promised_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    figures = holds("cuts", capsys)
    assert figures["without_faults"] == []
    assert figures["snapshots"] >= 4
    assert set(figures["by"]) == {"before", "torn", "weak", "half", "late"}


def test_after_a_cut_the_box_boots_and_each_message_and_due_time_has_one_effect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    holds("boots", capsys)


def test_a_second_cut_while_the_box_boots_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    holds("recoveries", capsys)


def test_fifty_brownouts_in_a_row_cost_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    holds("brownouts", capsys)


def test_a_flipped_bit_is_never_taken_for_data(capsys: pytest.CaptureFixture[str]) -> None:
    by = holds("flips", capsys)["by"]
    assert by["damage reported"] > 0
    assert "wrong data" not in by


def test_refused_and_dropped_operations_and_bad_blocks_lose_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    by = holds("live", capsys)["by"]
    assert set(by) == {"error 5", "error 84", "dropped", "bad block"}


def test_a_full_storage_loses_nothing_and_the_box_goes_on_when_there_is_room(
    capsys: pytest.CaptureFixture[str],
) -> None:
    holds("full_storage", capsys)


def test_each_planted_bug_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    found = sweep("planted", capsys)
    assert all(points > 0 for points in found.values()), found
    assert len(found) == 8
