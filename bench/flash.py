"""What the box writes to its flash, measured on the emulated chip with the real file system.

flash_bytes_per_payload_byte   bytes programmed by everything (data, copies, the file system's own, snapshots) / bytes
                               of the records' JSON as the journal was given them
flash_bytes_per_text_byte      the same / UTF-8 bytes of what people wrote and were answered
one_at_a_time                  days of 200 messages, each answered before the next, and 100 task runs (from the 2nd day)
burst_20_groups                10 messages for each of 20 groups, handed over as fast as the box takes them
8_at_once_without_runs         chatter that needs no answer, eight messages to a commit
years_of_…                     100,000 erases per block, wear levelled as unevenly as measured
other_shapes                   one_at_a_time with other sizes: [prog, read, segment, KiB of log before a snapshot]

`python -m bench.flash --shapes` measures the other shapes too.
"""

import sys
from typing import Any

from bench.figures import show
from bench.interpreter import figures_of

SCRIPT = "bench/on_box/flash.py"
DAYS = 5
SHAPES = (
    (256, 64, 2048, 128),
    (256, 256, 1024, 256),
    (32, 64, 1024, 256),
    (32, 256, 512, 128),
    (32, 256, 2048, 256),
    (32, 256, 65536, 128),
)


def measure(with_shapes: bool) -> dict[str, Any]:
    """All figures."""
    found = figures_of(SCRIPT, str(DAYS), heap="32m")
    if with_shapes:
        found["other_shapes"] = [
            {"shape": shape, **figures_of(SCRIPT, "2", *map(str, shape), heap="32m")["one_at_a_time"]}
            for shape in SHAPES
        ]
    return found


if __name__ == "__main__":
    show("flash", measure("--shapes" in sys.argv))
