from device.host.tz import Zone, ZoneError, join
from tests.device.portable_test import raises

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
LORD_HOWE = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
DUBLIN = "IST-1GMT0,M10.5.0,M3.5.0/1"
HOUR = 3600


def utc(*fields) -> int:
    return join(*fields) * 1000


def test_summer_and_winter_offsets() -> None:
    zone = Zone(BERLIN)
    assert zone.offset_s(utc(2026, 1, 15)) == HOUR
    assert zone.offset_s(utc(2026, 7, 15)) == 2 * HOUR
    assert zone.offset_s(utc(2026, 3, 29, 0, 59, 59)) == HOUR
    assert zone.offset_s(utc(2026, 3, 29, 1)) == 2 * HOUR
    assert zone.offset_s(utc(2026, 10, 25, 0, 59, 59)) == 2 * HOUR
    assert zone.offset_s(utc(2026, 10, 25, 1)) == HOUR


def test_local_fields_and_weekday() -> None:
    assert Zone(BERLIN).local(utc(2026, 11, 22, 23, 30)) == (2026, 11, 23, 0, 30, 0, 0)
    assert Zone("UTC0").local(0) == (1970, 1, 1, 0, 0, 0, 3)
    assert Zone("UTC0").local(-1) == (1969, 12, 31, 23, 59, 59, 2)
    assert Zone("UTC0").local(utc(2026, 11, 22)) == (2026, 11, 22, 0, 0, 0, 6)


def test_a_missing_time_has_no_moment_a_doubled_one_has_two() -> None:
    zone = Zone(BERLIN)
    assert zone.utc_candidates(2026, 3, 29, 2, 30) == ()
    assert zone.utc_candidates(2026, 10, 25, 2, 30) == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30))
    assert zone.utc_candidates(2026, 6, 1, 12) == (utc(2026, 6, 1, 10),)
    assert zone.utc_ms(2026, 3, 29, 2, 30) == utc(2026, 3, 29, 1, 30)
    assert zone.utc_ms(2026, 10, 25, 2, 30) == utc(2026, 10, 25, 0, 30)


def test_the_southern_half_hour_of_lord_howe() -> None:
    zone = Zone(LORD_HOWE)
    assert zone.offset_s(utc(2026, 1, 1)) == 11 * HOUR
    assert zone.offset_s(utc(2026, 7, 1)) == 10 * HOUR + 1800
    assert zone.utc_candidates(2026, 10, 4, 2, 15) == ()
    assert zone.utc_candidates(2026, 4, 5, 1, 45) == (utc(2026, 4, 4, 14, 45), utc(2026, 4, 4, 15, 15))


def test_daylight_time_may_be_the_earlier_one() -> None:
    zone = Zone(DUBLIN)
    assert zone.offset_s(utc(2026, 1, 1)) == 0
    assert zone.offset_s(utc(2026, 7, 1)) == HOUR


def test_change_times_may_be_negative_or_beyond_a_day() -> None:
    nuuk = Zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0")
    assert nuuk.offset_s(utc(2026, 3, 29, 0, 59)) == -2 * HOUR
    assert nuuk.offset_s(utc(2026, 3, 29, 1)) == -HOUR
    jerusalem = Zone("IST-2IDT,M3.4.4/26,M10.5.0")
    assert jerusalem.offset_s(utc(2026, 3, 26, 23, 59)) == 2 * HOUR
    assert jerusalem.offset_s(utc(2026, 3, 27, 0)) == 3 * HOUR


def test_day_numbers_with_and_without_the_leap_day() -> None:
    by_j = Zone("AAA0BBB,J60/0,J300/0")
    by_n = Zone("AAA0BBB,59/0,299/0")
    assert by_j.offset_s(utc(2028, 3, 1)) == HOUR and by_j.offset_s(utc(2028, 2, 29, 23)) == 0
    assert by_n.offset_s(utc(2028, 2, 29)) == HOUR and by_n.offset_s(utc(2028, 2, 28, 23)) == 0


def test_daylight_time_all_year_round() -> None:
    zone = Zone("XXX3EDT4,0/0,J365/23")
    assert {zone.offset_s(utc(2026, month, 1)) for month in range(1, 13)} == {-4 * HOUR}
    assert zone.offset_s(utc(2026, 12, 31, 23, 59)) == zone.offset_s(utc(2027, 1, 1)) == -4 * HOUR


def test_rules_without_daylight_time_and_named_offsets() -> None:
    assert Zone("<+0330>-3:30").offset_s(0) == 3 * HOUR + 1800
    assert Zone("<-03>3").offset_s(0) == -3 * HOUR
    assert Zone("IST-5:30").segment(0)[0] < 0 < Zone("IST-5:30").segment(0)[1]


def test_a_daylight_name_without_dates_means_the_american_ones() -> None:
    zone, known = Zone("EST5EDT"), Zone(NEW_YORK)
    for day in range(0, 365, 5):
        moment = utc(2026, 1, 1 + day)
        assert zone.offset_s(moment) == known.offset_s(moment)


def test_segments_join_without_holes() -> None:
    zone = Zone(NEW_YORK)
    start, end, offset, _ = zone.segment(join(2026, 1, 1))
    for _ in range(60):
        following = zone.segment(end)
        assert following[0] == end and following[3] == offset != following[2]
        assert start < end
        start, end, offset, _ = following
    assert zone.local(end * 1000)[0] >= 2055


def test_rules_that_are_none_are_refused() -> None:
    for rule in (
        "",
        "C",
        "CET",
        "CET-",
        "CET-25",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J10",
        "CET-1CEST,366,10",
        "<+03-3",
        "CET-1CEST,M3.5.0/200,M10.5.0",
        "CET-1:60",
        "CET-1CEST,M3.5.0,M10.5.0x",
        "CET-1CEST;M3.5.0,M10.5.0",
        "UTC0 ",
        "Europe/Berlin",
        "A" * 500,
        None,
        3,
    ):
        with raises(ZoneError):
            Zone(rule)
