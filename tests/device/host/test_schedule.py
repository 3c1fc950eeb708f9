from device.host import schedule
from device.host.errors import Refused
from device.host.limits import INTERVAL_MAX_MS, VALUE_BYTES
from device.host.schedule import ScheduleError
from device.host.tz import Zone, join
from tests.device.portable_test import raises

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
NEW_YORK = Zone("EST5EDT,M3.2.0,M11.1.0")
NOW = join(2026, 11, 22, 19, 0) * 1000  # Sunday, 20:00 in Berlin


def utc(*fields) -> int:
    return join(*fields) * 1000


def test_cron_runs_in_the_zone() -> None:
    assert schedule.first("cron", "30 8 * * 1-5", NOW, BERLIN) == utc(2026, 11, 23, 7, 30)
    assert schedule.after_run("cron", "30 8 * * 1-5", utc(2026, 11, 20, 7, 30), NOW, BERLIN) == utc(2026, 11, 23, 7, 30)


def test_intervals_count_from_now_and_from_the_end_of_the_run() -> None:
    assert schedule.first("interval", "900000", NOW, BERLIN) == NOW + 900000
    assert schedule.after_run("interval", "900000", NOW - 3600000, NOW, BERLIN) == NOW + 900000


def test_intervals_are_read_as_parse_int_reads_them() -> None:
    for text, ms in ((" 5000 ", 5000), ("5m", 5), ("5,000", 5), ("00060", 60), ("\ufeff7", 7), ("1.9", 1), ("+3", 3)):
        assert schedule.first("interval", text, NOW, BERLIN) == NOW + ms


def test_bad_intervals_are_refused() -> None:
    for text in ("0", "-1", "0.9", "abc", "", "0x10", "NaN", "1" * 40, str(INTERVAL_MAX_MS + 1), "Infinity"):
        with raises(ScheduleError):
            schedule.first("interval", text, NOW, BERLIN)
    assert schedule.first("interval", str(INTERVAL_MAX_MS), NOW, BERLIN) == NOW + INTERVAL_MAX_MS


def test_unknown_kinds_and_oversized_values_are_refused() -> None:
    for kind in ("weekly", "CRON", "cron ", None, 3):
        with raises(ScheduleError):
            schedule.first(kind, "* * * * *", NOW, BERLIN)
    for value in (None, 5, "", "2026-11-24T17:00" + " " * VALUE_BYTES, ["x"]):
        for kind in schedule.KINDS:
            with raises(ScheduleError):
                schedule.first(kind, value, NOW, BERLIN)


def test_a_refusal_says_what_to_write() -> None:
    with raises(Refused) as refusal:
        schedule.first("cron", "* * *", NOW, BERLIN)
    error = refusal.error.as_dict()  # pyright: ignore[reportOptionalMemberAccess]
    assert error["code"] == "bad_value"
    assert "5 fields" in error["message"] and "30 8 * * 1-5" in error["remedy"]


def test_once_reads_dates_as_javascript_does() -> None:
    for text, moment in (
        ("2026-02-14T10:00:00Z", utc(2026, 2, 14, 10)),
        ("2026-02-14T10:00", utc(2026, 2, 14, 9)),
        ("2026-02-14 10:00:00", utc(2026, 2, 14, 9)),
        ("2026-02-14", utc(2026, 2, 14)),
        ("2026-02", utc(2026, 2, 1)),
        ("2026-02-14T10:00:00+02:00", utc(2026, 2, 14, 8)),
        ("2026-02-14T10:00:00-0530", utc(2026, 2, 14, 15, 30)),
        ("2026-02-14T10:00:00.123456Z", utc(2026, 2, 14, 10) + 123),
        ("2026-02-14T10:00:00.1Z", utc(2026, 2, 14, 10) + 100),
        ("2026-02-14T24:00:00", utc(2026, 2, 14, 23)),
        ("2026-02-30", utc(2026, 3, 2)),
        ("2026-2-3 4:5", utc(2026, 2, 3, 3, 5)),
        ("02/14/2026", utc(2026, 2, 13, 23)),
        ("Feb 14 2026 10:00", utc(2026, 2, 14, 9)),
        ("14 February 2026 10:00 PM", utc(2026, 2, 14, 21)),
        ("Sat, 14 Feb 2026 10:00:00 GMT", utc(2026, 2, 14, 10)),
        ("Sat Feb 14 2026 10:00:00 GMT+0100 (Central European Time)", utc(2026, 2, 14, 9)),
        ("Feb 14 2026 10:00 EST", utc(2026, 2, 14, 15)),
        ("2026-02-14 10:00 -3", utc(2026, 2, 14, 13)),
        ("2026-02-14 10:00 +5:30", utc(2026, 2, 14, 4, 30)),
        ("(note) 2026-02-14", utc(2026, 2, 13, 23)),
        ("+002026-02-14T10:00:00Z", utc(2026, 2, 14, 10)),
        ("2026-03-29T02:30", utc(2026, 3, 29, 1, 30)),
        ("2026-10-25T02:30", utc(2026, 10, 25, 0, 30)),
    ):
        assert schedule.first("once", text, NOW, BERLIN) == moment, text


