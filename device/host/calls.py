"""Calls from the box to a service of the laptop: one request, items as they come, one result.

    call = calls.open("llm", request, timeout_ms)
    while True:
        item = await call.next()      # raises CallFailed
        if item is None:
            break                     # call.result has the final body
    call.cancel()                     # at any time, also when the call is over: then it does nothing

A call lives within one session of the link (authenticated, replay-proof) and never longer. The laptop says at once
that it has a request (call.begun): until then silence is short, and a request that the laptop missed because its own
half of the session began a moment later is sent once more under the same name, which the laptop serves once. That
holds for AGAIN, which change nothing outside; nothing else is repeated by anybody but the caller. Codes of CallFailed
besides the service's own: offline (the session was lost, or there is none), interrupted (a part is missing), timeout,
busy, too_large, bad_value, no_memory, cancelled.
"""

import asyncio

from device.host import call_parts, limits, portable
from device.host.errors import Refused

AGAIN = ("run.open", "run.close", "llm")


class CallFailed(Refused):
    """The call is over without a result."""


class Calls:
    """`send(kind, body)` is the link's `service`. The bus calls `live` and `receive`."""

    def __init__(self, send, clock):
        self._send = send
        self._clock = clock
        self._open = {}
        self._live = False
        self._lost_some = False
        self._strangers = 0  # cancels under way of calls that are not known here

    def open(self, service, body, timeout_ms):
        """Begin a call; what is wrong with it shows in its `next`. `timeout_ms`: the longest silence of the laptop."""
        call = Call(self, portable.hexlify(portable.random_bytes(8)), timeout_ms, self._clock)
        if not self._live:
            call.fail("offline", "the laptop is not connected", "connect it, or start it with: barnacle up")
        elif len(self._open) >= limits.CALLS:
            call.fail("busy", "%d calls are under way already" % len(self._open), "wait for one to end")
        else:
            self._open[call.id] = call
            call.begin(service, body)
        return call

    def live(self, live):
        """The session began or ended; no call outlives it."""
        self._live = live
        if live and self._lost_some:
            self._lost_some = False
            self.post("call.reset", {})
        elif not live:
            self._lost_some = self._lost_some or bool(self._open)
            for call in list(self._open.values()):
                call.fail("offline", "the connection to the laptop was lost", "it is tried again when it is back")

    def lost(self):
        """The laptop knows nothing of the calls under way."""
        for call in list(self._open.values()):
            if not call.send_again():
                call.stop("offline", "the connection to the laptop was lost", "it is tried again when it is back")

    def receive(self, kind, body):
        """Take one message of the service lane; never raises, whatever it is."""
        call = self._open.get(body.get("c"))
        if kind == "call.lost":
            self.lost()
        elif call is None:
            if kind != "call.fail" and type(body.get("c")) is str and not (kind == "call.end" and not body.get("m")):
                self._cancel_stranger(body["c"][: limits.CALL_ID_CHARS])
        else:
            try:
                call.receive(kind, body)
            except MemoryError:
                call.stop("no_memory", "there is not enough memory for the answer")

    def _cancel_stranger(self, name):
        """Tell the laptop once more that nobody waits for this; not more often than that can be sent."""
        if self._strangers < limits.CALLS:
            self._strangers += 1
            portable.spawn(self._send_cancel(name), "call.cancel")

    async def _send_cancel(self, name):
        try:
            await self.send("call.cancel", {"c": name})
        finally:
            self._strangers -= 1

    # For the calls.

    async def send(self, kind, body):
        """True when it was taken by the session."""
        return await portable.maybe_await(self._send(kind, body))

    def post(self, kind, body):
        """Send something small beside everything else."""
        portable.spawn(self.send(kind, body), kind)

    def over(self, call):
        """The call needs nothing any more."""
        self._open.pop(call.id, None)


