"""Who is there: hellos, welcomes, and when to say the next one."""

from device.host import limits, portable


class Session:
    """`live` after a welcome with our own fresh nonce, until the transport or the peer is lost.

    `live_changed(live)` is called on each change; `wake` is the event of the sending task.
    """

    def __init__(self, clock, report, wake, live_changed):
        self._clock = clock
        self._report = report
        self._wake = wake
        self._live_changed = live_changed
        self.live = False
        self.connected = False
        self.peer_boot = ""
        self.nonce = ""
        self.answer = ""  # nonce of a hello that waits for our welcome
        self._used_nonce = ""
        self._hello_at = None
        self._hello_after = 0
        self._backoff_ms = limits.LINK_HELLO_RETRY_MS
        self._heard_at = 0
        self._silence_ms = None

    def connect(self):
        """The transport is up: a session is wanted."""
        self.connected = True
        self._set_live(False)
        self._backoff_ms = limits.LINK_HELLO_RETRY_MS
        self._hello_at = self._clock.ticks_ms()
        self._hello_after = 0
        self._wake.set()

    def disconnect(self):
        """The transport is gone."""
        self.connected = False
        self.nonce = self.answer = ""
        self._set_live(False)

    def pause(self, wait_ms=None):
        """End the session; ask for a new one after `wait_ms` (None: after the present back-off)."""
        self._set_live(False)
        if wait_ms is not None:
            self._hello_at = self._clock.ticks_ms() + wait_ms
        elif self._hello_at is None:
            self._hello_at = self._clock.ticks_ms() + self._backoff_ms
        self._wake.set()

    def ask_again(self):
        """Say hello soon, at most once per LINK_HELLO_MIN_MS: the peer then resends what we have not applied."""
        now = self._clock.ticks_ms()
        if self._hello_at is None or self._hello_at > now:
            self._hello_at = now
            self._wake.set()

    def has(self, boot):
        """True for an envelope of the session's own boot; others are counted."""
        if boot == self.peer_boot and self.live:
            return True
        self._report.count("early" if not self.peer_boot or boot == self.peer_boot else "stale")
        return False

    def heard(self):
        """Something new came from the peer: it is there."""
        self._heard_at = self._clock.ticks_ms()

    def silent(self, now):
        """True when a peer that promised to say something now and then has not."""
        return self.live and self._silence_ms is not None and now - self._heard_at >= self._silence_ms

    def wait_ms(self, now):
        """Milliseconds until a hello is due or the silence is too long; None: neither."""
        waits = []
        if self._hello_at is not None:
            waits.append(max(self._hello_at, self._hello_after) - now)
        if self.live and self._silence_ms is not None:
            waits.append(self._heard_at + self._silence_ms - now)
        return max(0, min(waits)) if waits else None

    # Hellos.

    def hello_due(self, now):
        """Whether a hello is to be sent now."""
        return self._hello_at is not None and now >= self._hello_at and now >= self._hello_after

    def next_hello(self, now):
        """The nonce of the hello that is sent now; arranges for the next one while no session is live."""
        if not self.nonce:  # a repeated hello keeps its nonce: the answer to the first one is as good
            self.nonce = portable.hexlify(portable.random_bytes(16))
        self._hello_at = None if self.live else now + self._backoff_ms
        self._hello_after = now + limits.LINK_HELLO_MIN_MS
        self._backoff_ms = min(self._backoff_ms * 2, limits.LINK_HELLO_MAX_MS)
        self._report.count("hellos")
        return self.nonce

    def take_hello(self, envelope):
        """A hello proves nothing (it may be replayed), so it changes nothing: it is answered, perhaps asked back.

        True when it came from the session's own boot: the peer wants to have again what it has not applied.
        """
        nonce = envelope["body"].get("nonce")
        if envelope["seq"] or type(nonce) is not str or not 16 <= len(nonce) <= 64:
            self._report.reject("bad_hello")
            return False
        if not self.connected:
            return False
        self.answer = nonce
        known = self.live and envelope["boot"] == self.peer_boot
        if not known:
            self.ask_again()
        self._wake.set()
        return known

    def take_answer(self):
        """The nonce to welcome, "" if nobody said hello."""
        nonce, self.answer = self.answer, ""
        return nonce

    # Welcomes.

    def check_welcome(self, envelope):
        """True for a well-formed welcome that echoes our nonce, which is used up by it."""
        body = envelope["body"]
        nonce = body.get("nonce")
        if not self.nonce or nonce != self.nonce:
            if nonce and nonce == self._used_nonce:
                self._report.count("stale")  # the second answer to a repeated hello
            else:
                self._report.reject("stale_welcome")
            return False
        low, upcoming = body.get("low"), body.get("next")
        if envelope["seq"] or type(low) is not int or type(upcoming) is not int or not 1 <= low <= upcoming:
            self._report.reject("bad_welcome")
            return False
        self.nonce, self._used_nonce = "", self.nonce
        return True

    def is_new(self, boot):
        """Take over the boot of the peer that welcomed us; True when it is another than before."""
        new, self.peer_boot = boot != self.peer_boot, boot
        return new

    def open(self, alive_ms):
        """The session is live. `alive_ms`: how often the peer promises to say something; None when it does not."""
        self._hello_at = None
        self._backoff_ms = limits.LINK_HELLO_RETRY_MS
        self._heard_at = self._clock.ticks_ms()
        self._silence_ms = alive_ms + alive_ms // 2 if type(alive_ms) is int and alive_ms > 0 else None
        self._set_live(self.connected)
        self._wake.set()

    def _set_live(self, live):
        if live != self.live:
            self.live = live
            self._live_changed(live)