def test_once_refuses_what_javascript_calls_invalid() -> None:
    for text in (
        "in 5 minutes",
        "10:00",
        "tomorrow",
        "14/02/2026",
        "2026-13-01",
        "2026-02-00",
        "2026-02-14T25:00:00",
        "x",
        "2026-02-14T10:00:60Z",
        "2026-02-14T10:60",
        "2026-02-14T24:00:01",
        "20260214T100000Z",
        "1770984000",
        "13",
        " 2026-02-14T10:00:00Z",
        "2026-02-14T10:00:00ZZ",
        "2026-02-14T10:00 Europe/Berlin",
        "1 2 3 4",
        "-000000-01-01T00:00Z",
        "2026-02-14 13:00 PM",
        "Feb 14 2026 10:00 GMT-12345",
        "10::20::30",
        "2026-02-14 10:00.x",
        "Feb14x 2026 y",
    ):
        with raises(ScheduleError):
            schedule.first("once", text, NOW, BERLIN)


def test_a_past_time_is_due_and_once_never_comes_again() -> None:
    assert schedule.first("once", "2020-01-01", NOW, BERLIN) == utc(2020, 1, 1)
    assert schedule.after_run("once", "2020-01-01", utc(2020, 1, 1), NOW, BERLIN) is None


def test_a_stored_value_that_cannot_be_read_does_not_run_again() -> None:
    assert schedule.after_run("interval", "abc", NOW, NOW, BERLIN) is None
    assert schedule.after_run("cron", "nonsense", NOW, NOW, BERLIN) is None


def test_a_run_that_ends_in_the_doubled_hour_does_not_repeat_it() -> None:
    due = utc(2026, 10, 25, 0, 30)
    assert schedule.after_run("cron", "30 2 * * *", due, due + 31 * 60000, BERLIN) == utc(2026, 10, 26, 1, 30)


def test_previews() -> None:
    assert schedule.preview("interval", "1000", NOW, BERLIN, 3) == [NOW + 1000, NOW + 2000, NOW + 3000]
    assert schedule.preview("cron", "0 9 * * *", NOW, BERLIN, 2) == [utc(2026, 11, 23, 8), utc(2026, 11, 24, 8)]
    assert len(schedule.preview("once", "2026-12-01", NOW, BERLIN, 5)) == 1
    assert len(schedule.preview("interval", "1000", NOW, BERLIN, 100000)) == 100


def test_schedules_in_words() -> None:
    for kind, value, words in (
        ("cron", "30 8 * * 1-5", "every weekday at 08:30"),
        ("cron", "@daily", "every day at 00:00"),
        ("cron", "0 9,18 * * *", "every day at 09:00 and 18:00"),
        ("cron", "*/15 * * * *", "every 15 minutes"),
        ("cron", "* * * * *", "every minute"),
        ("cron", "5 * * * *", "every hour at :05"),
        ("cron", "0 */2 * * *", "every 2 hours"),
        ("cron", "15 18 * * 1,4", "every Monday and Thursday at 18:15"),
        ("cron", "0 9 * * 6,0", "every weekend day at 09:00"),
        ("cron", "0 10 1 * *", "on the 1st of every month at 10:00"),
        ("cron", "0 10 1,22 3 *", "on the 1st and 22nd of March at 10:00"),
        ("cron", "0 9 24 12 *", "every year on 24 December at 09:00"),
        ("cron", "0 9 L * *", "on the last day of every month at 09:00"),
        ("cron", "0 9 * * 5L", "on the last Friday of the month at 09:00"),
        ("cron", "0 9 * * 1#2", "on the second Monday of the month at 09:00"),
        ("cron", "0 8 * 6,7 *", "every day in June and July at 08:00"),
        ("cron", "*/10 * * * 1", "every 10 minutes, every Monday"),
        ("cron", "1,2,3 4,5,6 * * *", "cron 1,2,3 4,5,6 * * *"),
        ("cron", "0 0 13 * 5", "cron 0 0 13 * 5"),
        ("cron", "nonsense", "cron nonsense"),
        ("interval", "900000", "every 15 minutes"),
        ("interval", "3600000", "every hour"),
        ("interval", "90000", "every 90 seconds"),
        ("interval", "1500", "every 1500 ms"),
        ("interval", "x", "interval x"),
        ("once", "2026-11-24T17:00", "once on Tue 24 Nov 2026 at 17:00"),
        ("once", "x", "once x"),
    ):
        assert schedule.describe(kind, value, BERLIN) == words, value


def test_times_in_words() -> None:
    for moment, words in (
        (utc(2026, 11, 22, 19, 30), "today 20:30"),
        (utc(2026, 11, 23, 16), "tomorrow 17:00"),
        (utc(2026, 11, 21, 22, 59), "yesterday 23:59"),
        (utc(2026, 11, 28, 8), "Sat 09:00"),
        (utc(2026, 11, 29, 8), "29 Nov 09:00"),
        (utc(2026, 11, 19, 8), "19 Nov 09:00"),
        (utc(2027, 1, 1, 8), "1 Jan 2027 09:00"),
        (None, "never"),
    ):
        assert schedule.say_time(moment, NOW, BERLIN) == words
    assert schedule.say_time(utc(2026, 11, 23, 4, 59), NOW, NEW_YORK) == "today 23:59"
