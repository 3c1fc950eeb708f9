import pytest

from app.cli.times import Times
from app.errors import ProblemError, UsageError
from app.host.box_time import BoxZone
from app.tui import limits, when

BERLIN = BoxZone("Europe/Berlin")
NOON = 1_790_078_400_000  # Tue 2026-09-22 12:00 UTC


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("weekdays at 8:30", "cron", "30 8 * * 1-5"),
        ("30 8 * * 1-5", "cron", "30 8 * * 1-5"),
        ("*/5 * * * *", "cron", "*/5 * * * *"),
        ("45m", "interval", "2700000"),
        ("every 1h30m", "interval", "5400000"),
        ("every 2 hours", "interval", "7200000"),
        ("2026-11-24 17:00", "once", "2026-11-24T17:00:00"),
        ("tomorrow at 17:00", "once", "2026-09-23T15:00:00Z"),
    ],
)
def test_one_line_is_read_as_people_write_it(text: str, kind: str, value: str) -> None:
    assert when.read(text, BERLIN, NOON) == (kind, value)


@pytest.mark.parametrize("text", ["", "whenever", "99 q", "2026-02-30 10:00"])
def test_what_means_no_time_is_said_so_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        when.read(text, BERLIN, NOON)
    assert caught.value.remedy


def test_a_preview_marks_the_days_on_which_clocks_change() -> None:
    found = when.preview("cron", "30 2 * * *", BERLIN, 1_792_800_000_000)  # 2026-10-23 22:40 UTC
    assert found.words == "every day at 02:30"
    assert [bool(note) for _, note in found.runs] == [False, True, False, False, False]
    assert "twice" in found.runs[1][1] or "back" in found.runs[1][1]


@pytest.mark.parametrize("value", ["61 * * * *", "0 0 31 2 *", "x"])
def test_a_wrong_cron_expression_is_refused_with_words(value: str) -> None:
    with pytest.raises(ProblemError) as caught:
        when.preview("cron", value, BERLIN, NOON)
    assert caught.value.message


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("interval", "5400000", "1h30m"),
        ("interval", "1500", "1500"),
        ("once", "2026-11-24T17:00:00", "2026-11-24 17:00:00"),
        ("cron", "0 9 * * *", "0 9 * * *"),
    ],
)
def test_values_survive_being_shown_and_stored_again(kind: str, value: str, shown: str) -> None:
    assert when.shown(kind, value, Times("Europe/Berlin")) == shown
    assert when.stored(kind, shown) == value


def test_a_moment_in_utc_is_shown_in_local_time() -> None:
    assert when.shown("once", "2026-09-23T15:00:00Z", Times("Europe/Berlin")) == "2026-09-23 17:00:00"


def test_words_are_remembered_up_to_a_bound_and_nonsense_is_shown_as_it_is() -> None:
    for minute in range(limits.WORDS + 10):
        when.words("cron", f"{minute % 60} {minute // 60} * * *", "UTC")
    assert when.words.cache_info().currsize == limits.WORDS
    assert when.words("cron", "30 8 * * 1-5", "UTC") == "every weekday at 08:30"
    assert when.words("cron", "x", "UTC") == "cron x"
