"""A flood on the box's host: real time, real file system on an image file, the box's heap, a laptop that takes all.

    micropython -X heapsize=2m bench/on_box/flood.py FOLDER MESSAGES

The screen's frame is allocated as on the box, without LVGL. Prints JSON.
"""

import asyncio
import gc
import json
import sys

sys.path.insert(0, ".")

from device.host import limits, portable
from device.host.clock import SystemClock
from device.host.files import Files
from device.host.host import Host
from device.host.journal import Journal
from device.host.store import SpoolFull, Store
from device.sim import flash

GROUPS = 30
BURST_GROUPS = 20
BURSTS = 30
WARM_UP = 2500  # fills rings and logs up to their bounds: what the heap is compared with afterwards
SLOW_EVERY_MS = 150
FRAME_BYTES = 360 * 360 * 2


class Answers:
    """Answers at once, or after `takes_ms`; keeps when each group's run began and checks the order of what it gets."""

    def __init__(self):
        self.takes_ms = 0
        self.noting = False
        self.began = []
        self.last = {}
        self.misordered = 0
        self.handed = 0

    async def respond(self, run, prompt, messages, api):
        folder = run["folder"]
        if self.noting:
            self.began.append((folder, portable.raw_ticks_ms()))
        for message in messages:
            number = int(message["id"][1:])
            self.misordered += number <= self.last.get(folder, -1)
            self.last[folder] = number
            self.handed += 1
        if self.takes_ms:
            await asyncio.sleep_ms(self.takes_ms)  # pyright: ignore[reportAttributeAccessIssue]
        return "answer to %d messages" % len(messages)


class Flooded:
    """A box, and the counts of what it stored, refused and answered."""

    def __init__(self, folder):
        portable.collect_often(limits.GARBAGE_BYTES)
        self.frame = bytearray(FRAME_BYTES)
        self.chip = flash.Flash(folder + "/flash.img")
        path = flash.mount(self.chip)
        clock = SystemClock()
        self.store = Store(Journal(Files(path + "/journal")), clock)
        self.store.recover()
        self.store.call_when_durable(self.take)
        self.counts = {"msg.stored": 0, "msg.refused": 0, "msg.out": 0}
        self.reasons = {}
        self.expected = 0
        self.jumps = 0
        self.held_back = 0
        self.seq = 0
        self.peak = 0
        self.answers = Answers()
        self.host = Host(self.store, clock, self.answers, _tell_nobody)
        self.host.boot("Barnacle")

    def take(self):
        """The laptop: counts, checks the numbers, acknowledges."""
        spool = self.store.spool_after(0, 1000)
        for seq, _, kind, body, _ in spool:
            self.jumps += bool(self.expected) and seq != self.expected
            self.expected = seq + 1
            if kind in self.counts:
                self.counts[kind] += 1
            if kind == "msg.refused":
                known = body["code"] and body["reason"]
                self.reasons[body["code"] if known else "none"] = self.reasons.get(body["code"], 0) + 1
        if spool:
            self.store.acked(spool[-1][0])

    async def command(self, verb, **args):
        self.seq += 1
        body = {"id": "c%d" % self.seq, "client": "cli", "name": verb, "args": args}
        await self.host.handle("cmd", body, {"seq": self.seq, "id": "x"})

    async def message(self, number):
        """Hand one over as the link would: again after a while when there is no room."""
        folder = "g%d" % (number % GROUPS)
        body = {"jid": "console:" + folder, "id": "m%d" % number, "sender": "ann", "sender_name": "Ann"}
        body = dict(body, text="message %d of a flood, of a usual length" % number, ts_ms=number, from_me=False)
        while True:
            try:
                await self.host.handle("msg.in", body, {"seq": self.seq + 1, "id": "x"})
                self.seq += 1
                break
            except SpoolFull:
                self.held_back += 1
                await asyncio.sleep(0.01)
        self.peak = max(self.peak, gc.mem_alloc())  # pyright: ignore[reportAttributeAccessIssue]

    async def message_paced(self, number):
        """One of the flood: for a while answers are slow, so that mailboxes fill."""
        self.answers.takes_ms = SLOW_EVERY_MS if number % 2500 > 1000 else 0
        await self.message(number)
        await asyncio.sleep(0)

    async def quiet(self, more_s=0.05):
        """Until everything is answered, and the old files are gone."""
        state = self.store.state
        while any(state.pending(folder) for folder in state.groups) or self.host._runs.running:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(more_s)

    def heap(self):
        gc.collect()
        return gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]


