"""The store: the state, its journal on flash, and the spool of records that the host has not acknowledged yet.

One record is all three at once. `put` applies it in memory; `await committed()` returns once it is durable; only then
does `spool_after` show it, so nothing leaves the box before it would survive a power cut; `applied` never runs ahead.

Errors
RecordTooLarge  a record that would not fit into an envelope
SpoolFull     no room for more unacknowledged records: nothing was applied, try again when `room` is set
JournalError  the storage refused the write (see journal.py): what was put stays pending
"""

import asyncio
import json

from device.host import limits, portable
from device.host.errors import BarnacleError, NoRoom
from device.host.journal import JournalError
from device.host.state import State


class RecordTooLarge(BarnacleError):  # noqa: N818 - says what is wrong by itself
    """A record that would not fit into an envelope; nothing was applied."""


class SpoolFull(NoRoom):
    """The spool of unacknowledged records is full: back-pressure until the host acknowledges."""


class Store:
    """Also the link's storage interface: next_out, spool_after, acked, applied, skip_in, renumber.

    state        the State; read freely, change only through `put`
    boot         random hex of this boot
    room         event: set while new work may be admitted
    changed      event: set by every commit; the waiter clears it
    dirty        event: set by every put; the waiter clears it
    drained      event: set whenever the host has acknowledged something; the waiter clears it
    observers    functions called as (kind, body) after each `put`; they may put as well, and must not wait
    """

    def __init__(self, journal, clock):
        self._journal = journal
        self._clock = clock
        self.state = State()
        self.boot = portable.hexlify(portable.random_bytes(8))
        self._storage_problem = None
        self._full = False
        self.room = asyncio.Event()
        self.room.set()
        self.changed = asyncio.Event()
        self.drained = asyncio.Event()
        self.dirty = asyncio.Event()
        self.observers = []
        self._on_durable = None
        self._spool = []
        self._spool_bytes = 0
        self._reserved_records = 0
        self._reserved_bytes = 0
        self._next_out = 1
        self._durable_out = 0
        self._in_seq = 0
        self._durable_in = 0
        self._last_ms = 0
        self._puts = 0
        self._durable_puts = 0
        self._writers = 0

    @property
    def problem(self):
        """None, or one line for people about what is wrong with the storage or the spool."""
        if self._storage_problem is not None:
            return self._storage_problem
        if self._full:
            return "the laptop has taken no records for a while: new messages and runs wait until it does"
        if self.damage:
            return "the storage was damaged, what could not be read is kept aside: " + self.damage
        return None

    @property
    def damage(self):
        """What the journal could not read at boot (kept aside as files); "" when all is well."""
        return self._journal.damage

    @property
    def bytes_written(self):
        """Bytes that the journal wrote since boot."""
        return self._journal.bytes_written

    @property
    def spool_size(self):
        """How many records wait for the host's acknowledgement."""
        return len(self._spool)

    @property
    def last_ms(self):
        """UTC time of the newest record."""
        return self._last_ms

    @property
    def wants_snapshot(self):
        """True when the log has outgrown the state: call `snapshot` at a quiet moment."""
        return self._journal.wants_snapshot

    @property
    def overdue_snapshot(self):
        """True when the log is so long that the next snapshot must not wait for a quiet moment."""
        return self._journal.overdue_snapshot

    def recover(self):
        """Read everything durable back; call once, first. Damage is reported through `damage` and `problem`."""
        self._journal.recover(self._replay)
        self._durable_out = self._next_out - 1
        self._durable_in = self._in_seq
        self._note_room()

    def call_when_durable(self, kick):
        """Call `kick()` after each commit: records may be ready to be sent."""
        self._on_durable = kick

    def put(self, kind, body, up=True, in_seq=None):
        """Apply a record now and journal it with the next commit; returns its out_seq (0 when not `up`).

        `in_seq`: the sequence number of the envelope that caused it. All puts between two awaits are one atomic batch.
        Raises SpoolFull, RecordTooLarge, or JournalError while the storage refuses; nothing was applied then.
        """
        if self._journal.pending >= limits.PENDING_RECORDS:
            raise JournalError(self._storage_problem or "too many records wait to be written")
        out_seq = self._next_out if up else 0
        ts_ms = self._clock.now_ms()
        payload = _encode([kind, body, out_seq, in_seq or 0, ts_ms])
        if len(payload) > limits.RECORD_BYTES - 64:
            raise RecordTooLarge("a %s record of %d bytes is too large to be stored" % (kind, len(payload)))
        if up and not self._fits(1, len(payload), 0):
            raise SpoolFull("%d records wait for the host" % len(self._spool))
        self._journal.append(payload)
        self._take_in(kind, body, out_seq, in_seq or 0, ts_ms, len(payload))
        self._puts += 1
        self.dirty.set()
        for observer in self.observers:
            observer(kind, body)
        return out_seq

    def mark_applied(self, in_seq):
        """Record that an envelope was taken in though it caused no other record."""
        self.put("!in", None, up=False, in_seq=in_seq)

    async def committed(self):
        """Return once everything put so far is durable. Writers that are ready at the same time share one commit."""
        wanted = self._puts
        if self._durable_puts >= wanted:
            return
        self._writers += 1
        try:
            await asyncio.sleep(0)
            seen = wanted
            for _ in range(3):
                if self._writers < 2 or self._puts == seen:
                    break
                seen = self._puts
                await asyncio.sleep(0)
        finally:
            self._writers -= 1
        if self._durable_puts < wanted:
            self.commit()

    def commit(self):
        """Write everything pending now; raises JournalError, and says so in `problem`, when the storage refuses."""
        try:
            self._journal.commit()
        except JournalError as error:
            self._storage_problem = str(error)
            raise
        self._storage_problem = None
        self._durable_puts = self._puts
        self._durable_out = self._next_out - 1
        self._durable_in = self._in_seq
        self.changed.set()
        if self._on_durable is not None:
            self._on_durable()

    def snapshot(self):
        """Write the whole state as a new generation of files; `drop_old` then removes the old. Blocks while writing."""
        self.commit()
        self._journal.snapshot(self._snapshot_payloads)

    async def snapshot_in_steps(self):
        """As `snapshot`, giving others their turns meanwhile. Where there is no room, the previous one goes."""
        try:
            await self._take_steps()
        except JournalError:
            self._journal.give_up_previous()
            more = True
            while more:
                more = self.drop_old()
                await asyncio.sleep(0)
            try:
                await self._take_steps()
            except JournalError:
                self._journal.drop_unfinished()
                raise

    def drop_old(self):
        """Remove one file that snapshots made superfluous; False when there is none."""
        return self._journal.drop_old()

    def close(self):
        """Give the journal's file back; pending records are committed first."""
        self.commit()
        self._journal.close()

    # --- room in the spool ---

    def require(self, records, size):
        """Raise SpoolFull unless so many more records of `size` bytes in all may be put by new work."""
        if not self.has_room(records, size):
            self._say_full()
            raise SpoolFull("%d records wait for the host" % len(self._spool))

    def has_room(self, records, size):
        """True when new work of this size may be admitted beside what is promised to running work."""
        return self._fits(
            records + self._reserved_records + limits.AUDIT_RESERVE_RECORDS,
            size,
            self._reserved_bytes + limits.AUDIT_RESERVE_BYTES,
        )

    async def reserve(self):
        """Wait until a run's outcome is sure to fit and promise it that room; give it back with `release`."""
        while not self.has_room(limits.RUN_RESERVE_RECORDS, limits.RUN_RESERVE_BYTES):
            await self.wait_for_room()
        self._reserved_records += limits.RUN_RESERVE_RECORDS
        self._reserved_bytes += limits.RUN_RESERVE_BYTES

    async def wait_for_room(self):
        """Say that the spool is full, and wait until there may be room again; the caller looks for itself."""
        self._say_full()
        try:
            self.commit()
        except JournalError:
            self.dirty.set()  # `problem` says so; whoever waits here waits for that as well
        await self.room.wait()
        await asyncio.sleep(0)

    def release(self):
        """Give one run's promised room back."""
        self._reserved_records -= limits.RUN_RESERVE_RECORDS
        self._reserved_bytes -= limits.RUN_RESERVE_BYTES
        self._note_room()

    # --- the link's storage interface ---

    def next_out(self):
        """The sequence number that the next record going up will get."""
        return self._next_out

    def spool_after(self, seq, limit):
        """At most `limit` durable, unacknowledged records above `seq`: [(seq, id, kind, body, ts_ms)], oldest first."""
        found = []
        for entry in self._spool:
            if len(found) >= limit or entry[0] > self._durable_out:
                break
            if entry[0] > seq:
                found.append(entry[:5])
        return found

    def acked(self, seq):
        """The host holds everything up to `seq`: forget it. Durable with the next commit; sets `drained`."""
        count = 0
        while count < len(self._spool) and self._spool[count][0] <= seq:
            count += 1
        if not count:
            return
        self._journal.append(_encode(["!acked", self._spool[count - 1][0], 0, 0, 0]))
        self._forget(count)
        self.drained.set()

    def applied(self):
        """The highest sequence number from the host that is durably applied."""
        return self._durable_in

    def skip_in(self, seq):
        """Take `seq` as durably applied because the host no longer holds what came before."""
        if seq > self._in_seq:
            self.mark_applied(seq)
            self.commit()

    def renumber(self, first):
        """Durably number the spool from `first` on because the host has seen other records under these numbers."""
        self.put("!renumber", first, up=False)
        self.commit()

    # --- inside ---

    def _take_in(self, kind, body, out_seq, in_seq, ts_ms, size):
        if kind[0] != "!" or kind in ("!recent", "!counters"):
            self.state.apply(kind, body)
        elif kind == "!acked":
            self._forget(sum(1 for entry in self._spool if entry[0] <= body))
        elif kind == "!renumber":
            self._spool = [(body + i,) + entry[1:] for i, entry in enumerate(self._spool)]
            self._next_out = body + len(self._spool)
        elif kind == "!next_out":
            self._next_out = max(self._next_out, body)
        if out_seq:
            self._add_to_spool(out_seq, "%s:%d:%d" % (kind, out_seq, ts_ms), kind, body, ts_ms, size)
        if in_seq > self._in_seq:
            self._in_seq = in_seq
        if ts_ms:
            self._last_ms = ts_ms

    def _add_to_spool(self, seq, key, kind, body, ts_ms, size):
        self._spool.append((seq, key, kind, body, ts_ms, size))
        self._spool_bytes += size
        self._next_out = max(self._next_out, seq + 1)
        if not self.has_room(1, 0):
            self.room.clear()

    def _replay(self, payload):
        kind, body, out_seq, in_seq, ts_ms = json.loads(payload)
        if kind == "!spool":
            key, kind, body = body
            self._add_to_spool(out_seq, key, kind, body, ts_ms, len(payload))
        else:
            self._take_in(kind, body, out_seq, in_seq, ts_ms, len(payload))

    async def _take_steps(self):
        self.commit()
        for _ in self._journal.snapshot_steps(self._snapshot_payloads):
            await asyncio.sleep(0)

    def _snapshot_payloads(self):
        """Everything as of now, encoded when it is asked for: dicts that were put in are only ever replaced."""
        last = ["!next_out", self._next_out, 0, self._in_seq, self._last_ms]
        return _encoded(list(self.state.snapshot_records()), list(self._spool), last)

    def _fits(self, records, size, other_bytes):
        return (
            len(self._spool) + records <= limits.SPOOL_RECORDS
            and self._spool_bytes + size + other_bytes <= limits.SPOOL_BYTES
        )

    def _forget(self, count):
        self._spool_bytes -= sum(entry[5] for entry in self._spool[:count])
        del self._spool[:count]
        self._note_room()

    def _say_full(self):
        """Once per spell of fullness: a visible problem and an audit event, in the room kept for it."""
        self.room.clear()
        if self._full:
            return
        self._full = True
        self._audit("spool.full", "%d records wait for the host" % len(self._spool))

    def _note_room(self):
        if not self.has_room(limits.RUN_RESERVE_RECORDS, limits.RUN_RESERVE_BYTES):
            return
        self.room.set()  # first: telling it may fail, and nobody must wait for that
        if self._full:
            self._full = False
            self._audit("spool.drained", "%d records wait for the host" % len(self._spool))

    def _audit(self, what, detail):
        entry = {
            "ts_ms": self._clock.now_ms(),
            "what": what,
            "actor": "box",
            "folder": None,
            "decision": "info",
            "rule": "spool",
            "reason": "",
            "detail": detail,
        }
        self.put("audit", entry)


def _encoded(records, spool, last):
    for kind, body in records:
        yield _encode([kind, body, 0, 0, 0])
    for seq, key, kind, body, ts_ms, _ in spool:
        yield _encode(["!spool", [key, kind, body], seq, 0, ts_ms])
    yield _encode(last)


def _encode(value):
    return portable.dumps(value).encode()
