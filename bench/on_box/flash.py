"""What the box's work costs in flash: in the simulator's interpreter, a chip in memory, the real file system.

    micropython -X heapsize=32m bench/on_box/flash.py DAYS [PROG READ SEGMENT COMPACT_KIB]

Prints JSON: a normal day (200 messages, each answered before the next, and 100 task runs) and bursts.
"""

import asyncio
import json
import os
import sys

sys.path.insert(0, ".")

from device.host import limits, portable
from device.host.clock import ManualClock
from device.host.files import Files
from device.host.host import Host
from device.host.journal import Journal
from device.host.offline import OfflineResponder
from device.host.store import SpoolFull, Store
from device.sim import faulty_flash, flash

START_MS = 1764000000000
DAY_MS = 24 * 3600 * 1000
MESSAGES = 200
RUNS = 100
BLOCKS = 512
TEXTS = (
    "what time is it?",
    "when does the backup run next, and did it go through the last time?",
    "the landlord called about the meeting; I told him that the laundry has to go out before and that we come at nine",
    "status?",
)


class Meter:
    """A box whose flash, journal and texts are counted."""

    def __init__(self, prog_bytes, read_bytes):
        self.chip = faulty_flash.FaultyFlash(BLOCKS)
        faulty_flash.mount(self.chip, prog_bytes=prog_bytes, read_bytes=read_bytes)
        self.clock = ManualClock(START_MS)
        self.journal = Journal(Files("/flash/journal"))
        self.payload_bytes = self.records = self.text_bytes = self.snapshot_bytes = self.snapshots = 0
        self._watch()
        self.store = Store(self.journal, self.clock)
        self.store.recover()
        self.store.call_when_durable(self._acknowledge)
        self.host = Host(self.store, self.clock, OfflineResponder(), _tell_nobody)
        self.host.boot("Barnacle")
        self.seq = 0

    def _watch(self):
        append, switch = self.journal.append, self.journal._switch_to

        def counted_append(payload):
            append(payload)
            self.payload_bytes += len(payload)
            self.records += 1

        def counted_switch(number, written, logged):
            switch(number, written, logged)
            self.snapshots += 1
            self.snapshot_bytes += written

        self.journal.append, self.journal._switch_to = counted_append, counted_switch

    def _acknowledge(self):
        """The laptop takes everything at once; what it acknowledges rides along with the next commit."""
        spool = self.store.spool_after(0, 1000)
        for _, _, kind, body, _ in spool:
            if kind in ("msg.stored", "msg.out"):
                self.text_bytes += len(body["text"].encode())
        if spool:
            self.store.acked(spool[-1][0])

    async def message(self, folder="main"):
        self.seq += 1
        body = {"jid": "console:" + folder, "id": "m%d" % self.seq, "sender": "ann", "sender_name": "Ann"}
        body = dict(body, text=TEXTS[self.seq % len(TEXTS)], ts_ms=self.clock.now_ms(), from_me=False)
        await self.host.handle("msg.in", body, {"seq": self.seq, "id": "x"})

    async def command(self, verb, **args):
        self.seq += 1
        body = {"id": "c%d" % self.seq, "client": "cli", "name": verb, "args": args}
        await self.host.handle("cmd", body, {"seq": self.seq, "id": "x"})

    def reading(self):
        chip = self.chip
        return (
            chip.bytes_written,
            chip.erases,
            self.payload_bytes,
            self.records,
            self.text_bytes,
            self.journal.commits,
        )

    def figures(self, before, events):
        written, erases, payload, records, text, commits = _differences(self.reading(), before)
        return {
            "events": events,
            "flash_bytes_per_payload_byte": round(written / payload, 2),
            "flash_bytes_per_text_byte": round(written / text, 2),
            "flash_bytes_per_event": written // events,
            "payload_bytes_per_event": payload // events,
            "text_bytes_per_event": text // events,
            "erases_per_event": round(erases / events, 2),
            "commits_per_event": round(commits / events, 2),
            "records_per_event": round(records / events, 2),
        }


