"""A writer that is killed, again and again, at many points: every accepted record is there, and the log is whole."""

import random
import subprocess
import sys
import time
from pathlib import Path

from broker.audit.chain import read_lines
from tests.broker.audit.rig import check, files_of

KILLS = 20


def run_until_killed(folder: Path, start: int, accepted_at_least: int, then_s: float = 0) -> set[tuple[int, int]]:
    command = [sys.executable, "-m", "tests.broker.audit.appender", str(folder), str(start)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(accepted_at_least)]
    time.sleep(then_s)  # where in the next batch the kill comes
    process.kill()
    rest, _ = process.communicate()
    assert all(lines), "it ended by itself"
    numbers = [line.split() for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("\n")]
    return {(int(lane), int(i)) for lane, i in numbers}


def events_in(folder: Path) -> list[tuple[int, int]]:
    lines = [line for path in files_of(folder) for line in read_lines(path)]
    events = [line.record.event for line in lines if line.record and line.record.event]
    return [(one["lane"], one["ts_ms"]) for one in events if "lane" in one]


def test_kill_in_mid_append(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    chance = random.Random(20)
    accepted: set[tuple[int, int]] = set()
    torn = 0
    for kill in range(KILLS):
        accepted |= run_until_killed(folder, kill * 10_000, 3 + chance.randrange(40), chance.random() * 0.03)
        report = check(folder)
        assert report.ok, report.findings
        torn += bool(report.notes)
        found = events_in(folder)
        assert len(found) == len(set(found)) and accepted <= set(found)
    assert torn > 0  # some of the kills came in the middle of a record


def test_a_log_that_loses_an_accepted_record_would_be_caught(tmp_path: Path) -> None:
    """The planted bug: the last accepted record is gone after the crash."""
    folder = tmp_path / "audit"
    accepted = run_until_killed(folder, 0, 10)
    lost = max(line.record.n for line in read_lines(files_of(folder)[0]) if line.record)
    path = files_of(folder)[0]
    lines = [line for line in read_lines(path) if line.record and line.record.n < lost - 3]
    path.write_bytes(b"".join(line.data + b"\n" for line in lines))
    for other in files_of(folder)[1:]:
        other.unlink()
    assert not accepted <= set(events_in(folder))
