"""A screen that fails is counted and audited, but not with every failure: an audit event changes what is shown."""

import subprocess
from pathlib import Path

from tests.device.test_box_boots import INTERPRETER, ROOT, provision

SCRIPT = """
import sys
sys.path.insert(0, ".")
import lvgl
from device.boards.simulator import Board
from device.box import Box
from device.main import flash_journal

def fail(event):
    raise ValueError("broken picture")

box = Box(Board(sys.argv[1]), True, flash_journal, 0)
box.ui.start()
screen = box.ui.navigation.page.screen
screen.add_event_cb(fail, lvgl.EVENT.VALUE_CHANGED, None)
for _ in range(50):
    screen.send_event(lvgl.EVENT.VALUE_CHANGED, None)
print(box.ui.errors, [event["reason"] for event in box.store.state.audit if event["what"] == "screen.fault"])
"""


def test_faults_of_the_screen_are_counted_and_audited_once_in_a_while(tmp_path: Path) -> None:
    provision(tmp_path)
    script = tmp_path / "faults.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [str(INTERPRETER), "-X", "heapsize=2m", str(script), str(tmp_path)],
        cwd=ROOT,
        env={"MICROPYPATH": ".frozen:."},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.strip() == "50 ['lvgl: ValueError: broken picture (1 so far)']", done.stdout + done.stderr
