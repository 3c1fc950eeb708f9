"""A box on a faulty flash, a laptop that remembers everything it was promised, and a workload that uses all of both.

MicroPython only: the file system is the real one. Limits are made small, so that a short workload makes snapshots.
"""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
import asyncio
import json

from device.host import limits
from device.host.clock import ManualClock
from device.host.files import Files
from device.host.host import Host
from device.host.journal import Journal, JournalError
from device.host.store import SpoolFull, Store
from device.sim import faulty_flash

START_MS = 1764000000000  # 2025-11-24T16:00:00Z
BLOCKS = 96
STEP_MS = 4000
SMALL = {
    "COMPACT_BYTES": 7000,
    "COMPACT_MOST_BYTES": 7000,
    "RUN_LOG": 6,
    "AUDIT_RING": 6,
    "RECENT_IDS": 24,
    "COMMAND_RESULTS": 12,
    "RING_MESSAGES": 10,
}


def use_small_limits():
    for name in SMALL:
        setattr(limits, name, SMALL[name])


def _message(number, folder="main", text=None, id_=None):
    id_ = id_ or "m%d" % number
    body = {"jid": "console:" + folder, "id": id_, "sender": "ann", "sender_name": "Ann", "from_me": False}
    return "msg.in", dict(body, text=text or "message %d" % number, ts_ms=START_MS + number)


def _command(id_, verb, **args):
    return "cmd", {"id": id_, "client": "cli", "name": verb, "args": args}


def workload(rounds=2):
    """What the laptop delivers: groups, tasks, messages, repeats, refusals; each round with new ids."""
    records: list = [_command("c-group", "group.add", folder="lab", name="lab", trigger="@Barnacle")]
    for turn in range(rounds):
        base = 10 * turn
        records.append(_command("c%d" % base, "task.add", folder="main", prompt="tick", kind="once", value=_once(turn)))
        records.append(_message(base + 1))
        records.append(_message(base + 2, "lab", "just chatting"))
        records.append(_message(base + 3, "lab", "@Barnacle what is up?"))
        records.append(_message(base + 1))  # once more
        records.append(_command("c%d" % base, "task.add", folder="main", prompt="tick", kind="once", value=_once(turn)))
        records.append(_message(base + 4, "nobody"))  # refused
        records.append(_command("p%d" % base, "group.pause", folder="lab"))
        records.append(_message(base + 5, "lab", "@Barnacle wait " + "x" * 700))
        records.append(_command("r%d" % base, "group.resume", folder="lab"))
        records.append(_message(base + 6))
    return records


