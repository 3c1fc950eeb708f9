"""Tries every power cut and fault of a recorded workload and prints the counts as JSON (MicroPython only).

    micropython -X heapsize=96m tests/device/sim/power_sweep.py [section …] [--full]

Without --full the costly sections take every so-manieth point, always the same ones.
"""

import asyncio
import json
import sys

sys.path.insert(0, ".")

from device.host import frames, portable
from device.host.files import Files
from device.host.state import State
from device.host.store import Store
from device.sim import faulty_flash, power_cuts
from device.sim.flash import BLOCK_BYTES
from tests.device.sim import power_box, power_trace
from tests.device.sim.power_box import Box, Laptop, outcome_problems
from tests.device.sim.power_trace import Trace

EIO, ENOSPC = 5, 28


class Count:
    """How many points were tried, by what, and the first of those that broke a promise."""

    def __init__(self):
        self.points = 0
        self.broken = 0
        self.by = {}
        self.first = []

    def add(self, name, problems, where):
        self.points += 1
        self.by[name] = self.by.get(name, 0) + 1
        if problems:
            self.broken += 1
            if len(self.first) < 5:
                self.first.append([where, problems[:3]])

    def figures(self):
        return {"points": self.points, "broken": self.broken, "by": self.by, "first": self.first}


async def boot_and_finish(image, laptop, start_ms):
    """What is wrong after a boot on `image` and the delivery of all the rest."""
    chip = faulty_flash.FaultyFlash(image=image)
    return await finish(chip, laptop, start_ms)


async def finish(chip, laptop, start_ms):
    try:
        box = Box(chip, laptop, start_ms)
    except OSError as error:
        return ["the box does not boot: %s" % error]
    try:
        await box.start()
        await box.deliver()
        return outcome_problems(box, laptop)
    finally:
        await box.off()


async def cuts(full):
    """Each cut of the workload, read back: nothing promised is missing, nothing else is there."""
    trace = await Trace(rounds=2 if full else 4).record()
    count = Count()
    for number, variant, image in power_cuts.cuts(trace.start_image, trace.chip.log, every_byte=full):
        problems, _ = trace.problems(image, number)
        count.add(variant, problems, "%d %s" % (number, variant))
    figures = count.figures()
    figures.update({"operations": len(trace.chip.log), "commits": len(trace.batches) - 1})
    figures.update(
        {"records": len(trace.payloads), "snapshots": trace.snapshots, "without_faults": trace.final_problems}
    )
    return figures


async def boots(full):
    """Each cut, booted, and the workload brought to its end: each message and due time has one effect."""
    trace = await Trace(rounds=2).record()
    count = Count()
    at = 0
    for number, variant, image in power_cuts.cuts(trace.start_image, trace.chip.log):
        at += 1
        if full or at % 4 == 0:
            problems = await boot_and_finish(image, trace.laptop.at(number), trace.time_at(number))
            count.add(variant, problems, "%d %s" % (number, variant))
    return count.figures()


async def recoveries(full):
    """The power goes again while the box boots after a cut: at each operation of that boot."""
    trace = await Trace(rounds=2).record()
    count = Count()
    step = 9 if full else 36
    for number in range(5, len(trace.chip.log), step):
        image, first = image_at(trace, number), trace.laptop.at(number)
        chip = faulty_flash.FaultyFlash(image=bytearray(image))
        chip.record()
        box = await Box(chip, first, trace.time_at(number)).start()
        await box.off()
        for again, variant, found in power_cuts.cuts(image, chip.log):
            if full or again % 2:
                problems = await boot_and_finish(
                    found, first.at(again).joined(trace.laptop.at(number)), trace.time_at(number)
                )
                count.add(variant, problems, "%d then %d %s" % (number, again, variant))
    return count.figures()


def image_at(trace, number):
    image = bytearray(trace.start_image)
    for operation in trace.chip.log[:number]:
        power_cuts.apply(image, operation)
    return image


