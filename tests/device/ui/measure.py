"""What the screen costs, as JSON: micropython -X heapsize=2m tests/device/ui/measure.py [SECONDS]

A host's loop that wants to run every 2 ms tells how late the screen makes it, with 30 groups' glance and text that
streams at 10 Hz; then, while nothing happens: turns, and the share of
the CPU. Figures of this machine, no bounds.
"""

import asyncio
import gc
import json
import sys
import time

sys.path.insert(0, ".")

from device.boards.simulator import Board
from device.ui.loop import Ui
from tests.device.ui.glances import LONG, NEXT, NOW_MS, REPLY, RUNNING, glance

WAITING = [{"folder": "g%d" % i, "name": "Group %d" % i, "depth": i} for i in range(30)]


async def main(seconds):
    gc.collect()
    before = gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]
    board = Board("/nonexistent")
    errors = []
    ui = Ui(board, lambda name, args: None, lambda where, error: errors.append(str(error)))
    ui.show(glance(reply=REPLY, next=NEXT, now_ms=NOW_MS))
    task = asyncio.create_task(ui.run())
    await asyncio.sleep(0.3)
    gc.collect()
    used = gc.mem_alloc() - before  # pyright: ignore[reportAttributeAccessIssue]
    busy = await streamed(ui, seconds)
    ui.show(glance(reply=REPLY, next=NEXT, now_ms=NOW_MS))
    await asyncio.sleep(0.5)
    idle = await idled(ui, seconds)
    task.cancel()
    print(json.dumps({"heap_bytes": used, "errors": errors, "streaming": busy, "idle": idle}))


async def streamed(ui, seconds):
    """Delays of the host's loop in microseconds while text streams."""
    late = []
    turns = ui.turns
    end = time.ticks_add(time.ticks_ms(), seconds * 1000)  # pyright: ignore[reportAttributeAccessIssue]
    number = 0
    shown = 0
    while time.ticks_diff(end, time.ticks_ms()) > 0:  # pyright: ignore[reportAttributeAccessIssue]
        if number % 50 == 0:
            run = dict(RUNNING[0], text=LONG + " word" * (shown % 40))
            ui.show(glance(running=[run] * 2, waiting=WAITING, reply=REPLY, next=NEXT, groups=30, tasks=90))
            shown += 1
        number += 1
        start = time.ticks_us()  # pyright: ignore[reportAttributeAccessIssue]
        await asyncio.sleep(0.002)
        late.append(time.ticks_diff(time.ticks_us(), start) - 2000)  # pyright: ignore[reportAttributeAccessIssue]
    late.sort()
    return {
        "samples": len(late),
        "glances": shown,
        "turns": ui.turns - turns,
        "late_us_p50": late[len(late) // 2],
        "late_us_p99": late[len(late) * 99 // 100],
        "late_us_max": late[-1],
    }


async def idled(ui, seconds):
    """Turns and CPU time while nothing happens."""
    turns = ui.turns
    cpu = time.process_time() if hasattr(time, "process_time") else time.clock()  # pyright: ignore
    await asyncio.sleep(seconds)
    spent = (time.process_time() if hasattr(time, "process_time") else time.clock()) - cpu  # pyright: ignore
    return {"seconds": seconds, "turns": ui.turns - turns, "cpu_percent": round(100 * spent / seconds, 2)}


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
