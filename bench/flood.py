"""10,000 messages over 30 groups, as fast as the box takes them: what it holds, refuses and loses, and its heap.

heap_before   after a smaller flood that filled rings and logs to their bounds; garbage collected (as for heap_after)
heap_peak     the most in use at any message, garbage included, of the box's 2 MB (the screen's frame is among it)
refused       with a reason each; lost and misordered count what must not happen
bursts        a message for each of 20 groups in one go: received -> its run begins, and in that order
"""

import sys
import tempfile

from bench.figures import show
from bench.interpreter import figures_of

MESSAGES = 10_000

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="barnacle-bench-") as folder:
        found = figures_of("bench/on_box/flood.py", folder, str(MESSAGES))
    show("flood", found)
    flood = found["flood"]
    sys.exit(1 if flood["lost"] or flood["misordered"] or flood["numbers_skipped"] else 0)
