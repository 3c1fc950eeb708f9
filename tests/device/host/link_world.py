"""Two links over a fake network that can lose, double, delay, reorder, cut and replay; and a store that can be lost.

Effects are written down outside the system (`Peer.effects`), the way the outside world would see them.
"""

import asyncio

from device.host.clock import ManualClock
from device.host.errors import NoRoom
from device.host.link import LATER, Link

KEY = b"the key of one box, 32 bytes ...."


class MemoryStore:
    """The link's storage over a plain dict; `copy` is what a backup would hold. Optionally answers as coroutines."""

    def __init__(self, slow=False):
        self.spool = []
        self.next = 1
        self.last_in = 0
        self.slow = slow

    def put(self, key, kind="note", body=None):
        self.spool.append((self.next, key, kind, body or {}, 1000))
        self.next += 1

    def copy(self):
        other = MemoryStore(self.slow)
        other.spool, other.next, other.last_in = list(self.spool), self.next, self.last_in
        return other

    def next_out(self):
        return self._answer(self.next)

    def spool_after(self, seq, limit):
        return self._answer([row for row in self.spool if row[0] > seq][:limit])

    def acked(self, seq):
        self.spool = [row for row in self.spool if row[0] > seq]
        return self._answer(None)

    def applied(self):
        return self._answer(self.last_in)

    def skip_in(self, seq):
        self.last_in = seq
        return self._answer(None)

    def renumber(self, first):
        self.spool = [(first + at,) + row[1:] for at, row in enumerate(self.spool)]
        self.next = first + len(self.spool)
        return self._answer(None)

    def _answer(self, value):
        return _later(value) if self.slow else value


async def _later(value):
    await asyncio.sleep(0)
    return value


class Wire:
    """One direction of a broker: what is sent arrives after `delay_ms` unless `fault(data)` says otherwise."""

    def __init__(self, clock):
        self.clock = clock
        self.up = True
        self.cut = False  # swallows silently, as a one-way cut does
        self.delay_ms = 1
        self.fault = lambda data: [(self.delay_ms, data)]  # fault(data) -> list of (delay_ms, data)
        self.log = []
        self.log_limit = 1000
        self.queue = []
        self.wake = asyncio.Event()
        self.sequence = 0

    def send(self, data, qos):
        if not self.up:
            raise OSError("not connected")
        if len(self.log) == self.log_limit:
            self.log.pop(0)
        self.log.append(data)
        if self.cut:
            return True
        for delay_ms, copy in self.fault(data):
            self.inject(copy, delay_ms)
        return True

    def inject(self, data, delay_ms=0):
        self.sequence += 1
        self.queue.append((self.clock.ticks_ms() + delay_ms, self.sequence, data))
        self.queue.sort(key=lambda item: item[:2])
        self.wake.set()

    async def carry(self, world, name):
        """Deliver to the peer called `name` (whoever it is at that time), one at a time, in order of due time."""
        while True:
            self.wake.clear()
            if not self.queue:
                await self.wake.wait()
                continue
            wait_ms = self.queue[0][0] - self.clock.ticks_ms()
            if wait_ms > 0:
                await self.clock.wait(self.wake, wait_ms)
                continue
            data = self.queue.pop(0)[2]
            peer = world.peers.get(name)
            if peer:
                await peer.link.receive(data)