def _differences(now, before):
    return [now[i] - before[i] for i in range(len(before))]


def _tell_nobody(kind, body):
    """Telemetry is never stored."""


async def days(meter, count):
    """One at a time: the first day fills the rings and logs, the others are measured."""
    box = asyncio.create_task(meter.host.run())
    await meter.clock.settle()
    await meter.command("task.add", folder="main", prompt="status", kind="interval", value=str(DAY_MS // RUNS))
    before = wear = None
    snapshots, snapshot_bytes = 0, 0
    for day in range(count + 1):
        if day == 1:
            before, wear = meter.reading(), list(meter.chip.wear)
            snapshots, snapshot_bytes = meter.snapshots, meter.snapshot_bytes
        for _ in range(MESSAGES):
            await meter.message()
            await meter.clock.advance(DAY_MS // MESSAGES)
    runs = (MESSAGES + RUNS) * count
    figures = meter.figures(before, runs)
    figures["snapshots_per_day"] = round((meter.snapshots - snapshots) / count, 2)
    figures["snapshot_bytes"] = (meter.snapshot_bytes - snapshot_bytes) // max(1, meter.snapshots - snapshots)
    figures.update(_wear(meter, wear, count))
    box.cancel()
    return figures


def _wear(meter, before, count):
    worn = _differences(meter.chip.wear, before)
    total, most = sum(worn), max(worn)
    # a block of a 16 MB chip with an 8 MB file system, 100,000 erases each; unevenness as measured on 2 MB
    uneven = most / (total / BLOCKS)
    years = 100000 * 2048 / (total / count * uneven) / 365
    return {
        "erases_per_day": round(total / count, 1),
        "most_worn_block_per_day": round(most / count, 3),
        "unevenness": round(uneven, 2),
        "years_of_a_2_mb_file_system": int(100000 / (most / count) / 365),
        "years_of_an_8_mb_file_system": int(years),
        "free_blocks": os.statvfs("/flash")[3],
    }


async def bursts(meter, folders, each):
    """Messages for many groups at once, one after the other as the link hands them over."""
    for n in range(folders):
        await meter.command("group.add", folder="g%d" % n, name="g%d" % n, requires_trigger=False)
        await meter.clock.advance(1000)
    before = meter.reading()
    box = asyncio.create_task(meter.host.run())
    await meter.clock.settle()
    for _ in range(each):
        for n in range(folders):
            await _delivered(meter, "g%d" % n)
    await meter.clock.advance(60000)
    figures = meter.figures(before, folders * each)
    box.cancel()
    return figures


async def _delivered(meter, folder):
    while True:
        try:
            await meter.message(folder)
            return
        except SpoolFull:
            meter.seq -= 1
            await meter.clock.advance(100)


async def at_once(meter, count):
    """Waiting messages that need no answer yet, handed over together: what shared commits bring."""
    await meter.command("group.add", folder="chat", name="chat", trigger="@Barnacle")
    before = meter.reading()
    for _ in range(count // 8):
        await asyncio.gather(*[meter.message("chat") for _ in range(8)])
    return meter.figures(before, count)


def measured(work, *args):
    asyncio.new_event_loop()
    meter = Meter(SHAPE[0], SHAPE[1])
    try:
        return asyncio.run(work(meter, *args))
    finally:
        faulty_flash.unmount()


SHAPE = [flash.PROG_BYTES, flash.READ_BYTES]


def main(arguments):
    portable.collect_often(1024 * 1024)
    numbers = [int(a) for a in arguments]
    if len(numbers) > 1:
        SHAPE[0], SHAPE[1], limits.SEGMENT_BYTES = numbers[1:4]
        limits.COMPACT_BYTES = limits.COMPACT_MOST_BYTES = numbers[4] * 1024
    found = {"one_at_a_time": measured(days, numbers[0])}
    if len(numbers) == 1:
        found["burst_20_groups"] = measured(bursts, 20, 10)
        found["8_at_once_without_runs"] = measured(at_once, 400)
    print(json.dumps(found))


main(sys.argv[1:])
