"""What the box's own modules take of the heap when they are compiled into it: prints JSON.

micropython -X heapsize=2m bench/on_box/code.py
"""

import gc
import json
import sys

sys.path.insert(0, ".")

mem_alloc = gc.mem_alloc  # pyright: ignore[reportAttributeAccessIssue]
gc.collect()
before = mem_alloc()
for name in ("device.box", "device.boards.simulator", "device.ui.loop", "device.ui.view", "device.screen_port"):
    __import__(name)
gc.collect()
print(json.dumps({"code": mem_alloc() - before}))
