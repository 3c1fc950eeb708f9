"""Power lost, and the flash's other faults, at every operation of a workload: points tried and promises broken.

cuts          each operation: before it, torn at each byte, half erased, late; read back and compared
boots         the same (torn at three bytes and each page), booted, and the workload brought to its end
recoveries    a second cut at each operation of the boot after a first one
brownouts     fifty cuts in a row, five times over
flips         one bit of what lies on the chip
live          each operation refused or silently dropped; each block bad
full_storage  so many blocks left and no more
planted       in how many points each built-in bug shows

`python -m bench.power_cut --quick` leaves points out, as the tests do.
"""

import sys

from bench.figures import show
from bench.interpreter import figures_of

if __name__ == "__main__":
    options = [] if "--quick" in sys.argv else ["--full"]
    found = figures_of("tests/device/sim/power_sweep.py", *options, heap="96m")
    measured = {name: part for name, part in found.items() if name != "planted"}
    total = {
        "points": sum(part["points"] for part in measured.values()),
        "broken": sum(part["broken"] for part in measured.values()),
    }
    show("power_cut", {"total": total, **found})
    sys.exit(1 if total["broken"] else 0)
