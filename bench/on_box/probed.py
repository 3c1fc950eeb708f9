"""The box, with a probe in its loop: runs like device/main.py and prints a line of JSON each second.

micropython -X heapsize=2m bench/on_box/probed.py HOME

{"used"   most of the heap that was in use within the second, garbage included
 "live"   what was left after a collection at its end
 "total"  the whole heap
 "late"   how late the loop's timers were (milliseconds), one for each that the probe waited for
 "runs", "asks"  that go on}
`ready <ms>` comes before them, as it does from the box.
"""

import asyncio
import gc
import json
import sys

sys.path.insert(0, ".")

from device.host import portable

_STARTED = portable.raw_ticks_ms()

from device.boards.simulator import Board  # noqa: E402
from device.box import Box  # noqa: E402
from device.host.files import Files  # noqa: E402
from device.host.journal import Journal  # noqa: E402

EVERY_MS = 20
mem_alloc, mem_free = gc.mem_alloc, gc.mem_free  # pyright: ignore[reportAttributeAccessIssue]


async def probe(box):
    while True:
        late, used, until = [], 0, portable.raw_ticks_ms() + 1000
        while portable.ticks_diff(until, portable.raw_ticks_ms()) > 0:
            began = portable.raw_ticks_ms()
            await portable.sleep_ms(EVERY_MS)
            late.append(portable.ticks_diff(portable.raw_ticks_ms(), began) - EVERY_MS)
            used = max(used, mem_alloc())
        gc.collect()
        found = {"used": used, "live": mem_alloc(), "total": mem_alloc() + mem_free(), "late": late}
        found["runs"] = len(box.host._runs.running)
        found["asks"] = len(box.store.state.open_asks())
        print(json.dumps(found))


async def run(box):
    watching = asyncio.create_task(probe(box))
    await box.run()
    watching.cancel()


asyncio.run(run(Box(Board(sys.argv[1]), True, lambda folder: Journal(Files(folder + "/journal")), _STARTED)))
