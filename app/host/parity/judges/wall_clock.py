"""A cron expression asked of the wall clock: times that are missing never come, doubled ones come twice.

A plain judge beside device/host/cron.py, of which it takes the parsed fields only. Runs on both interpreters.
"""

# pyright: standard

from device.host import civil
from device.host.tz import split

_DAY_S = 86400
_SEARCHED_DAYS = 366 * 9  # 29 February comes within
_HALF_NIGHT_MS = 3 * 3600 * 1000


class WallClock:
    """`cron` is a cron.Cron, `zone` a tz.Zone."""

    def __init__(self, cron, zone):
        self.cron, self.zone = cron, zone

    def after(self, ms, count):
        """The next `count` moments (utc_ms) after `ms`; fewer when there are none within nine years."""
        found = []
        day = (ms // 1000 + self.zone.offset_s(ms)) // _DAY_S - 1
        end = day + _SEARCHED_DAYS
        while len(found) < count and day < end:
            if self._is_day(*civil.date_from_days(day)):
                found.extend(moment for moment in sorted(self._of_day(day)) if moment > ms)
            day += 1
        return found[:count]

    def shows(self, ms):
        """Whether the expression is true of the local time at that moment."""
        return ms % 1000 == 0 and self._is_time(*self.zone.local(ms)[:6])

    def is_single(self, ms):
        """Whether the local time at that moment comes only once."""
        return len(self.zone.utc_candidates(*self.zone.local(ms)[:6])) == 1

    def is_moved(self, ms):
        """Whether a missing local time of which the expression is true is caught up on at that moment: as far after
        the gap as it lies in it."""
        wall = split(ms // 1000 + self.zone.offset_s(ms - _HALF_NIGHT_MS))[:6]
        return not self.zone.utc_candidates(*wall) and self._is_time(*wall)

    def _of_day(self, day):
        year, month, day_of_month = civil.date_from_days(day)
        for hour in self.cron.hours:
            for minute in self.cron.minutes:
                for second in self.cron.seconds:
                    yield from self.zone.utc_candidates(year, month, day_of_month, hour, minute, second)

    def _is_time(self, year, month, day, hour, minute, second):
        cron = self.cron
        on_time = hour in cron.hours and minute in cron.minutes and second in cron.seconds
        return on_time and self._is_day(year, month, day)

    def _is_day(self, year, month, day):
        cron = self.cron
        if month not in cron.months or (cron.nth and (day + 6) // 7 != cron.nth):
            return False
        length = civil.month_length(year, month)
        weekday = (civil.days_from_date(year, month, day) + 4) % 7
        by_day = day in cron.days or (cron.last_day and day == length)
        by_weekday = weekday in cron.weekdays or (day + 7 > length and weekday in cron.last_weekdays)
        return by_day if cron.any_weekday else by_weekday or (by_day and not cron.any_day)
