"""What each group's calls of the model have used today, and whether that is the most it may: its own budget, else the
one of the box's settings.

A day is one of the zone; its record (`spend.set`) is written after each call, so that neither a reboot nor a power cut
makes it less. A clock that is set back does not begin a day again.
"""

from device.host.civil import date_from_days
from device.host.groups import BUDGETS

_DAY_MS = 86400000
_MOST = 10**9  # of one call's figures: one that is above it counts as this much


class Spending:
    """`over` before each call, `add` after it. `zone` is the zone that days are counted in."""

    def __init__(self, store, clock):
        self._store = store
        self._clock = clock

    def today(self, folder, zone):
        """The group's spend.set body of this day: {"folder", "day", "input", "output", "micro_usd", "calls"}."""
        number = (self._clock.now_ms() + zone.offset_s(self._clock.now_ms()) * 1000) // _DAY_MS
        kept = self._store.state.spend.get(folder)
        if kept is not None and kept["day"] in (_day(number), _day(number + 1)):
            return kept
        return {"folder": folder, "day": _day(number), "input": 0, "output": 0, "micro_usd": 0, "calls": 0}

    def add(self, folder, zone, usage):
        """Count one call's reported usage; durable with the next commit, also when the spool is full."""
        spent = dict(self.today(folder, zone))
        usage = usage if isinstance(usage, dict) else {}
        spent["input"] += sum([_figure(usage, key) for key in ("input", "cache_read", "cache_write")])
        spent["output"] += _figure(usage, "output")
        spent["micro_usd"] += _figure(usage, "micro_usd")
        spent["calls"] += 1
        self._store.put("spend.set", spent, up=self._store.has_room(1, 512))

    def over(self, folder, zone):
        """None, or why no further call may begin today, in words for people."""
        settings = self._store.state.settings
        spent = self.today(folder, zone)
        group = self._store.state.groups.get(folder, settings)
        tokens, micro_usd = [group.get(key, settings[key]) for key in BUDGETS]
        if tokens and spent["input"] + spent["output"] >= tokens:
            used = "%d of %d tokens" % (spent["input"] + spent["output"], tokens)
        elif micro_usd and spent["micro_usd"] >= micro_usd:
            used = "%s of %s" % (dollars(spent["micro_usd"]), dollars(micro_usd))
        else:
            return None
        return "This group's language model budget for today is spent (%s). It starts anew at midnight (%s)." % (
            used,
            settings["zone"],
        )


def dollars(micro_usd):
    """Millionths of a dollar as "$1.23", the cents rounded up."""
    cents = (micro_usd + 9999) // 10000
    return "$%d.%02d" % (cents // 100, cents % 100)


def _day(number):
    return "%04d-%02d-%02d" % date_from_days(number)


def _figure(usage, key):
    value = usage.get(key, 0)
    return min(value, _MOST) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
