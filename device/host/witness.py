"""What the box has seen of the laptop's audit log: number and hash of its newest record, from time to time.

The laptop's log is whole in itself also when its end was cut off or an older copy was put in its place. The box knows
better: it keeps the last heads it was told, durably, and believes none that goes back.
"""

from device.host import audit, limits

_HEX = "0123456789abcdef"


def keep(witnesses, body):
    """The list with `body` at its end, at most WITNESSES. One whose chain has a newer one goes first."""
    kept = witnesses + [body]
    while len(kept) > limits.WITNESSES:
        del kept[_least(kept)]
    return kept


class Witness:
    """`take` applies one `audit.witnessed` {"chain", "n", "hash"}; commit afterwards."""

    def __init__(self, store, clock):
        self._store = store
        self._clock = clock
        self._told = None

    def take(self, body, in_seq):
        """Keep it, unless it is malformed or goes back: that is audited, once per chain and boot. Raises SpoolFull."""
        chain, n, digest = body.get("chain"), body.get("n"), body.get("hash")
        if not _is_hex(chain, 16) or not _is_hex(digest, 64) or type(n) is not int or n < 1:
            self._refuse("bad_value", str(chain)[:16], "that is no head of an audit log", in_seq)
            return
        newest = newest_of(self._store.state.witnesses, chain)
        if newest is not None and (n < newest["n"] or (n == newest["n"] and digest != newest["hash"])):
            detail = "log %s: record %d after record %d" % (chain, n, newest["n"])
            self._refuse("goes_back", chain, detail, in_seq)
        elif newest is not None and n == newest["n"]:
            self._store.mark_applied(in_seq)
        else:
            if newest is None and self._store.state.witnesses:
                other = self._store.state.witnesses[-1]
                self._note("audit.other_log", "log %s after record %d of %s" % (chain, other["n"], other["chain"]))
            record = {"chain": chain, "n": n, "hash": digest, "ts_ms": self._clock.now_ms()}
            self._store.put("witness.set", record, in_seq=in_seq)

    def _refuse(self, rule, chain, detail, in_seq):
        if self._told != (rule, chain):
            self._told = (rule, chain)
            self._note("audit.rewound", detail, "deny", rule)
        self._store.mark_applied(in_seq)

    def _note(self, what, detail, decision="info", rule=""):
        entry = audit.entry(self._clock.now_ms(), what, "host", None, decision, rule, "", detail)
        self._store.put("audit", entry)


def newest_of(witnesses, chain):
    """The last head of this chain, or None."""
    for body in reversed(witnesses):
        if body["chain"] == chain:
            return body
    return None


def _least(witnesses):
    """The index of the first one whose chain is there again later; without such a one the first."""
    for index, body in enumerate(witnesses):
        if newest_of(witnesses, body["chain"]) is not body:
            return index
    return 0


def _show(state, args, context):
    return [], {"witnesses": state.witnesses}


PREPARERS = {"audit.witness": _show}


def _is_hex(text, length):
    return isinstance(text, str) and len(text) == length and all(char in _HEX for char in text)
