"""What goes out: records from the spool within a window, calls, telemetry; and what the peer has acknowledged of it."""

from device.host import limits, portable
from device.host.link_service import ServiceLane


class Outgoing:
    """`publish(seq, id, kind, body, ts_ms, qos)` puts one envelope on the wire."""

    def __init__(self, storage, clock, report, wake, publish):
        self._storage = storage
        self._clock = clock
        self._report = report
        self._wake = wake
        self._publish = publish
        self._acked = 0
        self._sent = 0
        self._ever_sent = 0
        self._progress_at = 0
        self._resend_after = 0
        self._telemetry = []
        self._number = 0
        self.service = ServiceLane(wake)
        self.held = False  # the peer has no room for records

    @property
    def in_flight(self):
        """Records sent and not acknowledged."""
        return max(0, self._sent - self._acked)

    # What the peer says.

    async def take_ack(self, ack):
        """Forget what the peer has applied; True when that is news."""
        if ack <= self._acked:
            return False
        if ack > self._ever_sent:
            self._report.reject("bad_ack")
            return False
        self._acked = ack
        self._sent = max(self._sent, ack)
        self._progress_at = self._clock.ticks_ms()
        await portable.maybe_await(self._storage.acked(ack))
        self._wake.set()
        return True

    def resend(self):
        """The peer asks for what it has not applied."""
        now = self._clock.ticks_ms()
        if now >= self._resend_after:
            self._resend_after = now + limits.LINK_RESEND_MIN_MS
            self._sent = self._acked
            self.held = False

    def hold(self):
        """The peer has no room: it gets no records until it asks, or LINK_HELD_MS have passed."""
        self.held = True
        self._progress_at = self._clock.ticks_ms()
        self._wake.set()

    def overdue(self, now):
        """True when the peer should have said something about what was sent."""
        return self.wait_ms(now) == 0

    def wait_ms(self, now):
        """Milliseconds until that is so; None when nothing is awaited."""
        if not self.in_flight and not self.held:
            return None
        patience_ms = limits.LINK_HELD_MS if self.held else limits.LINK_ACK_TIMEOUT_MS
        return max(0, self._progress_at + patience_ms - now)

    async def agree(self, ack, last):
        """The peer has applied our records up to `ack`; the id of that one was `last` ("": it does not remember)."""
        upcoming = await portable.maybe_await(self._storage.next_out())
        held = await portable.maybe_await(self._storage.spool_after(ack - 1, 1)) if 0 < ack < upcoming else []
        if ack >= upcoming or (last and held and held[0][0] == ack and held[0][1] != last):
            self._report.count("rewound")
            self._report.audit(
                "link.rewound", "the peer has applied %d, our store would number its next record %d" % (ack, upcoming)
            )
            await portable.maybe_await(self._storage.renumber(ack + 1))
        elif ack:
            await portable.maybe_await(self._storage.acked(ack))
        low, _ = await self.bounds()
        self._acked = self._sent = max(ack, low - 1)
        self._ever_sent = max(self._ever_sent, self._acked)
        self._resend_after = 0
        self._progress_at = self._clock.ticks_ms()
        self.held = False

    async def bounds(self):
        """The lowest seq that is still held, and the one that the next record will get."""
        upcoming = await portable.maybe_await(self._storage.next_out())  # first: what is put meanwhile is above it
        first = await portable.maybe_await(self._storage.spool_after(0, 1))
        low = first[0][0] if first else upcoming
        return low, max(low, upcoming)

    # Sending.

    async def send(self, may_send):
        """Send as long as `may_send()`: records first, calls in between so that neither starves, then telemetry."""
        more = served = True
        while (more or served) and may_send():
            more = await self._send_batch(may_send)
            served = await self.service.send(may_send, self._send_service)
        while self._telemetry and may_send():
            kind, body = self._telemetry.pop(0)
            self._report.count("telemetry")
            await self.send_numbered(kind, body)

    async def send_numbered(self, kind, body, qos=0):
        """Send something without a promise; its number makes a replay of it worthless."""
        self._number += 1
        await self._publish(0, str(self._number), kind, body, None, qos)

    async def _send_service(self, kind, body):
        self._report.count("service")
        await self.send_numbered(kind, body, 1)

    async def _send_batch(self, may_send):
        """Send the next few records; False when there are none, or the mark was moved meanwhile."""
        room = 0 if self.held else min(limits.LINK_BATCH, limits.LINK_WINDOW - self.in_flight)
        records = await portable.maybe_await(self._storage.spool_after(self._sent, room)) if room > 0 else ()
        for seq, key, kind, body, ts_ms in records:
            if self.held or seq != self._sent + 1 or not may_send():
                return False
            await self._send_record(seq, key, kind, body, ts_ms)
        return bool(records)

    async def _send_record(self, seq, key, kind, body, ts_ms):
        if not self.in_flight:
            self._progress_at = self._clock.ticks_ms()
        self._sent = seq
        self._report.count("resent" if seq <= self._ever_sent else "sent")
        self._ever_sent = max(self._ever_sent, seq)
        await self._publish(seq, key, kind, body, ts_ms, 1)

    # Telemetry.

    def add_telemetry(self, kind, body):
        """Queue telemetry; the oldest goes when LINK_TELEMETRY wait."""
        if len(self._telemetry) >= limits.LINK_TELEMETRY:
            self._telemetry.pop(0)
            self._report.count("thinned")
        self._telemetry.append((kind, body))
        self._wake.set()
        return True

    def drop_unnumbered(self):
        """The session ended: what was telemetry is history, and no call outlives its session."""
        self._telemetry.clear()
        self.service.drop()
