from device.host.cron import Cron, CronError
from device.host.tz import Zone, join
from tests.device.portable_test import raises

UTC = Zone("UTC0")
BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
LORD_HOWE = Zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")
MINUTE = 60000


def utc(*fields) -> int:
    return join(*fields) * 1000


def runs(text, after, zone=UTC, count=3):
    cron, found = Cron(text), []
    for _ in range(count):
        after = cron.next_ms(after, zone)
        found.append(after)
    return found


def test_each_field_is_honoured() -> None:
    now = utc(2026, 2, 13, 12, 34, 56) + 789
    assert runs("* * * * *", now, count=2) == [utc(2026, 2, 13, 12, 35), utc(2026, 2, 13, 12, 36)]
    assert runs("30 9 * * *", now, count=1) == [utc(2026, 2, 14, 9, 30)]
    assert runs("0 9 * * mon", now, count=1) == [utc(2026, 2, 16, 9)]
    assert runs("0 0 1 jan,JUL *", now, count=2) == [utc(2026, 7, 1), utc(2027, 1, 1)]
    assert runs("15,45 10-11 * * *", now, count=4)[:2] == [utc(2026, 2, 14, 10, 15), utc(2026, 2, 14, 10, 45)]
    assert runs("50-59/4 0 * * *", now, count=2) == [utc(2026, 2, 14, 0, 50), utc(2026, 2, 14, 0, 54)]


def test_the_moment_itself_is_never_the_next_one() -> None:
    noon = utc(2026, 2, 13, 12)
    assert runs("0 12 * * *", noon, count=1) == [utc(2026, 2, 14, 12)]
    assert runs("0 12 * * *", noon + 999, count=1) == [utc(2026, 2, 14, 12)]
    assert runs("0 12 * * *", noon - 1, count=1) == [noon]


def test_six_fields_begin_with_seconds() -> None:
    now = utc(2026, 2, 13, 12, 0, 14)
    assert runs("*/15 * * * * *", now, count=2) == [now + 1000, now + 16000]
    assert runs("15,45 30 9 * * 1-5", now, count=3) == [
        utc(2026, 2, 16, 9, 30, 15),
        utc(2026, 2, 16, 9, 30, 45),
        utc(2026, 2, 17, 9, 30, 15),
    ]


def test_either_day_field_matches_when_both_are_restricted() -> None:
    assert runs("0 0 13 * 5", utc(2026, 2, 28), count=3) == [utc(2026, 3, 6), utc(2026, 3, 13), utc(2026, 3, 20)]
    assert runs("0 0 ? * 1", utc(2026, 2, 13), count=1) == [utc(2026, 2, 16)]
    assert runs("0 0 13 * ?", utc(2026, 2, 13), count=1) == [utc(2026, 3, 13)]


def test_last_days_and_counted_weekdays() -> None:
    now = utc(2026, 2, 13)
    assert runs("0 0 L * *", now) == [utc(2026, 2, 28), utc(2026, 3, 31), utc(2026, 4, 30)]
    assert runs("0 0 * * FRIL", now, count=2) == [utc(2026, 2, 27), utc(2026, 3, 27)]
    assert runs("0 0 * * 5#5", now, count=2) == [utc(2026, 5, 29), utc(2026, 7, 31)]
    assert runs("0 0 * 2 2#5", now, count=2) == [utc(2028, 2, 29), utc(2056, 2, 29)]


def test_sunday_is_0_and_7() -> None:
    now = utc(2026, 2, 13)
    for text in ("0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * 0,7"):
        assert runs(text, now, count=1) == [utc(2026, 2, 15)]
    assert runs("0 0 * * 5-7", now) == [utc(2026, 2, 14), utc(2026, 2, 15), utc(2026, 2, 20)]


def test_leap_days_are_found_across_2100() -> None:
    assert runs("0 0 29 2 *", utc(2096, 1, 1), count=2) == [utc(2096, 2, 29), utc(2104, 2, 29)]


def test_macros() -> None:
    now = utc(2026, 2, 13, 12, 34, 56)
    assert runs("@yearly", now, count=1) == [utc(2027, 1, 1)]
    assert runs("@hourly", now, count=1) == [utc(2026, 2, 13, 13)]
    assert runs("@weekends", now, count=2) == [utc(2026, 2, 14), utc(2026, 2, 15)]
    assert runs("@weekdays", now, count=1) == [utc(2026, 2, 16)]


def test_h_is_a_fixed_choice_within_its_bounds() -> None:
    first, second = Cron("H H(2-4) * * *"), Cron("H H(2-4) * * *")
    assert first.minutes == second.minutes and first.hours == second.hours
    assert 2 <= first.hours[0] <= 4
    steps = Cron("H/15 * * * *").minutes
    assert len(steps) == 4 and steps[1] - steps[0] == 15
    bounded = Cron("H(10-30)/10 * * * *").minutes
    assert bounded and 10 <= bounded[0] and bounded[-1] <= 30
    chosen = {Cron("H %d * * *" % hour).minutes[0] for hour in range(24)}
    assert len(chosen) > 5


