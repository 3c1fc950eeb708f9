"""Rules of named zones against the zone database, from the moment on at which rules hold."""

import random
import zoneinfo
from datetime import UTC, datetime

import pytest

from app.host.zone_rules import ZoneNameError, posix_rule, rule_in_force
from device.host.tz import Zone

ZONES = (
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Chisinau",
    "Europe/Moscow",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Nuuk",
    "America/St_Johns",
    "America/Havana",
    "America/Asuncion",
    "Africa/Cairo",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Norfolk",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
    "Atlantic/Azores",
    "UTC",
    "Etc/GMT+5",
)
FROM_YEAR = {  # before that year the zone had another rule
    "America/Nuuk": 2024, "America/Asuncion": 2025, "Africa/Cairo": 2024, "Asia/Tehran": 2023, "Pacific/Apia": 2022,
    "America/Santiago": 2023, "Asia/Beirut": 2024, "Europe/Chisinau": 2022,
}  # fmt: skip


@pytest.mark.parametrize("name", ZONES)
def test_offsets_agree_with_the_zone_database_up_to_2040(name: str) -> None:
    zone, known = Zone(posix_rule(name)), zoneinfo.ZoneInfo(name)
    start = int(datetime(FROM_YEAR.get(name, 2020), 1, 2, tzinfo=UTC).timestamp())
    end = int(datetime(2040, 1, 1, tzinfo=UTC).timestamp())
    moments = list(range(start, end, 6 * 3600 * 7 + 61))
    at = start
    while at < end:  # both sides of every change
        at = zone.segment(at)[1]
        moments += [at - 1, at, at + 1]
    for moment in moments:
        if moment < end:
            local = datetime.fromtimestamp(moment, known)
            assert zone.offset_s(moment * 1000) == int(local.utcoffset().total_seconds()), local  # pyright: ignore[reportOptionalMemberAccess]
            assert zone.local(moment * 1000)[:6] == local.timetuple()[:6]
            assert moment * 1000 in zone.utc_candidates(*local.timetuple()[:6])


def test_every_zone_has_a_rule_that_is_read() -> None:
    names = sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"})
    assert len(names) > 400
    wrong: list[str] = []
    for name in names:
        zone, known = Zone(posix_rule(name)), zoneinfo.ZoneInfo(name)
        for _ in range(10):
            # Beyond 2087 even Morocco's and Gaza's tables of single dates have ended.
            moment = random.Random(name).randrange(3_720_000_000, 4_000_000_000)
            offset = datetime.fromtimestamp(moment, known).utcoffset()
            if offset is None or zone.offset_s(moment * 1000) != int(offset.total_seconds()):
                wrong.append(name)
                break
    assert not wrong


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    for wrong, suggested in (
        ("europe/berln", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Kolkata", "Asia/Kolkata"),
    ):
        with pytest.raises(ZoneNameError, match=suggested):
            posix_rule(wrong)
    for nonsense in ("", "xx", "../etc/passwd", "Europe/"):
        with pytest.raises(ZoneNameError):
            posix_rule(nonsense)


@pytest.mark.parametrize(
    "name", ["Africa/Casablanca", "Asia/Gaza", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]
)
def test_the_rule_in_force_has_the_offset_of_the_moment_also_where_no_rule_holds_all_year(name: str) -> None:
    for month in range(1, 13):
        moment = datetime(2027, month, 15, 12, tzinfo=UTC)
        now_ms = int(moment.timestamp()) * 1000
        offset = moment.astimezone(zoneinfo.ZoneInfo(name)).utcoffset()
        assert offset is not None
        assert Zone(rule_in_force(name, now_ms)).offset_s(now_ms) == offset.total_seconds()


def test_a_zone_that_follows_its_rule_is_sent_with_it() -> None:
    assert rule_in_force("Europe/Berlin", 1_800_000_000_000) == posix_rule("Europe/Berlin")
    in_ramadan = int(datetime(2027, 2, 15, tzinfo=UTC).timestamp()) * 1000
    assert rule_in_force("Africa/Casablanca", in_ramadan) == "<+0000>-0:00"
