"""The box's bus for tests, run by the simulator's interpreter: micropython bus_on_micropython.py PROVISION.json COUNT

Sends COUNT records, waits for as many; prints `state <text>`, and `done` with what it applied when all went well.
"""

import asyncio
import json
import sys

sys.path.insert(0, ".")

from device.host.bus import Bus
from device.host.clock import SystemClock
from tests.device.host.link_world import MemoryStore


async def main(provision, count):
    store = MemoryStore()
    applied = []

    def apply(kind, body, envelope):
        assert envelope["seq"] == store.last_in + 1
        store.last_in = envelope["seq"]
        applied.append(envelope["id"])

    bus = Bus(provision, store, SystemClock(), "00ff", "1", apply)
    task = asyncio.create_task(bus.run())
    for n in range(count):
        store.put("up%d" % n)
    bus.link.kick()
    for _ in range(2000):
        await asyncio.sleep(0.01)
        if len(applied) == count and not store.spool:
            break
        if bus.client.state.startswith("offline: ") and bus.client.state != "offline: not started":
            break
    print("state", bus.client.state)
    if len(applied) == count and not store.spool:
        print("done", json.dumps(applied))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


with open(sys.argv[1]) as file:
    asyncio.run(main(json.load(file), int(sys.argv[2])))