def test_odd_forms_that_the_old_parser_reads() -> None:
    assert Cron("1-2-3 * * * *").minutes == [1, 2]
    assert Cron("*/61 * * * *").minutes == [0]
    assert Cron("/5 * * * *").minutes == [0]
    assert Cron("5/10 * * * *").minutes == [5, 15, 25, 35, 45, 55]
    assert Cron("  0\t9  * * *\n").hours == [9]


def test_what_cannot_be_read_is_refused() -> None:
    for text in (
        "",
        "   ",
        "* *",
        "* * *",
        "* * * *",
        "* * * * * * *",
        "hello world",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "-1 * * * *",
        "5-1 * * * *",
        "0 22-2 * * *",
        "*/0 * * * *",
        "a * * * *",
        ",1 * * * *",
        "1,,2 * * * *",
        "*/5/2 * * * *",
        "* * * * MONDAY",
        "1.5 * * * *",
        "+5 * * * *",
        "5,5 * * * *",
        "*,5 * * * *",
        "0 0 l * *",
        "0 0 * * L",
        "0 0 * * 1#6",
        "0 0 * * 1#0",
        "0 0 * * 1#2,3#1",
        "0 0 L-3 * *",
        "@midnight",
        "@Daily",
        "٣ * * * *",
        "5( * * * *",
        "H(5-1) * * * *",
        "H( * * * *",
        "H(1-2)5( * * * *",
        "*/ * * * *",
        "1" * 200,
        None,
        5,
    ):
        with raises(CronError):
            Cron(text)


def test_dates_that_never_come_are_refused_at_once() -> None:
    for text in ("0 0 31 2 *", "0 0 30 2 *", "0 0 31 4 *", "0 0 31 2,4,6 *", "0 0 31 4 1"):
        with raises(CronError):
            Cron(text)
    assert Cron("0 0 29 2 *") and Cron("0 0 31 2,3 *")


def test_a_missing_time_runs_behind_the_gap() -> None:
    now = utc(2026, 3, 28, 12)
    assert runs("30 2 * * *", now, BERLIN, 2) == [utc(2026, 3, 29, 1, 30), utc(2026, 3, 30, 0, 30)]
    assert runs("0 3 * * *", now, BERLIN, 2) == [utc(2026, 3, 29, 1), utc(2026, 3, 30, 1)]
    assert runs("0 2,3 * * *", now, BERLIN, 2) == [utc(2026, 3, 29, 1), utc(2026, 3, 30, 0)]


def test_times_on_both_sides_of_a_gap_keep_their_order() -> None:
    found = runs("0,30 1-3 * * *", utc(2026, 3, 28, 23), BERLIN, 5)
    assert found == [
        utc(2026, 3, 29, 0),
        utc(2026, 3, 29, 0, 30),
        utc(2026, 3, 29, 1),
        utc(2026, 3, 29, 1, 30),
        utc(2026, 3, 29, 23),
    ]


def test_a_doubled_time_runs_once() -> None:
    assert runs("30 2 * * *", utc(2026, 10, 24, 12), BERLIN, 2) == [utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)]
    found = runs("*/20 1-3 * * *", utc(2026, 10, 25, 0, 10), BERLIN, 3)
    assert found == [utc(2026, 10, 25, 0, 20), utc(2026, 10, 25, 0, 40), utc(2026, 10, 25, 2)]


def test_every_hour_follows_elapsed_time() -> None:
    found = runs("0 * * * *", utc(2026, 10, 24, 23, 30), BERLIN, 4)
    assert found == [utc(2026, 10, 25, hour) for hour in range(4)]
    found = runs("*/30 * * * *", utc(2026, 3, 29, 0, 10), BERLIN, 3)
    assert found == [utc(2026, 3, 29, 0, 30), utc(2026, 3, 29, 1), utc(2026, 3, 29, 1, 30)]


def test_counting_that_starts_in_the_second_pass_uses_it() -> None:
    after = utc(2026, 10, 25, 1, 10)  # 02:10 for the second time
    assert runs("15 2 * * *", after, BERLIN, 2) == [utc(2026, 10, 25, 1, 15), utc(2026, 10, 26, 1, 15)]
    assert Cron("15 2 * * *").next_ms(after, BERLIN, utc(2026, 10, 25, 0, 15)) == utc(2026, 10, 26, 1, 15)


def test_the_half_hour_gap_leaves_its_times_out() -> None:
    assert runs("0 2 * * *", utc(2026, 10, 3, 3), LORD_HOWE, 1) == [utc(2026, 10, 4, 15)]
    assert runs("30 2 * * *", utc(2026, 10, 3, 15, 20), LORD_HOWE, 1) == [utc(2026, 10, 3, 15, 30)]
    assert runs("30 1 * * *", utc(2026, 4, 4, 3), LORD_HOWE, 2) == [utc(2026, 4, 4, 14, 30), utc(2026, 4, 5, 15)]


def test_runs_only_ever_move_forward() -> None:
    for zone in (BERLIN, LORD_HOWE, Zone("EST5EDT,M3.2.0,M11.1.0")):
        for text in ("*/20 1-3 * * *", "0 */2 * * *", "17 * * * *", "5 2,3 * * 0", "30 1,2 * * *"):
            cron, at = Cron(text), utc(2026, 3, 1)
            while at < utc(2026, 4, 10):
                following = cron.next_ms(at, zone) or 0
                assert following > at and following % 1000 == 0
                at = following
