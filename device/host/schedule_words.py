"""Schedules and times in plain English: "every weekday at 08:30", "tomorrow 17:00"."""

from device.host import date_text
from device.host.cron import Cron, CronError
from device.host.cron_fields import leading_number

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July")
MONTHS += ("August", "September", "October", "November", "December")
_NTH = ("", "first", "second", "third", "fourth", "fifth")
_UNITS = (("week", 604800000), ("day", 86400000), ("hour", 3600000), ("minute", 60000), ("second", 1000))
_TIMES_LISTED = 4


def describe(kind, value, zone):
    """A schedule in words; the value itself where words would be longer than it ("cron 5,10 1-3 1 * *")."""
    if kind == "interval":
        ms = leading_number(value)
        return "every " + say_duration(ms) if ms is not None and ms > 0 else "interval " + value
    if kind == "once":
        moment = date_text.utc_ms(value, zone)
        return "once " + value if moment is None else "once on " + say_date(moment, zone)
    try:
        return _cron_words(Cron(value)) or "cron " + value
    except CronError:
        return "cron " + value


def say_date(ms, zone):
    """A moment with its full date: "Tue 24 Nov 2026 at 17:00"."""
    year, month, day, hour, minute, _, weekday = zone.local(ms)
    return "%s %d %s %d at %02d:%02d" % (WEEKDAYS[weekday][:3], day, MONTHS[month - 1][:3], year, hour, minute)


def say_time(ms, now_ms, zone):
    """A moment as seen from now: "today 17:00", "tomorrow 17:00", "Tue 17:00" within a week, "24 Dec 17:00", with the
    year when it is another one. Nothing planned (None) is "never"."""
    if ms is None:
        return "never"
    year, month, day, hour, minute, _, weekday = zone.local(ms)
    clock = "%02d:%02d" % (hour, minute)
    ahead = _wall_day(ms, zone) - _wall_day(now_ms, zone)
    if -1 <= ahead <= 1:
        return ("today ", "tomorrow ", "yesterday ")[ahead] + clock
    if 1 < ahead < 7:
        return WEEKDAYS[weekday][:3] + " " + clock
    date = "%d %s" % (day, MONTHS[month - 1][:3])
    if year != zone.local(now_ms)[0]:
        date += " %d" % year
    return date + " " + clock


def say_duration(ms):
    """A length of time in its largest whole unit: "15 minutes", "hour", "90 seconds", "250 ms"."""
    for name, length_ms in _UNITS:
        if ms % length_ms == 0:
            count = ms // length_ms
            return name if count == 1 else "%d %ss" % (count, name)
    return "%d ms" % ms


def _wall_day(ms, zone):
    return (ms // 1000 + zone.offset_s(ms)) // 86400


def _cron_words(cron):
    """The expression in words, or None."""
    if len(cron.seconds) != 1:
        return "every second" if cron.any_day and cron.any_weekday and _all(cron) else None
    if cron.seconds[0] != 0:
        return None
    when = _time_words(cron)
    days = _day_words(cron)
    if when is None or days is None:
        return None
    if when.startswith("every"):
        return when if days == "every day" else when + ", " + days
    return days + " " + when


def _all(cron):
    return (len(cron.seconds), len(cron.minutes), len(cron.hours), len(cron.months)) == (60, 60, 24, 12)


def _time_words(cron):
    minutes, hours = cron.minutes, cron.hours
    if len(hours) == 24:
        return _repeat(minutes, 60, "minute") or _past_hour(minutes)
    if len(minutes) == 1 and minutes[0] == 0 and len(hours) > _TIMES_LISTED:
        words = _repeat(hours, 24, "hour")
        if words:
            return words
    if len(minutes) * len(hours) > _TIMES_LISTED:
        return None
    return "at " + _listed(["%02d:%02d" % (hour, minute) for hour in hours for minute in minutes])


def _repeat(values, size, unit):
    """ "every 15 minutes" for evenly spread values that start at 0."""
    step = size // len(values)
    if len(values) > 1 and size % len(values) == 0 and values == list(range(0, size, step)):
        return "every %s" % (unit if step == 1 else "%d %ss" % (step, unit))
    return None


def _past_hour(minutes):
    if len(minutes) > _TIMES_LISTED:
        return None
    if minutes == [0]:
        return "every hour"
    return "every hour at " + _listed([":%02d" % minute for minute in minutes])


def _day_words(cron):
    months = _months(cron.months)
    if cron.any_day and cron.any_weekday:
        return "every day" + (" in " + months if months else "")
    if not cron.any_day and not cron.any_weekday:
        return None
    if cron.any_day:
        words = _weekday_words(cron)
        return words and words + (" in " + months if months else "")
    if not months and cron.last_day and not cron.days:
        return "on the last day of every month"
    if len(cron.days) > _TIMES_LISTED or cron.last_day or not cron.days:
        return None
    if months and len(cron.days) == 1 and len(cron.months) == 1:
        return "every year on %d %s" % (cron.days[0], months)
    return "on the " + _listed([ordinal(day) for day in cron.days]) + " of " + (months or "every month")


def _months(months):
    return None if len(months) == 12 else _listed([MONTHS[month - 1] for month in months])


def _weekday_words(cron):
    if cron.last_weekdays:
        if cron.weekdays or len(cron.last_weekdays) != 1:
            return None
        return "on the last %s of the month" % _name(cron.last_weekdays[0])
    if cron.nth:
        if len(cron.weekdays) != 1:
            return None
        return "on the %s %s of the month" % (_NTH[cron.nth], _name(cron.weekdays[0]))
    if cron.weekdays == [1, 2, 3, 4, 5]:
        return "every weekday"
    if cron.weekdays == [0, 6]:
        return "every weekend day"
    if len(cron.weekdays) == 7:
        return "every day"
    return "every " + _listed([_name(day) for day in sorted(cron.weekdays, key=lambda day: (day + 6) % 7)])


def _name(cron_weekday):
    return WEEKDAYS[(cron_weekday + 6) % 7]


def ordinal(number):
    """1 -> "1st"."""
    ending = "th" if 10 < number % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "%d%s" % (number, ending)


def _listed(words):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