async def brownouts(full):
    """Fifty cuts in a row, each at some operation of what was begun since the last one."""
    count = Count()
    for seed in range(5 if full else 1):
        records = power_box.workload(4)
        chip = faulty_flash.FaultyFlash(power_box.BLOCKS)
        faulty_flash.mount(chip)
        faulty_flash.unmount()
        image, laptop, random = chip.image, Laptop(records), seed * 7919 + 17
        start_ms = power_box.START_MS
        for _ in range(50):
            chip = faulty_flash.FaultyFlash(image=bytearray(image))
            chip.record()
            box = await Box(chip, laptop, start_ms).start()
            await box.deliver(upto=min(len(records), box.store.applied() + 3))
            start_ms = box.clock.now_ms()
            await box.off()
            random = (random * 1103515245 + 12345) % (1 << 31)
            number = random % (len(chip.log) + 1)
            for operation in chip.log[:number]:
                power_cuts.apply(image, operation)
            laptop = laptop.at(number)
            count.add("brownout", laptop.problems, seed)
        problems = await boot_and_finish(image, laptop, start_ms)
        count.add("end", problems, seed)
    return count.figures()


async def flips(full, step=61):
    """A bit of what lies on the chip changes: the box never takes wrong data for right."""
    trace = await Trace(rounds=4).record()
    kept_all, out_all = len(trace.payloads), trace.numbers[-1][1]
    count, at = Count(), 0
    image = trace.chip.image
    for block in range(power_box.BLOCKS):
        start = block * BLOCK_BYTES
        for offset in range(at % step, BLOCK_BYTES, 3 if full else step):
            if image[start + offset] == 0xFF:
                continue
            at += 1
            flipped = bytearray(image)
            flipped[start + offset] ^= 1 << (at % 8)
            count.add(*_after_flip(trace, flipped, kept_all, out_all), "block %d byte %d" % (block, offset))
    return count.figures()


def _after_flip(trace, image, kept_all, out_all):
    """(what came of it, problems): only data that nobody wrote is a problem."""
    try:
        journal, got = power_trace.read_back(image)
    except OSError:
        return "refused to mount, left as it is", []
    kept = trace.kept(got)
    if kept is None:
        return "wrong data", ["wrong data"]
    if kept == kept_all:
        return ("damage reported, nothing lost" if journal.damage else "without effect"), []
    if journal.damage:
        return "damage reported", []
    if trace.numbers[kept][1] < out_all:
        return "older state, told by the laptop's numbers", []
    return "older state, unseen", ["older state, unseen"]


async def live(full):
    """The chip refuses or forgets one operation, or a block is bad for ever: the box goes on, and nothing is lost."""
    clean = await Trace(rounds=2).record()
    total = len(clean.chip.log)
    count = Count()
    step = 1 if full else 9
    for code in (EIO, faulty_flash.CORRUPT):
        for number in range(code % step, total, step):
            await _live(count, "error %d" % code, number, errors={number: code})
    for number in range(0, total, step):
        await _live(count, "dropped", number, dropped=[number])
    for block in range(2, power_box.BLOCKS, 1 if full else 6):
        await _live(count, "bad block", block, bad_blocks=[block])
    return count.figures()


async def _live(count, name, number, **faults):
    chip = faulty_flash.FaultyFlash(power_box.BLOCKS)
    faulty_flash.mount(chip)
    faulty_flash.unmount()
    chip.operations = 0
    for fault in faults:
        setattr(chip, fault, faults[fault])
    laptop = Laptop(power_box.workload(2))
    problems, start_ms = await _meet(chip, laptop)
    chip.errors, chip.dropped = {}, []
    problems += await finish(chip, laptop, start_ms)
    count.add(name, problems, "%s %s" % (name, number))


async def _meet(chip, laptop):
    """Boot (again, as the owner would, while the storage refuses) and deliver while the fault is there."""
    box, start_ms = None, power_box.START_MS
    for _ in range(3):
        try:
            box = Box(chip, laptop)
            await box.start()
            await box.deliver()
            return [], box.clock.now_ms()
        except OSError:
            pass
        except power_box.JournalError:
            pass
        finally:
            if box is not None:
                start_ms = box.clock.now_ms()
                await box.off()
                box = None
    return [], start_ms