def _once(turn):
    """Due while the workload goes on, a minute and more after the task was made."""
    seconds = 74 + 44 * turn
    return "2025-11-24T17:%02d:%02d" % (seconds // 60, seconds % 60)


class Answers:
    async def respond(self, run, prompt, messages, api):
        if messages is None:
            return "ticked"
        return "answer to " + ", ".join(m["id"] for m in messages)


class Laptop:
    """Has `records` to deliver, keeps every record that came up, and acknowledges now and then."""

    def __init__(self, records, received=None):
        self.records = records
        self.received = dict(received or {})  # seq -> (id, kind, body as text)
        self.held = max(self.received) if self.received else 0  # before this box was switched on
        self.store = None
        self.problems = []
        self.acked_seq = 0
        self.pulls = 0
        self.chip = None
        self.marks = []  # (operations the chip had logged, highest number held by then)

    def pull(self):
        """Everything durable that waits; a number that comes again must carry the same record."""
        for seq, id_, kind, body, _ in self.store.spool_after(0, 1000):
            record = (id_, kind, json.dumps(body))
            if seq in self.received and self.received[seq][:2] != record[:2]:
                self.problems.append("number %d was %s and is now %s" % (seq, self.received[seq][:2], record[:2]))
            self.received[seq] = record
        if self.chip is not None:
            self.marks.append((len(self.chip.log), max(self.received) if self.received else 0))
        self.pulls += 1
        if self.pulls % 3 == 0 and self.received:
            self.store.acked(max(self.received))

    def at(self, number):
        """The laptop as it was when the power went at this operation."""
        held = self.held
        for at, seq in self.marks:
            if at > number:
                break
            held = seq
        return Laptop(self.records, {seq: self.received[seq] for seq in self.received if seq <= held})

    def joined(self, earlier):
        """This laptop with what it had received before, too."""
        for seq in earlier.received:
            self.received.setdefault(seq, earlier.received[seq])
        return self

    def of(self, *kinds):
        """Bodies of the records of these kinds, in order."""
        return [json.loads(self.received[s][2]) for s in sorted(self.received) if self.received[s][1] in kinds]


class Box:
    """A booted box on `chip`. Raises what the boot raises; nothing formats the chip."""

    def __init__(self, chip, laptop, start_ms=START_MS, make_files=Files, make_store=Store):
        self.chip = chip
        self.laptop = laptop
        faulty_flash.mount(chip)
        self.clock = ManualClock(start_ms)
        try:
            self.journal = Journal(make_files("/flash/journal"))
        except OSError:
            faulty_flash.unmount()
            raise
        self.store = make_store(self.journal, self.clock)
        laptop.store, laptop.chip = self.store, chip
        self._task = None
        self.refusals = 0

    async def start(self):
        self.store.recover()
        self.store.call_when_durable(self.laptop.pull)
        self.host = Host(self.store, self.clock, Answers(), _tell_nobody)
        self.host.boot("Barnacle")
        self._task = asyncio.create_task(self.host.run())
        await self.clock.settle()
        self.laptop.pull()
        return self

    async def deliver(self, upto=None, on_accepted=None, tries=40):
        """Hand over what the box has not acknowledged; what it refuses comes again after a while."""
        records = self.laptop.records[:upto]
        while self.store.applied() < len(records) and tries:
            at = self.store.applied()
            try:
                await self.host.handle(records[at][0], records[at][1], {"seq": at + 1, "id": "x"})
                if on_accepted is not None:
                    on_accepted(at + 1)
            except (SpoolFull, JournalError):
                self.refusals += 1
                tries -= 1
            await self.clock.advance(STEP_MS)
        if upto is None:
            await self.clock.advance(120000)

    async def off(self):
        """The power goes: nothing is closed or committed."""
        if self._task is not None:
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass
        faulty_flash.unmount()


def _tell_nobody(kind, body):
    pass


def outcome_problems(box, laptop):
    """What is wrong after everything was delivered: [] when each promise was kept."""
    problems = list(laptop.problems)

    def expect(fine, what):
        if not fine:
            problems.append(what)

    state = box.store.state
    wanted = [b for k, b in laptop.records if k == "msg.in" and b["jid"] != "console:nobody"]
    ids = []
    for body in wanted:
        if body["id"] not in ids:
            ids.append(body["id"])
    seqs = sorted(laptop.received)
    expect(seqs == list(range(1, len(seqs) + 1)), "records are missing: %s" % _gaps(seqs))
    expect([m["id"] for m in laptop.of("msg.stored")] == ids, "stored: %s" % [m["id"] for m in laptop.of("msg.stored")])
    numbers = [m["n"] for m in laptop.of("msg.stored")]
    expect(numbers == sorted(set(numbers)), "arrival numbers go back: %s" % numbers)
    expect(all(not state.pending(f) for f in state.groups), "messages were left unanswered")
    answered = " ".join(m["text"] for m in laptop.of("msg.out"))
    for id_ in ids:
        times = answered.replace(",", " ").split().count(id_)
        expect(times == 1, "%s was answered %d times" % (id_, times))
    _check_tasks(laptop, expect)
    commands = [b["id"] for k, b in laptop.records if k == "cmd"]
    expect({r["id"] for r in laptop.of("cmd.result")} == set(commands), "not every command was answered")
    expect(all(r["ok"] for r in laptop.of("cmd.result")), "a command was refused")
    expect(state.groups["lab"]["paused"] is False, "the group stayed paused")
    expect(not [r for r in state.runs if r["state"] in ("queued", "running")], "a run has no end")
    expect(box.store.damage == "", "damage: %s" % box.store.damage)
    expect(box.store.problem is None, "problem: %s" % box.store.problem)
    return problems


def _check_tasks(laptop, expect):
    due = {}
    for run in laptop.of("run.queued"):
        if run["due_ms"] is not None:
            due.setdefault((run["task"], run["due_ms"]), set()).add(run["id"])
    tasks = {t["id"] for t in laptop.of("task.set")}
    made = len({b["id"] for k, b in laptop.records if k == "cmd" and b["name"] == "task.add"})
    expect(len(tasks) == made, "%d commands made %d tasks" % (made, len(tasks)))
    expect(len(due) == made and all(len(runs) == 1 for runs in due.values()), "due times fired: %s" % due)
    ended = [r["task"] for r in laptop.of("run.ended") if r["kind"] == "task"]
    expect(sorted(ended) == sorted(tasks), "tasks that came to an end: %s" % ended)


def _gaps(seqs):
    return [n for n in range(1, max(seqs) + 1) if n not in seqs][:10] if seqs else "none came"
