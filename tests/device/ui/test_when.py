"""Local times in words."""

from device.ui import when
from tests.device.ui.glances import HOUR_MS, NOW_MS

DAY_MS = 24 * HOUR_MS


def test_clock_and_date_are_local():
    assert when.clock(NOW_MS, 3600) == "17:03"
    assert when.clock(NOW_MS, -5 * 3600) == "11:03"
    assert when.date(NOW_MS, 3600) == "Sun 22 Nov"
    assert when.date(NOW_MS, 12 * 3600) == "Mon 23 Nov"


def test_dates_hold_over_leap_days_and_the_turn_of_the_year():
    assert when.date(1709164800000, 0) == "Thu 29 Feb"
    assert when.date(1709251200000, 0) == "Fri 1 Mar"
    assert when.date(1767225599000, 0) == "Wed 31 Dec"
    assert when.date(1767225600000, 0) == "Thu 1 Jan"
    assert when.date(0, 0) == "Thu 1 Jan"


def test_a_coming_time_is_as_short_as_it_is_clear():
    assert when.when(NOW_MS + 2 * HOUR_MS, NOW_MS, 3600) == "19:03"
    assert when.when(NOW_MS + 12 * HOUR_MS, NOW_MS, 3600) == "tomorrow 05:03"
    assert when.when(NOW_MS + 3 * DAY_MS, NOW_MS, 3600) == "Wed 17:03"
    assert when.when(NOW_MS + 9 * DAY_MS, NOW_MS, 3600) == "1 Dec 17:03"


def test_a_time_that_has_passed_names_its_day():
    assert when.when(NOW_MS - HOUR_MS, NOW_MS, 3600) == "16:03"
    assert when.when(NOW_MS - 2 * DAY_MS, NOW_MS, 3600) == "20 Nov 17:03"


def test_a_clock_that_was_never_set_is_unknown():
    assert not when.is_known(None)
    assert not when.is_known(0)
    assert when.is_known(NOW_MS)


def test_the_next_minute_is_one_to_sixty_seconds_away():
    assert when.until_next_minute(NOW_MS) == 60000
    assert when.until_next_minute(NOW_MS + 59999) == 1
