"""Cron expressions: when one comes true next, in a zone.

Five fields (minute hour day month weekday), or six with seconds in front. A day matches when both day fields do, or
either of them when both are restricted. `L` is the last day, `5L` the last Friday, `5#2` the second Friday.

Where the clock changes:
- An expression for every hour (24 hours named) follows elapsed time: it goes on through a doubled hour twice, and
  times that are missing do not happen.
- With fixed hours, a doubled local time runs once, the first time. A missing one runs as far after the gap as it lies
  in it: 02:30 runs at 03:30. (In a gap of less than an hour, Lord Howe's, it is left out that day.) The second of two
  doubled times is taken only when counting starts within it.
"""

from device.host import civil
from device.host.cron_fields import CronError, read_field, split_fields, split_nth

__all__ = ("Cron", "CronError")

_DAY_S = 86400
_HORIZON_YEARS = 48  # the rarest date (a fifth weekday of February, across 2100) comes within 40 years
_SHIFTED_GAP_S = 3600
_NONE = 255


class Cron:
    """A parsed expression. Raises CronError for one that cannot be read or can never come true (30 February)."""

    def __init__(self, text):
        fields = split_fields(text)
        self.text = text
        weekday_text, self.nth = split_nth(fields[5])
        self.seconds, self.minutes, self.hours = [sorted(read_field(i, fields[i], text)[0]) for i in range(3)]
        days, day_marks = read_field(3, fields[3], text)
        self.months = sorted(read_field(4, fields[4], text)[0])
        weekdays, weekday_marks = read_field(5, weekday_text, text)
        self.days = sorted(days)
        self.weekdays = sorted(set([value % 7 for value in weekdays]))  # 0 = Sunday
        self.last_day = bool(day_marks)
        self.last_weekdays = sorted(set([int(mark[0]) % 7 for mark in weekday_marks]))
        self.any_day = fields[3] in ("*", "?")
        self.any_weekday = fields[5] in ("*", "?")
        self._prepare()
        self._refuse_impossible()

    def next_ms(self, after_ms, zone, since_ms=None):
        """The first whole second after `after_ms` at which it comes true, as utc_ms; None if never again.

        `since_ms` (default `after_ms`): when counting started, e.g. the due time of the run before; a doubled hour
        that began later is not run through again.
        """
        at = after_ms // 1000 + 1
        since = after_ms // 1000 if since_ms is None else since_ms // 1000
        while True:
            start, end, offset, before = zone.segment(at)
            wall = at + offset
            shifted = None
            if self._fixed_hours and offset != before:
                if offset - before >= _SHIFTED_GAP_S and wall < start + 2 * offset - before:
                    shifted = self._missing(at + before, start + offset, before)
                elif offset < before and since < start:
                    wall = max(wall, start + before)
            match = self._first(wall)
            found = None if match is None or match - offset >= end else match - offset
            if shifted is not None and (found is None or shifted < found):
                found = shifted
            if found is not None:
                return found * 1000
            if match is None:
                return None
            at = max(end, match - offset - 2 * _DAY_S)

    def _missing(self, wall, wall_end, before):
        """The moment that replaces the first match from `wall` up to the end of a gap, if there is one."""
        match = self._first(wall)
        return None if match is None or match >= wall_end else match - before

    def _first(self, wall):
        """The first wall second >= `wall` that matches, regardless of clock changes; None beyond the horizon."""
        days, seconds = divmod(wall, _DAY_S)
        time = self._time_from(seconds)
        if time < 0:
            days += 1
            time = self._first_time
        day = self._first_day(days)
        if day != days:
            time = self._first_time
        return None if day is None else day * _DAY_S + time

    def _time_from(self, seconds):
        """The first time of day >= `seconds` in all three fields, or -1."""
        wanted = seconds // 3600
        hour = self._next_hour[wanted]
        if hour == _NONE:
            return -1
        if hour != wanted:
            return hour * 3600 + self._first_time % 3600
        wanted = seconds // 60 % 60
        minute = self._next_minute[wanted]
        if minute == wanted:
            second = self._next_second[seconds % 60]
            if second != _NONE:
                return hour * 3600 + minute * 60 + second
            minute = self._next_minute[wanted + 1]
        if minute != _NONE:
            return hour * 3600 + minute * 60 + self.seconds[0]
        hour = self._next_hour[hour + 1]
        return -1 if hour == _NONE else hour * 3600 + self._first_time % 3600

    def _first_day(self, days):
        """The first day >= `days` (since 1970) whose date matches; None beyond the horizon."""
        year, month, day = civil.date_from_days(days)
        last_year = year + _HORIZON_YEARS
        while year <= last_year:
            following = self._next_month[month]
            if following != month:
                day = 1
                if following == _NONE:
                    year, month = year + 1, 1
                    continue
                month = following
            found = self._day_in(year, month, day)
            if found:
                return civil.days_from_date(year, month, found)
            year, month, day = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
        return None

    def _day_in(self, year, month, day):
        """The first matching day >= `day` of a month, or 0."""
        length = civil.month_length(year, month)
        weekday = (civil.days_from_date(year, month, day) + 4) % 7
        while day <= length:
            if self._matches(day, weekday, length):
                return day
            day += 1
            weekday = weekday + 1 if weekday < 6 else 0
        return 0

    def _matches(self, day, weekday, length):
        if self.nth and (day + 6) // 7 != self.nth:
            return False
        by_day = self._day_flags[day] or (self.last_day and day == length)
        if self.any_weekday:
            return by_day
        by_weekday = self._weekday_flags[weekday] or (day + 7 > length and weekday in self.last_weekdays)
        return by_weekday or (by_day and not self.any_day)

    def _prepare(self):
        self._first_time = (self.hours[0] * 60 + self.minutes[0]) * 60 + self.seconds[0]
        self._fixed_hours = len(self.hours) < 24
        self._next_second = _next_table(self.seconds, 60)
        self._next_minute = _next_table(self.minutes, 60)
        self._next_hour = _next_table(self.hours, 24)
        self._next_month = _next_table(self.months, 13)
        self._day_flags = bytes([1 if day in self.days else 0 for day in range(32)])
        self._weekday_flags = bytes([1 if day in self.weekdays else 0 for day in range(7)])

    def _refuse_impossible(self):
        longest = max([civil.month_length(2000, month) for month in self.months])
        only = len(self.months) == 1 or self.any_weekday  # cron-parser looks only where one month is named
        if only and not self.last_day and self.days[0] > longest:
            raise CronError("there is no day %d in the months that %r names" % (self.days[0], self.text))


def _next_table(values, size):
    """table[n] = the smallest value >= n, or _NONE; one more entry than the field has values."""
    table = bytearray([_NONE] * (size + 1))
    for value in values:
        table[value] = value
    for at in range(size - 1, -1, -1):
        if table[at] == _NONE:
            table[at] = table[at + 1]
    return bytes(table)
