"""The judge of clock changes, by what the recordings carry; and what Barnacle does where it follows the wall clock."""

from app.host.parity.judges.judge_schedule import Expression, read_ms
from app.host.parity.judges.wall_clock import WallClock
from device.host import schedule
from device.host.tz import Zone
from tests.parity.recordings import document, recording

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
DAY_MS = 86400000


def test_it_finds_the_moments_that_the_recordings_carry() -> None:
    carrying = [case for case in recording("schedule").cases if "wall_clock_next5" in case.get("quirk", {})]
    assert len(carrying) >= 30
    for case in carrying:
        zone = Zone(document("schedule")["zone_rules"][case["tz"]])
        found = WallClock(Expression(case["value"]), zone).after(read_ms(case["now"]), 5)
        assert found == [read_ms(text) for text in case["quirk"]["wall_clock_next5"]], case["id"]


def test_a_missing_time_never_comes_and_a_doubled_one_comes_twice() -> None:
    spring, autumn = read_ms("2026-03-28T12:00:00.000Z"), read_ms("2026-10-24T12:00:00.000Z")
    clock = WallClock(Expression("30 2 * * *"), BERLIN)
    assert clock.after(spring, 1) == [read_ms("2026-03-30T00:30:00.000Z")]
    doubled = [read_ms("2026-10-25T00:30:00.000Z"), read_ms("2026-10-25T01:30:00.000Z")]
    assert clock.after(autumn, 2) == doubled
    assert [clock.is_single(moment) for moment in doubled] == [False, False]
    assert clock.is_moved(read_ms("2026-03-29T01:30:00.000Z"))
    assert not clock.is_moved(read_ms("2026-03-29T01:00:00.000Z"))


def test_a_local_time_that_exists_on_the_day_of_a_gap_is_not_left_out() -> None:
    found = schedule.preview("cron", "0 3 * * *", read_ms("2026-03-28T12:00:00.000Z"), BERLIN, 2)
    assert found == [read_ms("2026-03-29T01:00:00.000Z"), read_ms("2026-03-30T01:00:00.000Z")]


def test_a_chosen_h_stays_the_same_for_the_same_expression() -> None:
    for expression in ("H * * * *", "H H * * *", "H(0-10) * * * *"):
        first = schedule.first("cron", expression, 0, BERLIN)
        assert schedule.first("cron", expression, 0, BERLIN) == first
        assert schedule.first("cron", expression, first, BERLIN) - first in (3600000, DAY_MS)
