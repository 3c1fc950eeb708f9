"""What comes in: received in order, durable, acknowledged; three marks that never overtake one another."""

import asyncio

from device.host import limits, portable

LATER = "later"  # what an `on_record` returns that has taken a record in order and will tell when it is durable


class Incoming:
    """`received` is the highest seq handed to `on_record`, `durable` the highest that may be acknowledged.

    `take` raises what `on_record` raises; the record then counts as not received. `on_telemetry(envelope)` gets what
    has no seq and was not replayed.
    """

    def __init__(self, storage, clock, report, wake, on_record, on_telemetry):
        self._storage = storage
        self._clock = clock
        self._report = report
        self._wake = wake
        self._on_record = on_record
        self._on_telemetry = on_telemetry
        self._settled = asyncio.Event()
        self.received = -1  # not loaded yet
        self.durable = -1
        self._ids = []  # of what is received and not durable yet
        self._last = (0, "")
        self._unacked = 0
        self._ack_at = None
        self._telemetry = 0
        self._pause_ms = limits.LINK_FAILED_MS
        self._failing = False
        self.held = False  # records are refused because there is no room for what they lead to
        self.notice_due = False  # the peer has not been told so

    async def load(self):
        """Ask the storage where things stand, once."""
        if self.durable < 0:
            applied = await portable.maybe_await(self._storage.applied())
            if self.durable < 0:
                self.durable = self.received = applied

    async def take(self, envelope):
        """Take one envelope of a live session in: "fresh", "gap" (something before it is missing) or "old"."""
        seq = envelope["seq"]
        if seq == 0:
            return await self._take_unnumbered(envelope)
        if seq <= self.received:
            self._report.count("duplicates")
            self._owe_ack()
            return "old"
        if self.held or len(self._ids) >= limits.LINK_UNSETTLED:
            self._report.count("held")
            return "old"
        if seq > self.received + 1:
            self._report.count("gaps")
            return "gap"
        await self._take_record(envelope)
        return "fresh"

    async def _take_record(self, envelope):
        seq = envelope["seq"]
        self._ids.append(envelope["id"])  # first: it may be settled before `on_record` has returned
        self.received = seq
        try:
            when = await portable.maybe_await(self._on_record(envelope["kind"], envelope["body"], envelope))
        except BaseException:  # a cancellation as well: what is never settled would keep the next session waiting
            self.received = self.durable
            self._ids = []
            raise
        if when != LATER:
            self.settle(seq)

    async def _take_unnumbered(self, envelope):
        if envelope["kind"] == "link.ack":
            return "old"
        number = _number(envelope["id"])
        if number <= self._telemetry:
            self._report.reject("replayed")
            return "old"
        self._telemetry = number
        await self._on_telemetry(envelope)
        return "fresh"

    # Durable or not.

    def settle(self, seq):
        """Everything up to `seq` is durable."""
        count = seq - self.durable
        if count <= 0 or seq > self.received:
            return
        self._last = (seq, self._ids[count - 1])
        del self._ids[:count]
        self.durable = seq
        self._pause_ms = limits.LINK_FAILED_MS
        self._failing = False
        self._report.count("applied", count)
        self._unacked += count
        self._owe_ack()
        self._settled.set()

    def roll_back(self, error):
        """What is not durable is as if it had not come. The audit hears of it once until something is durable again."""
        self._report.count("failed", max(1, len(self._ids)))
        self.received = self.durable
        self._ids = []
        self._settled.set()
        if not self._failing:
            self._failing = True
            self._report.audit("link.failed", "record %d could not be stored: %s" % (self.durable + 1, error))

    def pause_ms(self):
        """How long to wait before records are asked for again; doubles from failure to failure."""
        pause_ms = self._pause_ms
        self._pause_ms = min(2 * pause_ms, limits.LINK_FAILED_MAX_MS)
        return pause_ms

    def hold(self):
        """There is no room: take no record until there is, and let the peer know."""
        self._report.count("held")
        self.held = self.notice_due = True
        self._wake.set()

    async def all_settled(self):
        """Return once nothing is between received and durable: numbers may only be agreed on then."""
        while self.received > self.durable:
            self._settled.clear()
            await self._settled.wait()

    async def agree(self, low):
        """The peer holds its records from `low` on; what it no longer has and we never got is lost."""
        self.held = False
        if low > self.durable + 1:
            self._report.count("skipped")
            self._report.audit("link.gap", "records %d to %d of the peer are lost" % (self.durable + 1, low - 1))
            await portable.maybe_await(self._storage.skip_in(low - 1))
            self.durable = self.received = low - 1
            self._last = (0, "")

    def forget_telemetry(self):
        """Another boot of the peer counts its telemetry anew."""
        self._telemetry = 0

    def last_id(self):
        """The id of the last durable record; "" if it is not remembered."""
        return self._last[1] if self._last[0] == self.durable else ""

    # Acknowledgements.

    def acknowledge(self):
        """The number for the `ack` field of an envelope that leaves now; with it nothing is owed any more."""
        self._unacked = 0
        self._ack_at = None
        return self.durable

    def ack_due(self):
        """True when an acknowledgement must not wait any longer for an envelope to ride on."""
        return self._unacked >= limits.LINK_ACK_EVERY or (
            self._ack_at is not None and self._clock.ticks_ms() >= self._ack_at
        )

    def ack_wait(self, now):
        """Milliseconds until an acknowledgement is due, None if none is owed."""
        return None if self._ack_at is None else max(0, self._ack_at - now)

    def _owe_ack(self):
        first = self._ack_at is None
        if first:
            self._ack_at = self._clock.ticks_ms() + limits.LINK_ACK_DELAY_MS
        if first or self._unacked >= limits.LINK_ACK_EVERY:
            self._wake.set()


def _number(text):
    try:
        return int(text) if len(text) <= 16 else 0
    except ValueError:
        return 0
