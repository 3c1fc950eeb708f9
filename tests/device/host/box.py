"""A whole box without screen and network, on a clock moved by hand: what tests of the host talk to."""

# pyright: reportOptionalSubscript=false
import asyncio
import json

from device.host import limits, portable
from device.host.clock import ManualClock
from device.host.host import Host
from device.host.journal import Journal
from device.host.store import Store
from tests.device.host.memory_files import MemoryFiles

START_MS = 1764000000000  # 2025-11-24T16:00:00Z, a Monday


class Answers:
    """A responder that answers by a script: a text, an exception to raise, or a function of (run, prompt, api)."""

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.script = []
        self.takes_ms = 0

    async def respond(self, run, prompt, messages, api):
        texts = None if messages is None else [m["text"] for m in messages]
        self.calls.append((run["folder"], run["kind"], prompt if texts is None else texts))
        if self.takes_ms:
            await self.clock.sleep_ms(self.takes_ms)
        step = self.script.pop(0) if self.script else "fine"
        if isinstance(step, Exception):
            raise step
        if isinstance(step, str):
            return step
        return await step(run, prompt, api)


class Box:
    """`contents`: what an earlier box's `files.survivors()` left. `auto_ack` plays a host that takes every record."""

    def __init__(self, contents=None, start_ms=START_MS, auto_ack=True, screen=None, fail_at=None, torn=0):
        portable.collect_often(limits.GARBAGE_BYTES)
        self.clock = ManualClock(start_ms)
        self.files = MemoryFiles(contents, fail_at=fail_at, torn=torn)
        self.journal = Journal(self.files)
        self.store = Store(self.journal, self.clock)
        self.store.recover()
        self.answers = Answers(self.clock)
        self.told = []
        self.up = []
        self.auto_ack = auto_ack
        self.store.call_when_durable(self.take_up)
        self.host = Host(self.store, self.clock, self.answers, self._tell, screen=screen)
        self.host.boot()
        self._task = None
        self._seq = self.store.applied()
        self._ids = 0

    @property
    def state(self):
        return self.store.state

    async def start(self):
        """Let everything go on by itself."""
        self._task = asyncio.create_task(self.host.run())
        await self.clock.settle()
        return self

    async def stop(self):
        """Power off without any clean-up; returns what the storage holds."""
        if self._task is not None:
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass
        return self.files.survivors()

    async def down(self, kind, body):
        """One record from the laptop; its number counts on only when it was applied."""
        await self.host.handle(kind, body, {"seq": self._seq + 1, "id": "x"})
        self._seq += 1
        await self.clock.settle()

    async def say(self, text, folder="main", id_=None, from_me=False):
        """A message in a group's chat."""
        self._ids += 1
        jid = self.state.groups[folder]["jid"] if folder in self.state.groups else folder
        body = {
            "jid": jid,
            "id": id_ or "m%d" % self._ids,
            "sender": "ann",
            "sender_name": "Ann",
            "text": text,
            "ts_ms": self.clock.now_ms(),
            "from_me": from_me,
        }
        await self.down("msg.in", body)

    async def command(self, verb, id_=None, **args):
        """A command of the owner's; returns its cmd.result body (None: not answered yet)."""
        self._ids += 1
        id_ = id_ or "c%d" % self._ids
        await self.down("cmd", {"id": id_, "client": "cli", "name": verb, "args": args})
        return self.state.result(id_)

    async def group(self, folder, **args):
        """Register a group and return it."""
        return (await self.command("group.add", folder=folder, name=folder, **args))["result"]

    async def task(self, **args):
        """Add a task and return it."""
        args.setdefault("folder", "main")
        args.setdefault("prompt", "look around")
        answer = await self.command("task.add", **args)
        assert answer["ok"], answer
        return answer["result"]

    def kinds(self, *wanted):
        """Bodies of the records that came up, of these kinds."""
        return [body for kind, body in self.up if kind in wanted]

    def replies(self):
        """(folder, text) of every message that went out."""
        return [(m["folder"], m["text"]) for m in self.kinds("msg.out")]

    def audits(self, what):
        return [a for a in self.state.audit if a["what"] == what]

    def take_up(self):
        if self.auto_ack:
            for seq, _, kind, body, _ in self.store.spool_after(0, 1000):
                self.up = self.up[-400:] + [(kind, body)]
                self.store.acked(seq)

    def _tell(self, kind, body):
        self.told = self.told[-40:] + [(kind, body)]


def canonical(state):
    """The state as comparable text, whatever the order of dicts."""
    records = [(kind, _sorted_text(body)) for kind, body in state.snapshot_records()]
    unordered = [r for r in records if r[0] in ("group.set", "task.set", "cursor.set", "msg.stored")]
    return sorted(unordered) + [r for r in records if r not in unordered]


def _sorted_text(value):
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (k, _sorted_text(value[k])) for k in sorted(value))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join(_sorted_text(v) for v in value)
    return json.dumps(value)