def _tell_nobody(kind, body):
    """Telemetry is not part of this."""


async def flood(folder, count):
    box = Flooded(folder)
    running = asyncio.create_task(box.host.run())
    for n in range(GROUPS):
        await box.command("group.add", folder="g%d" % n, name="g%d" % n, requires_trigger=False)
    for number in range(WARM_UP):
        await box.message_paced(number)
    box.answers.takes_ms = 0
    await box.quiet(6)
    before, box.peak = box.heap(), 0
    counts, handed, box.reasons = dict(box.counts), box.answers.handed, {}
    began = portable.raw_ticks_ms()
    for number in range(WARM_UP, WARM_UP + count):
        await box.message_paced(number)
    took_ms = portable.ticks_diff(portable.raw_ticks_ms(), began)
    box.answers.takes_ms = 0
    await box.quiet(6)
    after = box.heap()
    found = {name: box.counts[name] - counts[name] for name in counts}
    figures = {
        "messages": count,
        "groups": GROUPS,
        "took_s": round(took_ms / 1000, 1),
        "stored": found["msg.stored"],
        "refused": found["msg.refused"],
        "refused_why": box.reasons,
        "replies": found["msg.out"],
        "handed_to_the_assistant": box.answers.handed - handed,
        "lost": count - found["msg.stored"] - found["msg.refused"],
        "misordered": box.answers.misordered,
        "numbers_skipped": box.jumps,
        "held_back": box.held_back,
        "heap_bytes": gc.mem_alloc() + gc.mem_free(),  # pyright: ignore[reportAttributeAccessIssue]
        "heap_before": before,
        "heap_peak": box.peak,
        "heap_after": after,
        "heap_after_over_before": round(after / before, 3),
        "flash_bytes_per_message": box.chip.bytes_written // (WARM_UP + count),
    }
    bursts = await measure_bursts(box, WARM_UP + count)
    running.cancel()
    return {"flood": figures, "bursts": bursts}


async def measure_bursts(box, number):
    """A message for each of 20 groups, in one go, with the default number of slots: before it is stored -> its run."""
    waits, misordered = [], 0
    box.answers.noting = True
    for _ in range(BURSTS):
        number += GROUPS - number % GROUPS
        box.answers.began = []
        stored = {}
        for n in range(BURST_GROUPS):
            stored["g%d" % n] = portable.raw_ticks_ms()
            await box.message(number + n)
        await box.quiet()
        began = {}
        for folder, at in box.answers.began:
            began.setdefault(folder, at)
        order = sorted(began, key=lambda folder: int(folder[1:]))
        misordered += [folder for folder, _ in box.answers.began] != order
        waits += [portable.ticks_diff(began[folder], stored[folder]) for folder in stored]
        number += GROUPS
    waits.sort()
    return {
        "groups": BURST_GROUPS,
        "bursts": BURSTS,
        "slots": limits.SLOTS_DEFAULT,
        "received_to_started_ms": {
            "n": len(waits),
            "p50": waits[len(waits) // 2],
            "p99": waits[len(waits) * 99 // 100],
            "max": waits[-1],
        },
        "bursts_out_of_order": misordered,
    }


print(json.dumps(asyncio.run(flood(sys.argv[1], int(sys.argv[2])))))
