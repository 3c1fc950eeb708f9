"""Days since 1970-01-01 and dates of the proleptic Gregorian calendar, in whole numbers and for any year.

(The platform's own `time` differs between boards in its epoch and range.)
"""

_LENGTHS = b"\x00\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


def is_leap(year):
    """Whether the year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year, month):
    """Days in a month (1 to 12)."""
    return 29 if month == 2 and is_leap(year) else _LENGTHS[month]


def days_from_date(year, month, day):
    """Days since 1970-01-01. `day` may lie outside of its month: the 30th of February counts on into March."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


def date_from_days(days):
    """(year, month, day) of a day counted since 1970-01-01."""
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + 400 * era + (1 if month <= 2 else 0), month, day


def weekday(days):
    """0 = Monday … 6 = Sunday, of a day counted since 1970-01-01."""
    return (days + 3) % 7
