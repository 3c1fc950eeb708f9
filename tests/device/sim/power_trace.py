"""One recorded workload: what was appended, what was promised at which operation, and whether an image keeps it."""

import json

from device.host.files import Files
from device.host.journal import Journal
from device.host.store import Store
from device.sim import faulty_flash
from tests.device.sim import power_box
from tests.device.sim.power_box import BLOCKS, Box, Laptop


class Trace:
    """`await record()` first. `problems(image, number)` says which promises an image of a cut at `number` breaks."""

    def __init__(self, make_files=Files, make_store=Store, rounds=2):
        self.make_files = make_files
        self.make_store = make_store
        self.records = power_box.workload(rounds)
        self.chip = faulty_flash.FaultyFlash(BLOCKS)
        self.payloads = []
        self.numbers = [(0, 0)]  # after each payload: highest in_seq, highest out_seq
        self.batches = [0]
        self.generations = [(0, [])]
        self.promises = []  # (operation number, payloads that must be there from here on)
        self.times = []  # (operation number, time)

    async def record(self, snapshot_hook=None):
        """Run the workload on a fresh chip."""
        laptop = Laptop(self.records)
        faulty_flash.mount(self.chip)
        faulty_flash.unmount()
        self.start_image = bytearray(self.chip.image)
        self.chip.record()
        box = Box(self.chip, laptop, make_files=self.make_files, make_store=self.make_store)
        self._watch(box.journal, snapshot_hook)
        await box.start()
        self.clock = box.clock
        box.store.call_when_durable(lambda: self._after_commit(laptop))
        await box.deliver(on_accepted=self._accepted)
        self.final_problems = power_box.outcome_problems(box, laptop)
        self.laptop = laptop
        self.snapshots = len(self.generations) - 1
        await box.off()
        return self

    def problems(self, image, number, later=False):
        """What is wrong with what the journal finds on `image`; `later`: records may follow those of the workload."""
        try:
            journal, got = read_back(image)
        except OSError as error:
            return ["it does not mount or cannot be read: %s" % error], None
        problems = [] if journal.damage == "" else ["damage: " + journal.damage]
        kept = self.kept(got, later)
        if kept is None:
            return problems + ["what came back is no prefix of whole commits"], None
        if kept < self.promised(number):
            problems.append("%d records came back of %d promised" % (kept, self.promised(number)))
        return problems, kept

    def kept(self, got, later=False):
        """How many of the appended payloads `got` stands for; None when it is no prefix that ends with a commit."""
        for covered, payloads in reversed(self.generations):
            count = len(payloads)
            if got[:count] != payloads:
                continue
            tail = got[count:]
            whole = self.payloads[covered : covered + len(tail)]
            same = _same(tail, whole)
            if same == len(tail) and covered + same in self.batches:
                return covered + same
            if later and covered + same in self.batches:
                return covered + same
        return None

    def promised(self, number):
        """Payloads that must have survived a cut at this operation."""
        most = 0
        for at, count in self.promises:
            if at > number:
                break
            most = count
        return most

    def time_at(self, number):
        """The time on the wall when the power went at this operation."""
        found = power_box.START_MS
        for at, now_ms in self.times:
            if at > number:
                break
            found = now_ms
        return found

    def _watch(self, journal, snapshot_hook):
        append, commit, snapshot_steps = journal.append, journal.commit, journal.snapshot_steps

        def watched_append(payload):
            append(payload)
            self.payloads.append(bytes(payload))
            _, _, out_seq, in_seq, _ = json.loads(payload)
            before = self.numbers[-1]
            self.numbers.append((max(before[0], in_seq), max(before[1], out_seq)))

        def watched_commit():
            count = len(self.payloads)
            if count > self.batches[-1]:
                self.batches.append(count)
            commit()

        def watched_steps(payloads):
            self.generations.append((len(self.payloads), list(payloads())))
            if snapshot_hook is not None:
                snapshot_hook(journal)
            return snapshot_steps(payloads)

        journal.append, journal.commit, journal.snapshot_steps = watched_append, watched_commit, watched_steps

    def _after_commit(self, laptop):
        laptop.pull()
        seq = max(laptop.received) if laptop.received else 0
        self.times.append((len(self.chip.log), self.clock.now_ms()))
        self._promise(lambda numbers: numbers[1] >= seq)

    def _accepted(self, in_seq):
        self._promise(lambda numbers: numbers[0] >= in_seq)

    def _promise(self, enough):
        most = self.promises[-1][1] if self.promises else 0
        for count in range(most, len(self.numbers)):
            if enough(self.numbers[count]):
                self.promises.append((len(self.chip.log), max(most, count)))
                return
        self.promises.append((len(self.chip.log), len(self.payloads) + 1))  # promised without ever being appended


def read_back(image):
    """(journal, payloads) of a freshly mounted image. Raises OSError when it does not mount."""
    chip = faulty_flash.FaultyFlash(image=image)
    faulty_flash.mount(chip)
    try:
        got = []
        journal = Journal(Files("/flash/journal"))
        journal.recover(got.append)
    finally:
        faulty_flash.unmount()
    return journal, got


def _same(left, right):
    count = 0
    while count < len(left) and count < len(right) and left[count] == right[count]:
        count += 1
    return count
