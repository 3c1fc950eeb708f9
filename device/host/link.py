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

The parts: link_session.py (who is there), link_incoming.py (received, durable, owed), link_outgoing.py (sent,
acknowledged), link_service.py (what calls are made of), link_report.py (counters, audit).
"""

import asyncio

from device.host import portable
from device.host.envelope import EnvelopeError, open_envelope, seal
from device.host.errors import NoRoom
from device.host.link_incoming import LATER, Incoming
from device.host.link_outgoing import Outgoing
from device.host.link_report import Report
from device.host.link_session import Session

__all__ = ["LATER", "SERVICE_KINDS", "Link"]

SERVICE_KINDS = ("call.", "host.")


class Link:
    """One end of the conversation.

    `send(data, qos)` publishes bytes (qos 1 for records and calls, 0 for control and telemetry, which a broker must not
    hoard); it may be a coroutine, return False or raise OSError when it cannot.
    `on_record(kind, body, envelope)` stores record and `envelope["seq"]` atomically and returns once that is durable;
    or it returns LATER, and `settled(seq)` or `failed(error)` follows. Only what is durable is acknowledged. It raises
    NoRoom to have the record later, when `has_room()` says so; any other error makes the link try again after a pause.
    `hooks` may have: on_live(live) · on_telemetry(kind, body, envelope) · on_service(kind, body) for kinds that begin
    with one of SERVICE_KINDS, which must not wait · on_welcome(body) · welcome_extra() -> dict ·
    has_room() -> bool · on_audit(what, detail) with what = link.gap, link.rewound, link.rejected, link.failed.
    `alive_ms` (an option as well): say something at least this often, so that the peer can tell silence from death.
    The transport calls `connected`, `disconnected` and, one envelope at a time, `await receive(data)`; a store calls
    `kick` after a put; a task runs `run`.
    """

    incoming_class = Incoming

    def __init__(self, storage, key, src, peer_src, boot, clock, send, on_record, **hooks):
        self._storage = storage
        self._key = key
        self._peer_src = peer_src
        self._clock = clock
        self._send = send
        self._hooks = hooks
        self._head = {"src": src, "boot": boot}
        self._wake = asyncio.Event()
        self._report = Report(clock, hooks.get("on_audit"))
        self._session = Session(clock, self._report, self._wake, self._live_changed)
        self._outgoing = Outgoing(storage, clock, self._report, self._wake, self._publish)
        self._incoming = self.incoming_class(storage, clock, self._report, self._wake, on_record, self._take_telemetry)
        self._alive_ms = hooks.get("alive_ms")
        self._said_at = 0
        self.counters = self._report.counters
        self.rejected = self._report.rejected
        self.forged = self._report.forged

    # What the owner calls.

    @property
    def live(self):
        """True while the peer has answered and has not been lost since."""
        return self._session.live

    @property
    def peer_boot(self):
        """The boot of the peer that the session is with; "" before the first."""
        return self._session.peer_boot

    @property
    def in_flight(self):
        """Records sent and not acknowledged."""
        return self._outgoing.in_flight

    @property
    def peer_held(self):
        """True while the peer has no room for records and has said so."""
        return self._outgoing.held and self.live

    def connected(self):
        """The transport is up (again): open a new session."""
        self._session.connect()

    def disconnected(self):
        """The transport is gone."""
        self._session.disconnect()

    def kick(self):
        """There is something to send, or room again: call it after every put and whenever `has_room` may differ."""
        self._wake.set()

    def telemetry(self, kind, body):
        """Send without a number and without a promise; False if it was dropped at once because no session is live."""
        return self._outgoing.add_telemetry(kind, body) if self.live else False

    async def service(self, kind, body):
        """Send within this session or not at all, in order and never thinned: waits for room; False when no session is
        live or it ended. `kind` begins with one of SERVICE_KINDS; the body fits an envelope (CALL_PART_BYTES)."""
        return await self._outgoing.service.put(kind, body) if self.live else False

    def settled(self, seq):
        """Everything up to `seq` that `on_record` answered with LATER is durable now."""
        self._incoming.settle(seq)

    def failed(self, error):
        """What `on_record` answered with LATER and is not settled will not be: it must come again."""
        self._session.pause(self._incoming.pause_ms())
        self._incoming.roll_back(error)

    async def run(self):
        """Send whatever is due, for ever: hellos, welcomes, records, telemetry, acknowledgements. Sleeps when idle."""
        await self._incoming.load()
        while True:
            self._wake.clear()
            if self._session.connected:
                await self._send_due()
            await self._clock.wait(self._wake, self._wait_ms())

    async def receive(self, data):
        """Take one envelope as the transport delivered it; returns when `on_record` has, whatever the input."""
        await self._incoming.load()
        try:
            envelope = open_envelope(self._key, data)
        except EnvelopeError as error:
            self._report.reject(error.code, forged=error.code in ("bad_mac", "too_large"))
            return
        if envelope["src"] != self._peer_src:
            self._report.reject("wrong_src")
        elif envelope["kind"] == "link.hello":
            if self._session.take_hello(envelope):
                self._outgoing.resend()
        elif envelope["kind"] == "link.welcome":
            await self._take_welcome(envelope)
        elif self._session.has(envelope["boot"]):
            await self._take(envelope)

    # Receiving.

    async def _take(self, envelope):
        if await self._outgoing.take_ack(envelope["ack"]):
            self._session.heard()
        try:
            outcome = await self._incoming.take(envelope)
        except NoRoom:  # a state, not a fault: quiet, and over as soon as there is room
            self._incoming.hold()
        except Exception as error:  # whatever it was, the record is not applied and must come again
            self.failed(error)
        else:
            if outcome == "gap":
                self._session.ask_again()
            elif outcome == "fresh":
                self._session.heard()

    async def _take_telemetry(self, envelope):
        kind = envelope["kind"]
        if kind == "link.held":
            self._outgoing.hold()
        elif kind.startswith(SERVICE_KINDS):
            await self._hook("on_service", kind, envelope["body"])
        elif kind != "link.alive":
            await self._hook("on_telemetry", kind, envelope["body"], envelope)

    async def _take_welcome(self, envelope):
        body = envelope["body"]
        if not self._session.check_welcome(envelope):
            return
        await self._incoming.all_settled()
        if self._session.is_new(envelope["boot"]):
            self._incoming.forget_telemetry()
        await self._incoming.agree(body["low"])
        await self._outgoing.agree(envelope["ack"], body.get("last"))
        await self._hook("on_welcome", body)
        self._session.open(body.get("alive_ms"))

    # Sending: only the task in `run` does it, so the order on the wire is the order here.

    async def _send_due(self):
        now = self._clock.ticks_ms()
        if self.live and (self._outgoing.overdue(now) or self._session.silent(now)):
            self._session.pause(0)
        if self._incoming.held and self._has_room():
            self._incoming.held = False
            self._session.ask_again()
        if self._session.hello_due(now):
            await self._send_greeting("link.hello", self._session.next_hello(now))
        nonce = self._session.take_answer()
        if nonce:
            await self._send_greeting("link.welcome", nonce)
        await self._outgoing.send(self._may_send)
        if self.live and self._incoming.notice_due:
            self._incoming.notice_due = False
            await self._outgoing.send_numbered("link.held", {})
        if self._alive_due() == 0:
            await self._outgoing.send_numbered("link.alive", {})
        if self._incoming.ack_due():
            await self._publish(0, "", "link.ack", {}, None)

    def _may_send(self):
        """False when a hello came in between and moved the mark, or the session ended: start over then."""
        return self.live and not self._session.answer

    def _has_room(self):
        look = self._hooks.get("has_room")
        return look is None or look()

    async def _send_greeting(self, kind, nonce):
        low, upcoming = await self._outgoing.bounds()
        body = {"nonce": nonce, "low": low, "next": upcoming}
        if kind == "link.welcome":
            body["last"] = self._incoming.last_id()
            if self._alive_ms:
                body["alive_ms"] = self._alive_ms
            extra = self._hooks.get("welcome_extra")
            if extra:
                body.update(extra())
        await self._publish(0, "", kind, body, None)

    async def _publish(self, seq, key, kind, body, ts_ms, qos=0):
        fields = {"seq": seq, "ack": self._incoming.acknowledge(), "id": key, "kind": kind, "body": body}
        fields.update(self._head)
        fields["ts"] = self._clock.now_ms() if ts_ms is None else ts_ms
        self._said_at = self._clock.ticks_ms()
        try:
            done = await portable.maybe_await(self._send(seal(self._key, fields), qos))
        except OSError:
            done = False
        if done is False:
            self._session.pause()

    # Small matters.

    def _wait_ms(self):
        """Milliseconds until something is due, None if only an event can bring work."""
        if not self._session.connected:
            return None
        now = self._clock.ticks_ms()
        waits = [self._incoming.ack_wait(now), self._session.wait_ms(now), self._alive_due()]
        if self.live:
            waits.append(self._outgoing.wait_ms(now))
        waits = [wait for wait in waits if wait is not None]
        return min(waits) if waits else None

    def _alive_due(self):
        """Milliseconds until this side must say something; None if it need not."""
        if not self._alive_ms or not self.live:
            return None
        return max(0, self._said_at + self._alive_ms - self._clock.ticks_ms())

    def _live_changed(self, live):
        if not live:
            self._outgoing.drop_unnumbered()
        hook = self._hooks.get("on_live")
        if hook:
            hook(live)

    async def _hook(self, name, *args):
        hook = self._hooks.get(name)
        if hook:
            await portable.maybe_await(hook(*args))
