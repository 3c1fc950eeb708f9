"""What a link counts, and what it tells the audit: rarely, however much there is to tell."""

from device.host import limits

COUNTERS = (
    "sent",
    "resent",
    "applied",
    "duplicates",
    "early",  # records before the session was live
    "stale",  # envelopes of an earlier boot of the peer
    "gaps",
    "held",  # records that had to wait because there was no room for what they lead to
    "skipped",  # times the peer had lost records
    "rewound",  # times our own store was older than what the peer has applied
    "failed",  # records that could not be stored; the peer will send them again
    "service",  # messages of calls
    "telemetry",
    "thinned",
    "hellos",
)


class Report:
    """`counters` by name; `rejected` and `forged`: reason -> times, for the peer's envelopes and for a stranger's."""

    def __init__(self, clock, on_audit):
        self._clock = clock
        self._on_audit = on_audit
        self.counters = {name: 0 for name in COUNTERS}
        self.rejected = {}
        self.forged = {}
        self._unreported = 0
        self._after = None

    def count(self, name, by=1):
        """Add to a counter."""
        self.counters[name] += by

    def reject(self, reason, forged=False):
        """Count an envelope that was not accepted; tell the audit at most once per LINK_REJECT_AUDIT_MS."""
        counts = self.forged if forged else self.rejected
        counts[reason] = counts.get(reason, 0) + 1
        self._unreported += 1
        now = self._clock.ticks_ms()
        if self._after is None or now >= self._after:
            self._after = now + limits.LINK_REJECT_AUDIT_MS
            who = "a stranger" if forged else "the peer"
            self.audit("link.rejected", "%s from %s (%d since the last report)" % (reason, who, self._unreported))
            self._unreported = 0

    def audit(self, what, detail):
        """Tell the owner's audit."""
        if self._on_audit:
            self._on_audit(what, detail)
