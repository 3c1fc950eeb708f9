"""Cron against croniter: any expression, any zone, 2020 to 2040.

croniter only does the calendar here (on wall times without a zone); the zone database does the clock changes, by the
rule in device/host/cron.py. Not generated, because the two mean different things by it:
- a full range written out ("0-6", "1-31"): croniter takes it for "*", NanoClaw's cron-parser for a restriction;
- a range of one value ("0-0"): croniter takes it for all of the week;
- weekday ranges up to 7 with a step, and doubled values: cron-parser adds Sunday, or refuses;
- L, # and H, six fields, macros: written differently in croniter; golden files and test_cron.py judge them.
"""

import zoneinfo
from datetime import UTC, datetime, timedelta

from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from app.host.zone_rules import posix_rule
from device.host.cron import Cron
from device.host.tz import Zone

NAMES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
ZONES = {name: (Zone(posix_rule(name)), zoneinfo.ZoneInfo(name)) for name in NAMES}
EPOCH = datetime(1970, 1, 1)
FIRST, LAST = (int(datetime(year, 1, 2, tzinfo=UTC).timestamp()) for year in (2020, 2040))


def changes(zone: Zone) -> list[int]:
    found, at = [], zone.segment(FIRST)[1]
    while at < LAST:
        found.append(at)
        at = zone.segment(at)[1]
    return found


CHANGES = [change for zone, _ in ZONES.values() for change in changes(zone)]


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    some = st.lists(number, min_size=1, max_size=4, unique=True).map(lambda values: ",".join(map(str, values)))
    step = st.integers(2, max(3, (high - low) // 2)).map(lambda value: f"*/{value}")
    part = st.tuples(number, number).map(sorted).filter(lambda pair: 0 < pair[1] - pair[0] < high - low)
    ranges = st.tuples(part, st.integers(1, 5)).map(lambda both: f"{both[0][0]}-{both[0][1]}/{both[1]}")
    return st.one_of(st.just("*"), st.just("*"), some, step, ranges)


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(" ".join)
MOMENTS = st.one_of(
    st.integers(FIRST, LAST),
    st.tuples(st.sampled_from(CHANGES), st.integers(-90000, 90000)).map(sum),
)


def instants(wall: datetime, after: int, known: zoneinfo.ZoneInfo, fixed: bool) -> list[int]:
    """When a nominal wall time happens, by the rule of cron.py, from the zone database."""
    passes = [wall.replace(tzinfo=known, fold=fold) for fold in (0, 1)]
    offsets = [int((moment.utcoffset() or timedelta()).total_seconds()) for moment in passes]
    seconds = int((wall - EPOCH).total_seconds())
    first, second = seconds - offsets[0], seconds - offsets[1]
    if offsets[0] == offsets[1]:
        return [first]
    if offsets[0] < offsets[1]:  # missing: `first` counts with the offset from before the gap
        return [first] if fixed and offsets[1] - offsets[0] >= 3600 else []
    change = int(_fold_start(first, second, offsets, known))
    return [first, second] if not fixed or after >= change else [first]


def _fold_start(first: int, second: int, offsets: list[int], known: zoneinfo.ZoneInfo) -> int:
    low, high = first, second
    while high - low > 1:
        middle = (low + high) // 2
        offset = datetime.fromtimestamp(middle, known).utcoffset() or timedelta()
        low, high = (middle, high) if int(offset.total_seconds()) == offsets[0] else (low, middle)
    return high


def expected(text: str, after: int, known: zoneinfo.ZoneInfo, fixed: bool) -> int:
    offset = datetime.fromtimestamp(after, known).utcoffset() or timedelta()
    wall = EPOCH + timedelta(seconds=after) + offset
    walls = croniter(text, wall - timedelta(hours=3), ret_type=datetime, max_years_between_matches=50)
    best: int | None = None
    while True:
        nominal: datetime = walls.get_next()
        if best is not None and int((nominal - EPOCH).total_seconds()) > best + 30 * 3600:
            return best
        for moment in instants(nominal, after, known, fixed):
            if moment > after and (best is None or moment < best):
                best = moment
        if best is not None and int((nominal - EPOCH).total_seconds()) - 15 * 3600 > best:
            return best


@settings(max_examples=500, deadline=None, derandomize=True)
@given(EXPRESSIONS, MOMENTS, st.sampled_from(NAMES))
def test_the_next_run_is_croniters(text: str, after: int, name: str) -> None:
    zone, known = ZONES[name]
    cron = Cron(text)
    assert cron.next_ms(after * 1000, zone) == expected(text, after, known, len(cron.hours) < 24) * 1000


@settings(max_examples=200, deadline=None, derandomize=True)
@given(EXPRESSIONS, MOMENTS, st.sampled_from(NAMES))
def test_every_run_matches_the_wall_or_follows_a_gap(text: str, after: int, name: str) -> None:
    zone, _ = ZONES[name]
    cron, at = Cron(text), after * 1000
    for _ in range(5):
        following = cron.next_ms(at, zone)
        assert following is not None and following > at
        at = following
        start, _, offset, before = zone.segment(at // 1000)
        if at // 1000 < start + offset - before:  # pyright: ignore[reportOperatorIssue]
            continue  # within a gap's length behind it: it may stand for a missing time
        _, month, _, hour, minute, second, _ = zone.local(at)
        assert second == 0 and minute in cron.minutes and hour in cron.hours and month in cron.months