class Call:
    """One call; `result` is the final body after `next` has returned None."""

    def __init__(self, calls, name, timeout_ms, clock):
        self.id = name
        self.result = None
        self._calls = calls
        self._clock = clock
        self._timeout_ms = timeout_ms
        self._heard_at = clock.ticks_ms()
        self._news = asyncio.Event()
        self._sending = None
        self._request = None  # (service, body) until the laptop has it
        self._items = []  # (text, n): complete and not taken
        self._parts = call_parts.Assembly()
        self._expected = 0  # n of the next part
        self._waiting_bytes = 0
        self._freed_bytes = 0
        self._end = None
        self._failure = None

    async def next(self):
        """The next item, or None when the call is over and `result` is there; raises CallFailed."""
        while True:
            if self._items:
                return self._take_item()
            if self._failure is not None:
                raise self._failure
            if self._end is not None:
                if self.result is None:
                    self.result = self._decode(self._end)
                return None
            if self._silence_left() <= 0:
                self.stop("timeout", "the laptop said nothing for %d s" % (self._patience_ms() // 1000))
                continue
            self._news.clear()
            await self._clock.wait(self._news, self._silence_left())

    def cancel(self):
        """The answer is no longer wanted: `next` raises CallFailed("cancelled") from now on."""
        if self._end is None and self._failure is None:
            self._items = []
            self.stop("cancelled", "the call was cancelled")

    def _silence_left(self):
        return self._heard_at + self._patience_ms() - self._clock.ticks_ms()

    def _patience_ms(self):
        return self._timeout_ms if self._request is None else min(self._timeout_ms, limits.CALL_BEGUN_MS)

    # For Calls.

    def begin(self, service, body):
        """Send the request, part by part, beside everything else."""
        self._request = service, body
        self._sending = portable.spawn(self._send_request(service, body), "call-" + service)

    def send_again(self):
        """Send a request once more that the laptop has not begun; False when it has, or when it may not come twice."""
        if self._request is None or self._request[0] not in AGAIN:
            return False
        if self._sending is not None:
            self._sending.cancel()
        self.begin(*self._request)
        return True

    def fail(self, code, message, remedy=""):
        """The call is over; what has arrived before can still be taken."""
        if self._failure is None and self._end is None:
            self._failure = CallFailed(code, message, remedy)
        self._request = None
        sending, self._sending = self._sending, None
        if sending is not None and sending is not asyncio.current_task():
            sending.cancel()  # nothing of it may reach the next session
        self._parts = call_parts.Assembly()  # what it held is garbage
        self._calls.over(self)
        self._news.set()

    def stop(self, code, message, remedy=""):
        """The call is over for us: the laptop is told."""
        self.fail(code, message, remedy)
        self._calls.post("call.cancel", {"c": self.id})

    def receive(self, kind, body):
        """Take a part of an answer."""
        self._request = None
        if kind == "call.begun":
            self._heard_at = self._clock.ticks_ms()
            return
        if body.get("n") != self._expected:
            self.stop("interrupted", "a part of the answer is missing")
            return
        self._expected += 1
        self._heard_at = self._clock.ticks_ms()
        if kind == "call.fail":
            self.fail(*[str(body.get(name) or "")[: limits.CALL_TEXT_CHARS] for name in ("code", "message", "remedy")])
        elif kind in ("call.item", "call.end") and call_parts.well_formed(body):
            self._take_part(kind, body["p"], body["m"])
        else:
            self.stop("bad_value", "the laptop sent what is no part of an answer")

    # Parts.

    def _take_part(self, kind, piece, more):
        try:
            text = self._parts.add(piece, more)
        except call_parts.PartsError as error:
            self.stop(error.code, "the answer has %s" % error)
            return
        if kind == "call.end":
            if text is not None:
                self._end = text
                self._calls.over(self)
                self._news.set()
            return
        self._waiting_bytes += len(piece)
        most = limits.CALL_WINDOW_BYTES + limits.CALL_PART_BYTES
        if self._waiting_bytes > most or len(self._items) >= limits.CALL_ITEMS:
            self.stop("too_large", "the laptop sends more than was asked for")
        elif text is not None:
            self._items.append(text)
            self._news.set()
        elif not self._items:
            self._free()  # nobody can take an item that is not complete

    def _take_item(self):
        text = self._items.pop(0)
        if not self._items:
            self._free()
        return self._decode(text)

    def _free(self):
        """All parts so far have left the window; the laptop hears of it when that is half a window."""
        self._freed_bytes += self._waiting_bytes
        self._waiting_bytes = 0
        if self._freed_bytes >= limits.CALL_WINDOW_BYTES // 2 and self._failure is None and self._end is None:
            self._freed_bytes = 0
            self._calls.post("call.taken", {"c": self.id, "n": self._expected - 1})

    def _decode(self, text):
        try:
            return call_parts.decode(text)
        except call_parts.PartsError as error:
            code, message = error.code, "the answer cannot be read: %s" % error
        except MemoryError:
            code, message = "no_memory", "there is not enough memory for the answer"
        self._items, self._end = [], None
        self.stop(code, message)
        raise self._failure or CallFailed(code, message)

    async def _send_request(self, service, body):
        n = 0
        try:
            for piece, more in call_parts.cut(call_parts.encode(body)):
                part = {"c": self.id, "n": n, "s": service, "p": piece, "m": more}
                if not await self._calls.send("call.open", part):
                    self.fail("offline", "the connection to the laptop was lost", "it is tried again when it is back")
                    return
                n += 1
        except call_parts.PartsError as error:
            self.fail(error.code, "the request was not sent: %s" % error)
        except MemoryError:
            self.stop("no_memory", "there is not enough memory to send the request")