async def full_storage(full):
    """Another file leaves only so many blocks free; once it is gone, everything goes on from where it stood."""
    count = Count()
    for free in range(0, 60, 1 if full else 3):
        chip = faulty_flash.FaultyFlash(power_box.BLOCKS)
        faulty_flash.mount(chip)
        fill(free)
        faulty_flash.unmount()
        laptop = Laptop(power_box.workload(2))
        problems, start_ms = await _meet(chip, laptop)
        faulty_flash.mount(chip)
        import os

        os.remove("/flash/filler")
        faulty_flash.unmount()
        problems += await finish(chip, laptop, start_ms)
        count.add("full", problems, "%d free" % free)
    return count.figures()


def fill(free):
    """Leave `free` blocks to the file system."""
    import os

    block = b"\0" * 4000
    with open("/flash/filler", "wb") as file:
        while os.statvfs("/flash")[3] > free + 1:
            file.write(block)
            file.flush()


async def planted(full):
    """The checks with bugs built in: each must be found."""
    return {
        "no sync": await _found(make_files=NoSync),
        "acknowledged before the commit": await _found(make_store=AcksEarly),
        "old files dropped before the snapshot": await _found(snapshot_hook=_drop_all),
        "no CRC check": await _without_crc(),
        "no check for repeated messages": await _with_bug(State, "knows_message", lambda self, jid, id_: False),
        "numbers start anew": await _with_bug(Store, "recover", _recover_without_numbers),
        "a synced block arrives late": await _unordered(),
    }


class NoSync(Files):
    def sync(self, file):
        pass


class AcksEarly(Store):
    async def committed(self):
        self._durable_in = self._in_seq
        self.late = asyncio.create_task(Store.committed(self))


_recover = Store.recover


def _recover_without_numbers(self):
    _recover(self)
    self._next_out = max(1, self._next_out - 3)


def _drop_all(journal):
    for name in journal._files.names():
        if name.endswith(".log") or name.endswith(".snap"):  # noqa: PIE810 - MicroPython takes no tuple
            journal._files.remove(name)


async def _found(snapshot_hook=None, **bug):
    """In how many cuts a bug of the store shows."""
    trace = await Trace(rounds=2, **bug).record(snapshot_hook)
    return _broken_cuts(trace)


def _broken_cuts(trace):
    found = 0
    for number, _, image in power_cuts.cuts(trace.start_image, trace.chip.log):
        problems, _ = trace.problems(image, number)
        found += bool(problems)
    return found


async def _unordered():
    trace = Trace(rounds=2)
    trace.chip.in_order = False
    return _broken_cuts(await trace.record())


async def _with_bug(owner, name, function):
    """In how many booted cuts a bug of the box shows."""
    original = getattr(owner, name)
    setattr(owner, name, function)
    try:
        trace = await Trace(rounds=2).record()
        found = bool(trace.final_problems)
        for number in range(30, len(trace.chip.log), 40):
            image = image_at(trace, number)
            found += bool(await boot_and_finish(image, trace.laptop.at(number), trace.time_at(number)))
        return found
    finally:
        setattr(owner, name, original)


class _Anything:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


async def _without_crc():
    original = frames.crc32
    frames.crc32 = lambda payload: _Anything()
    try:
        return (await flips(False, 307))["broken"]
    finally:
        frames.crc32 = original


SECTIONS = {
    "cuts": cuts,
    "boots": boots,
    "recoveries": recoveries,
    "brownouts": brownouts,
    "flips": flips,
    "live": live,
    "full_storage": full_storage,
    "planted": planted,
}


def main(arguments):
    portable.collect_often(4 * 1024 * 1024)
    power_box.use_small_limits()
    full = "--full" in arguments
    wanted = [name for name in arguments if name in SECTIONS] or list(SECTIONS)
    figures = {}
    for name in wanted:
        began = portable.raw_ticks_ms()
        asyncio.new_event_loop()
        figures[name] = asyncio.run(SECTIONS[name](full))
        figures[name]["took_ms"] = portable.ticks_diff(portable.raw_ticks_ms(), began)
    print(json.dumps(figures))


main(sys.argv[1:])
