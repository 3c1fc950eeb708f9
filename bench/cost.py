"""What single steps cost in the box's interpreter, in microseconds of this machine: for a message, for a schedule.

box_us.message_stored    handed over by the link -> durable on the emulated flash
box_us.message_answered  … -> its run has ended and is durable (offline assistant)
box_us.recovery          reading the journal back after all that
"""

import tempfile

from bench.figures import show
from bench.interpreter import figures_of

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="barnacle-bench-") as folder:
        show("cost", figures_of("bench/on_box/cost.py", folder))
