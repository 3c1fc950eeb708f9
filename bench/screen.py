"""What the round screen costs the box's loop: tests/device/ui/measure.py in the simulator's interpreter, RUNS times.

late_us_…     how much later than asked a host's loop that sleeps 2 ms wakes, while text streams for 30 groups
cpu_percent   share of a core while nothing changes
heap_bytes    the screen's part of the heap, its frame of 259,200 bytes included
The run with the median late_us_p99 is shown, and late_us_p99 of all.
"""

import json
import subprocess
from typing import Any

from app.host.box import INTERPRETER
from app.host.paths import REPOSITORY
from bench.figures import show

SECONDS = 10
RUNS = 3


def measure() -> dict[str, Any]:
    """The median run."""
    runs = sorted((one_run() for _ in range(RUNS)), key=lambda run: run["streaming"]["late_us_p99"])
    return {**runs[RUNS // 2], "late_us_p99_of_all": [run["streaming"]["late_us_p99"] for run in runs]}


def one_run() -> dict[str, Any]:
    """What measure.py prints."""
    done = subprocess.run(
        [str(INTERPRETER), "-X", "heapsize=2m", "tests/device/ui/measure.py", str(SECONDS)],
        cwd=REPOSITORY,
        env={"MICROPYPATH": ".frozen:."},
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    show("screen", measure())
