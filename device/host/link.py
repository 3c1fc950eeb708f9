"""Ordered, authenticated, replay-proof delivery between box and laptop over a transport that loses, doubles or delays.

Both sides run the same `Link`. Records (seq > 0) come from a durable spool and are applied once, in order. A session is
live after a welcome that echoes one's own fresh nonce; until then no record is sent or taken. From then on only
envelopes of the boot that sent this welcome count, so nothing recorded earlier has any effect:

    A: link.hello {nonce}          -->
                                   <--   B: link.hello {nonce'} (if B has no session with this boot of A)
                                   <--   B: link.welcome {echo of nonce, low, next, last}; ack = what B has applied
    A: link.welcome, then its spool above that ack, again and again only when B asks or acknowledges nothing for long

Storage (results may be awaitable; seqs in the spool are contiguous):
    next_out() -> int                     seq that the next record will get
    spool_after(seq, limit) -> list       the first records above seq: (seq, id, kind, body, ts_ms)
    acked(seq)                            everything up to seq is applied by the peer: drop it
    applied() -> int                      highest contiguous seq applied from the peer
    skip_in(seq)                          durably: applied() is seq from now on (the peer has lost what was before)
    renumber(first)                       durably: what the spool holds gets seqs from `first` on, next_out() follows
"""

import asyncio

from device.host import limits, portable
from device.host.envelope import EnvelopeError, open_envelope, seal

COUNTERS = (
    "sent",
    "resent",
    "applied",
    "duplicates",
    "early",  # records before the session was live
    "stale",  # envelopes of an earlier boot of the peer
    "gaps",
    "skipped",  # times the peer had lost records
    "rewound",  # times our own store was older than what the peer has applied
    "failed",  # records that could not be applied; the peer will send them again
    "telemetry",
    "thinned",
    "hellos",
)


