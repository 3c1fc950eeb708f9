"""Reads a run of words as a time, piece by piece."""

from device.host.sentence_days import read_clock, read_day
from device.host.sentence_repeats import read_relative, read_repeat

_READERS = (read_relative, read_repeat, read_day, read_clock)


def read_pieces(low, at, today, when):
    """Read pieces of a time from the lower-case words `low` at `at` into `when`; the position behind them."""
    while at < len(low):
        start = at
        skipped = at + 1 if low[at] in ("and", "from", "starting") and at > 0 else at
        for reader in _READERS:
            found = reader(low, skipped, today, when)
            if found > skipped:
                at = found
                break
        if at == start:
            return at
    return at
