"""Killed at any moment, the records and NanoClaw's tables agree, and what was committed is in both."""

import json
import random
import subprocess
import sys

from app.host.desktop import rows
from app.host.paths import REPOSITORY
from tests.app.desktop.desk import Desk
from tests.app.desktop.nanoclaw_file import read


def killed(path, lines):
    """Run the writer until it has printed so many lines, and a little on; returns the last number it printed."""
    command = [sys.executable, "-m", "tests.app.desktop.writer", str(path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        seen = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        seen += writer.stdout.readlines()
    numbers = [int(line) for line in seen if line.strip().isdigit()]
    return numbers[-1]


def test_records_and_nanoclaws_tables_stay_in_step_through_kills(tmp_path):
    path = tmp_path / "db"
    dice = random.Random(4)
    for _ in range(6):
        last = killed(path, dice.randrange(3, 60))
        found = read(path)
        with Desk(path) as desk:
            state = desk.state
            written = desk.journal.bytes_written
            assert len(state.rings["main"]) > 0 and state.next_n > last
            assert [row["id"] for row in found["messages"]] == [f"m{n}" for n in range(1, state.next_n)]
            assert {row["id"]: row for row in found["scheduled_tasks"]} == {
                task["id"]: rows.task_row(task) for task in state.tasks.values()
            }
            assert len(found["task_run_logs"]) == state.next_n - 1
            (settled,) = [m for m in state.rings["main"] if m["n"] == state.cursors["main"]] or [None]
            cursors = {row["key"]: row["value"] for row in found["router_state"]}
            if settled is not None:
                assert json.loads(cursors["last_agent_timestamp"]) == {"main@g.us": rows.iso(settled["ts_ms"])}
            assert not desk.journal.untold and written == 0  # nothing looked as if NanoClaw had changed it