class Link:
    """One end of the conversation.

    `send(data, qos)` publishes bytes (qos 1 for records, 0 for control and telemetry, which a broker must not hoard);
    it may be a coroutine, return False or raise OSError when it cannot.
    `on_record(kind, body, envelope)` stores record and `envelope["seq"]` atomically and returns once that is durable.
    `hooks` may have: on_live(live) · on_telemetry(kind, body, envelope) · on_welcome(body) · welcome_extra() -> dict ·
    on_audit(what, detail) with what = link.gap, link.rewound, link.rejected, link.failed.
    The transport calls `connected`, `disconnected` and, one envelope at a time, `await receive(data)`; a store calls
    `kick` after a put; a task runs `run`.
    """

    def __init__(self, storage, key, src, peer_src, boot, clock, send, on_record, **hooks):
        self._storage = storage
        self._key = key
        self._peer_src = peer_src
        self._clock = clock
        self._send = send
        self._on_record = on_record
        self._hooks = hooks
        self._head = {"src": src, "boot": boot}
        self._wake = asyncio.Event()
        self.live = False
        self.peer_boot = ""
        self.counters = {name: 0 for name in COUNTERS}
        self.rejected = {}  # reason of a peer's envelope -> times
        self.forged = {}  # reason of a stranger's -> times
        self._unreported = 0
        self._report_after = None
        self._connected = False
        # in
        self._applied = -1  # not loaded yet
        self._last_in = (0, "")
        self._unacked_in = 0
        self._ack_at = None
        self._telemetry_in = 0
        # out
        self._acked = 0
        self._sent = 0
        self._ever_sent = 0
        self._progress_at = 0
        self._resend_after = 0
        self._telemetry = []
        self._telemetry_out = 0
        # session
        self._nonce = self._used_nonce = ""
        self._hello_at = None
        self._hello_after = 0
        self._backoff_ms = limits.LINK_HELLO_RETRY_MS
        self._answer = ""

    # What the owner calls.

    def connected(self):
        """The transport is up (again): open a new session."""
        self._connected = True
        self._set_live(False)
        self._backoff_ms = limits.LINK_HELLO_RETRY_MS
        self._hello_at = self._clock.ticks_ms()
        self._hello_after = 0
        self.kick()

    def disconnected(self):
        """The transport is gone."""
        self._connected = False
        self._nonce = self._answer = ""
        self._set_live(False)

    def kick(self):
        """There is something to send: call it after every put."""
        self._wake.set()

    def telemetry(self, kind, body):
        """Send without a number and without a promise; False if it was dropped at once because no session is live."""
        if not self.live:
            return False
        if len(self._telemetry) >= limits.LINK_TELEMETRY:
            self._telemetry.pop(0)
            self.counters["thinned"] += 1
        self._telemetry.append((kind, body))
        self.kick()
        return True

    @property
    def in_flight(self):
        """Records sent and not acknowledged."""
        return max(0, self._sent - self._acked)

    async def run(self):
        """Send whatever is due, for ever: hellos, welcomes, records, telemetry, acknowledgements. Sleeps when idle."""
        await self._load()
        while True:
            self._wake.clear()
            if self._connected:
                await self._send_due()
            await self._clock.wait(self._wake, self._wait_ms())

    async def receive(self, data):
        """Take one envelope as the transport delivered it; returns when its effect is durable, whatever the input."""
        await self._load()
        try:
            envelope = open_envelope(self._key, data)
        except EnvelopeError as error:
            stranger = error.code in ("bad_mac", "too_large")
            self._reject(self.forged if stranger else self.rejected, error.code)
            return
        if envelope["src"] != self._peer_src:
            self._reject(self.rejected, "wrong_src")
        elif envelope["kind"] == "link.hello":
            self._take_hello(envelope)
        elif envelope["kind"] == "link.welcome":
            await self._take_welcome(envelope)
        elif envelope["boot"] != self.peer_boot or not self.live:
            self.counters["early" if not self.peer_boot or envelope["boot"] == self.peer_boot else "stale"] += 1
        else:
            await self._take(envelope)

    # Receiving.

    async def _take(self, envelope):
        await self._take_ack(envelope["ack"])
        seq = envelope["seq"]
        if seq == 0:
            await self._take_telemetry(envelope)
        elif seq <= self._applied:
            self.counters["duplicates"] += 1
            self._owe_ack()
        elif seq > self._applied + 1:
            self.counters["gaps"] += 1
            self._ask_again()
        else:
            await self._take_record(envelope)

    async def _take_record(self, envelope):
        try:
            await portable.maybe_await(self._on_record(envelope["kind"], envelope["body"], envelope))
        except Exception as error:  # the record stays unacknowledged; the peer's time-out brings it again
            self.counters["failed"] += 1
            self._audit("link.failed", "%s %s: %s" % (envelope["kind"], envelope["id"], error))
            return
        self._applied = envelope["seq"]
        self._last_in = (envelope["seq"], envelope["id"])
        self.counters["applied"] += 1
        self._unacked_in += 1
        self._owe_ack()

    async def _take_telemetry(self, envelope):
        if envelope["kind"] == "link.ack":
            return
        number = _number(envelope["id"])
        if number <= self._telemetry_in:
            self._reject(self.rejected, "replayed")
            return
        self._telemetry_in = number
        hook = self._hooks.get("on_telemetry")
        if hook:
            await portable.maybe_await(hook(envelope["kind"], envelope["body"], envelope))

    async def _take_ack(self, ack):
        if ack <= self._acked:
            return
        if ack > self._ever_sent:
            self._reject(self.rejected, "bad_ack")
            return
        self._acked = ack
        self._sent = max(self._sent, ack)
        self._progress_at = self._clock.ticks_ms()
        await portable.maybe_await(self._storage.acked(ack))
        self.kick()

    def _take_hello(self, envelope):
        """A hello proves nothing (it may be replayed), so it changes nothing: it is answered, perhaps asked back."""
        nonce = envelope["body"].get("nonce")
        if envelope["seq"] or type(nonce) is not str or not 16 <= len(nonce) <= 64:
            self._reject(self.rejected, "bad_hello")
            return
        if not self._connected:
            return
        self._answer = nonce
        now = self._clock.ticks_ms()
        if not self.live or envelope["boot"] != self.peer_boot:
            self._ask_again()
        elif now >= self._resend_after:
            self._resend_after = now + limits.LINK_RESEND_MIN_MS
            self._sent = self._acked
        self.kick()

    async def _take_welcome(self, envelope):
        body = envelope["body"]
        nonce = body.get("nonce")
        if not self._nonce or nonce != self._nonce:
            if nonce and nonce == self._used_nonce:
                self.counters["stale"] += 1  # the second answer to a repeated hello
            else:
                self._reject(self.rejected, "stale_welcome")
            return
        low, upcoming, last = body.get("low"), body.get("next"), body.get("last")
        if envelope["seq"] or type(low) is not int or type(upcoming) is not int or not 1 <= low <= upcoming:
            self._reject(self.rejected, "bad_welcome")
            return
        self._nonce, self._used_nonce = "", self._nonce
        if envelope["boot"] != self.peer_boot:
            self.peer_boot = envelope["boot"]
            self._telemetry_in = 0
        await self._agree_in(low)
        await self._agree_out(envelope["ack"], last)
        self._hello_at = None
        self._backoff_ms = limits.LINK_HELLO_RETRY_MS
        hook = self._hooks.get("on_welcome")
        if hook:
            await portable.maybe_await(hook(body))
        self._set_live(self._connected)
        self.kick()

    async def _agree_in(self, low):
        """The peer holds its records from `low` on; what it no longer has and we never got is lost."""
        if low > self._applied + 1:
            self.counters["skipped"] += 1
            self._audit("link.gap", "records %d to %d of the peer are lost" % (self._applied + 1, low - 1))
            await portable.maybe_await(self._storage.skip_in(low - 1))
            self._applied = low - 1
            self._last_in = (0, "")

    async def _agree_out(self, ack, last):
        """The peer has applied our records up to `ack`; the id of that one was `last` ("": it does not remember)."""
        upcoming = await portable.maybe_await(self._storage.next_out())
        held = await portable.maybe_await(self._storage.spool_after(ack - 1, 1)) if 0 < ack < upcoming else []
        if ack >= upcoming or (last and held and held[0][0] == ack and held[0][1] != last):
            self.counters["rewound"] += 1
            self._audit(
                "link.rewound", "the peer has applied %d, our store would number its next record %d" % (ack, upcoming)
            )
            await portable.maybe_await(self._storage.renumber(ack + 1))
        elif ack:
            await portable.maybe_await(self._storage.acked(ack))
        first = await portable.maybe_await(self._storage.spool_after(0, 1))
        if not first:
            upcoming = await portable.maybe_await(self._storage.next_out())
        self._acked = self._sent = max(ack, (first[0][0] if first else upcoming) - 1)
        self._ever_sent = max(self._ever_sent, self._acked)
        self._resend_after = 0
        self._progress_at = self._clock.ticks_ms()

    # Sending: only the task in `run` does it, so the order on the wire is the order here.

    async def _send_due(self):
        now = self._clock.ticks_ms()
        if self.live and self.in_flight and now - self._progress_at >= limits.LINK_ACK_TIMEOUT_MS:
            self._set_live(False)
            self._hello_at = now
        if self._hello_at is not None and now >= self._hello_at and now >= self._hello_after:
            await self._send_hello(now)
        if self._answer:
            nonce, self._answer = self._answer, ""
            await self._send_greeting("link.welcome", nonce)
        if self.live:
            await self._send_records()
        while self._telemetry and self.live:
            kind, body = self._telemetry.pop(0)
            self._telemetry_out += 1
            self.counters["telemetry"] += 1
            await self._publish(0, str(self._telemetry_out), kind, body, None)
        if self._unacked_in >= limits.LINK_ACK_EVERY or (
            self._ack_at is not None and self._clock.ticks_ms() >= self._ack_at
        ):
            await self._publish(0, "", "link.ack", {}, None)

    async def _send_hello(self, now):
        if not self._nonce:  # a repeated hello keeps its nonce: the answer to the first one is as good
            self._nonce = portable.hexlify(portable.random_bytes(16))
        self._hello_at = None if self.live else now + self._backoff_ms
        self._hello_after = now + limits.LINK_HELLO_MIN_MS
        self._backoff_ms = min(self._backoff_ms * 2, limits.LINK_HELLO_MAX_MS)
        self.counters["hellos"] += 1
        await self._send_greeting("link.hello", self._nonce)

    async def _send_greeting(self, kind, nonce):
        first = await portable.maybe_await(self._storage.spool_after(0, 1))
        upcoming = await portable.maybe_await(self._storage.next_out())
        body = {"nonce": nonce, "low": first[0][0] if first else upcoming, "next": upcoming}
        if kind == "link.welcome":
            body["last"] = self._last_in[1] if self._last_in[0] == self._applied else ""
            extra = self._hooks.get("welcome_extra")
            if extra:
                body.update(extra())
        await self._publish(0, "", kind, body, None)

    async def _send_records(self):
        while self.live:
            room = min(limits.LINK_BATCH, limits.LINK_WINDOW - self.in_flight)
            records = await portable.maybe_await(self._storage.spool_after(self._sent, room)) if room > 0 else ()
            for seq, key, kind, body, ts_ms in records:
                if seq != self._sent + 1 or not self.live or self._answer:
                    return  # a hello came in between and moved the mark: start over from there
                await self._send_record(seq, key, kind, body, ts_ms)
            if not records:
                return

    async def _send_record(self, seq, key, kind, body, ts_ms):
        if not self.in_flight:
            self._progress_at = self._clock.ticks_ms()
        self._sent = seq
        self.counters["resent" if seq <= self._ever_sent else "sent"] += 1
        self._ever_sent = max(self._ever_sent, seq)
        await self._publish(seq, key, kind, body, ts_ms)

    async def _publish(self, seq, key, kind, body, ts_ms):
        head = self._head
        fields = {"src": head["src"], "boot": head["boot"], "seq": seq, "ack": self._applied, "id": key, "kind": kind}
        fields["body"] = body
        fields["ts"] = self._clock.now_ms() if ts_ms is None else ts_ms
        self._unacked_in = 0
        self._ack_at = None
        try:
            done = await portable.maybe_await(self._send(seal(self._key, fields), 1 if seq else 0))
        except OSError:
            done = False
        if done is False:
            self._lost()

    def _lost(self):
        """The transport did not take an envelope: ask for a new session after a while."""
        self._set_live(False)
        if self._hello_at is None:
            self._hello_at = self._clock.ticks_ms() + self._backoff_ms

    # Small matters.

    async def _load(self):
        if self._applied < 0:
            self._applied = await portable.maybe_await(self._storage.applied())

    def _wait_ms(self):
        """Milliseconds until something is due, None if only an event can bring work."""
        if not self._connected:
            return None
        due = self._ack_at
        if self._hello_at is not None:
            hello_at = max(self._hello_at, self._hello_after)
            due = hello_at if due is None else min(due, hello_at)
        if self.live and self.in_flight:
            timeout_at = self._progress_at + limits.LINK_ACK_TIMEOUT_MS
            due = timeout_at if due is None else min(due, timeout_at)
        return None if due is None else max(0, due - self._clock.ticks_ms())

    def _owe_ack(self):
        if self._ack_at is None:
            self._ack_at = self._clock.ticks_ms() + limits.LINK_ACK_DELAY_MS
        if self._unacked_in >= limits.LINK_ACK_EVERY or self._unacked_in <= 1:
            self.kick()

    def _ask_again(self):
        """Say hello soon, at most once per LINK_HELLO_MIN_MS."""
        now = self._clock.ticks_ms()
        if self._hello_at is None or self._hello_at > now:
            self._hello_at = now
            self.kick()

    def _set_live(self, live):
        if live == self.live:
            return
        self.live = live
        if not live:
            self._telemetry.clear()
        hook = self._hooks.get("on_live")
        if hook:
            hook(live)

    def _reject(self, counts, reason):
        """Count an envelope that was not accepted; tell the audit at most once per LINK_REJECT_AUDIT_MS."""
        counts[reason] = counts.get(reason, 0) + 1
        self._unreported += 1
        now = self._clock.ticks_ms()
        if self._report_after is None or now >= self._report_after:
            self._report_after = now + limits.LINK_REJECT_AUDIT_MS
            who = "a stranger" if counts is self.forged else "the peer"
            self._audit("link.rejected", "%s from %s (%d since the last report)" % (reason, who, self._unreported))
            self._unreported = 0

    def _audit(self, what, detail):
        hook = self._hooks.get("on_audit")
        if hook:
            hook(what, detail)


def _number(text):
    try:
        return int(text) if len(text) <= 16 else 0
    except ValueError:
        return 0