class Peer:
    """A link, its store and its effects. `crash_in` lets the process die between effect and acknowledgement."""

    link_class = Link

    def __init__(self, world, name, boot, store, src, peer_src, wire):
        self.world, self.name, self.store, self.wire = world, name, store, wire
        self.effects = world.effects[name]
        self.telemetry = []
        self.services = []
        self.service_taker = None  # what stands for Calls or a CallServer
        self.audits = []
        self.lives = []
        self.welcome = {}
        self.fail = 0
        self.room = True
        self.refused = 0
        self.batched = world.batched_host and name == "host"
        self.commit_ms = world.commit_ms
        self.commits = 0
        self.waiting = []  # received, not committed
        self.link = world.link_class(
            store,
            KEY,
            src,
            peer_src,
            boot,
            world.clock,
            wire.send,
            self.apply,
            on_audit=self.audit,
            on_telemetry=lambda kind, body, env: self.telemetry.append(body),
            on_service=self.served,
            on_live=self.lived,
            on_welcome=self.welcomed,
            welcome_extra=lambda: {"from": name},
            has_room=lambda: self.room,
            alive_ms=world.alive_ms if name == "host" else None,
        )
        self.tasks = [asyncio.create_task(self.link.run())]
        if self.batched:
            self.tasks.append(asyncio.create_task(self.commit_batches()))

    async def apply(self, kind, body, envelope):
        await asyncio.sleep(0)
        if not self.room:
            self.refused += 1
            raise NoRoom("full")
        if self.batched:
            self.waiting.append((envelope["seq"], envelope["id"]))
            return LATER
        if self.fail:
            self.fail -= 1
            raise RuntimeError("flash error")
        assert envelope["seq"] == self.store.last_in + 1
        self.store.last_in = envelope["seq"]
        self.effects.append(envelope["id"])
        return None

    async def commit_batches(self):
        """Commit whatever has arrived, all at once, as a database with one writer does."""
        while True:
            await self.world.clock.sleep_ms(self.commit_ms)
            batch = list(self.waiting)
            if not batch:
                continue
            self.commits += 1
            if self.fail:
                self.fail -= 1
                self.waiting = []
                self.link.failed(RuntimeError("disk full"))
                continue
            del self.waiting[: len(batch)]
            for seq, key in batch:
                if seq > self.store.last_in:
                    self.effects.append(key if seq == self.store.last_in + 1 else "out of order: " + key)
                    self.store.last_in = seq
            self.link.settled(batch[-1][0])

    def served(self, kind, body):
        self.services.append((kind, body))
        if self.service_taker:
            self.service_taker.receive(kind, body)

    def lived(self, live):
        self.lives.append(live)
        if self.service_taker:
            self.service_taker.live(live)

    def audit(self, what, detail):
        if len(self.audits) < 100:  # planted bugs can make many
            self.audits.append((what, detail))

    def welcomed(self, body):
        self.welcome = body

    def put(self, key):
        self.store.put(key)
        self.link.kick()


class World:
    """Peers "box" and "host", joined by two wires."""

    def __init__(self, link_class=Link, slow_host=False, batched_host=False, alive_ms=None):
        self.link_class = link_class
        self.batched_host = batched_host
        self.alive_ms = alive_ms
        self.commit_ms = 3
        self.clock = ManualClock(1700000000000)
        self.effects = {"box": [], "host": []}
        self.wires = {"box": Wire(self.clock), "host": Wire(self.clock)}  # by sender
        self.peers = {}
        self.boots = 0
        self.tasks = [
            asyncio.create_task(self.wires["box"].carry(self, "host")),
            asyncio.create_task(self.wires["host"].carry(self, "box")),
        ]
        self.start("box", MemoryStore())
        self.start("host", MemoryStore(slow_host))

    @property
    def box(self):
        return self.peers["box"]

    @property
    def host(self):
        return self.peers["host"]

    def start(self, name, store):
        """A (new) process of this peer on the given store; what it held in memory is gone."""
        self.stop(name)
        self.boots += 1
        src, peer_src = ("device:desk", "host") if name == "box" else ("host", "device:desk")
        self.peers[name] = Peer(self, name, "%04x" % self.boots, store, src, peer_src, self.wires[name])
        if self.wires[name].up:
            self.peers[name].link.connected()

    def stop(self, name):
        peer = self.peers.pop(name, None)
        if peer:
            for task in peer.tasks:
                task.cancel()

    def restart(self, name):
        self.start(name, self.peers[name].store)

    def disconnect(self, name):
        self.wires[name].up = False
        self.peers[name].link.disconnected()

    def connect(self, name):
        self.wires[name].up = True
        self.peers[name].link.connected()

    async def run(self, ms):
        await self.clock.advance(ms)

    async def until(self, condition, limit_ms=120000, step_ms=20):
        """Advance until `condition()`; False if it did not come true within `limit_ms`."""
        for _ in range(limit_ms // step_ms):
            if condition():
                return True
            await self.clock.advance(step_ms)
        return condition()

    def quiet(self):
        """Nothing left to deliver in either direction."""
        return not self.box.store.spool and not self.host.store.spool

    async def close(self):
        for name in list(self.peers):
            self.stop(name)
        for task in self.tasks:
            task.cancel()
        await asyncio.sleep(0)
