"""The rule of a time zone as POSIX writes it ("CET-1CEST,M3.5.0,M10.5.0/3"): local time from UTC and back.

A box has no zone database; the host sends it the rule. Whole seconds everywhere, no floats, no `time` module.
"""

from device.host import civil
from device.host.errors import BarnacleError
from device.host.tz_rule import parse_rule

_DAY_S = 86400
_FAR_S = 1 << 52  # beyond every time that is asked for
_CACHED_YEARS = 8


class ZoneError(BarnacleError):
    """A zone rule that cannot be read; the message says which part."""


class Zone:
    """One zone. Raises ZoneError for a rule that is no POSIX TZ rule."""

    def __init__(self, rule):
        try:
            self._standard_s, self._daylight_s, self._start, self._end = parse_rule(rule)
        except ValueError as error:
            raise ZoneError("time zone rule %r: %s" % (rule, error))
        self.rule = rule
        self._years = {}
        self._current = (0, 0, 0, 0)

    def offset_s(self, utc_ms):
        """Seconds that local time is ahead of UTC at that moment."""
        return self.segment(utc_ms // 1000)[2]

    def local(self, utc_ms):
        """(year, month, day, hour, minute, second, weekday 0 = Monday) on the wall at that moment."""
        seconds = utc_ms // 1000
        return split(seconds + self.segment(seconds)[2])

    def utc_candidates(self, year, month, day, hour=0, minute=0, second=0):
        """The moments (utc_ms, ascending) at which the wall shows this: none in a gap, two in a fold, else one."""
        wall_s = join(year, month, day, hour, minute, second)
        found = []
        at = wall_s - _DAY_S
        while at <= wall_s + _DAY_S:
            start, end, offset, _ = self.segment(at)
            if start <= wall_s - offset < end:
                found.append((wall_s - offset) * 1000)
            at = end
        return tuple(found)

    def utc_ms(self, year, month, day, hour=0, minute=0, second=0):
        """The moment the wall shows this: the first of two in a fold; in a gap, as far behind it as the missing time
        lies in it (02:30 becomes 03:30), which is what JavaScript's Date does too."""
        found = self.utc_candidates(year, month, day, hour, minute, second)
        if found:
            return found[0]
        wall_s = join(year, month, day, hour, minute, second)
        _, _, _, before = self.segment(wall_s - self.segment(wall_s - _DAY_S)[2])
        return (wall_s - before) * 1000

    def segment(self, utc_s):
        """(start_s, end_s, offset_s, offset_before_s): the stretch of one offset around a moment, end exclusive."""
        current = self._current
        if current[0] <= utc_s < current[1]:
            return current
        self._current = self._find(utc_s)
        return self._current

    def _find(self, utc_s):
        year = civil.date_from_days(utc_s // _DAY_S)[0]
        start, before, offset = -_FAR_S, self._standard_s, self._standard_s
        for number in (year - 1, year, year + 1):
            for moment, then in self._transitions(number):
                if moment > utc_s:
                    if then != offset:
                        return start, moment, offset, before
                elif then != offset:
                    start, before, offset = moment, offset, then
        return start, _FAR_S, offset, before

    def _transitions(self, year):
        """[(utc_s, offset from then on)] of a year, ascending, without those that end in the same moment."""
        if self._daylight_s is None:
            return ()
        known = self._years.get(year)
        if known is None:
            if len(self._years) >= _CACHED_YEARS:
                self._years.clear()
            known = self._years[year] = self._compute(year)
        return known

    def _compute(self, year):
        start = (_on(self._start, year) - self._standard_s, self._daylight_s)
        end = (_on(self._end, year) - self._daylight_s, self._standard_s)
        following = _on(self._start, year + 1) - self._standard_s
        if end[0] >= following:  # daylight time that never ends: the next start comes in the same moment
            return (start,)
        return (start, end) if start[0] < end[0] else (end, start)


def split(wall_s):
    """Wall seconds since 1970 as (year, month, day, hour, minute, second, weekday 0 = Monday)."""
    days, seconds = divmod(wall_s, _DAY_S)
    year, month, day = civil.date_from_days(days)
    return year, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, civil.weekday(days)


def join(year, month, day, hour=0, minute=0, second=0):
    """The wall seconds since 1970 of a date and time."""
    return civil.days_from_date(year, month, day) * _DAY_S + hour * 3600 + minute * 60 + second


def _on(rule, year):
    """Wall seconds at which a rule's day and time fall in a year."""
    kind, month, week, weekday, time_s = rule
    first = civil.days_from_date(year, month if kind == "M" else 1, 1)
    if kind == "M":
        day = first + (weekday + 6 - civil.weekday(first)) % 7 + 7 * (week - 1)
        while day >= first + civil.month_length(year, month):
            day -= 7
    elif kind == "J":  # 1 to 365, 29 February is never counted
        day = first + week - 1 + (1 if civil.is_leap(year) and week >= 60 else 0)
    else:  # 0 to 365, leap days counted
        day = first + week
    return day * _DAY_S + time_s
