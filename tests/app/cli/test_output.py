import io

import pytest

from app.cli.duration import ago, duration_ms, length
from app.cli.output import Output, clean, clean_lines, shorten, width_of
from app.cli.times import Times
from tests.app.cli.fake_host import Terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand tab", "two lines and tab"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07x", "]0;titlex"),
        ("a\x9b31mb", "a31mb"),
        ("right\u202eleft\u2066", "rightleft"),
        ("nul\0", "nul"),
        ("Grüße 🐚 日本", "Grüße 🐚 日本"),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(text, shown):
    assert clean(text) == shown


def test_line_breaks_can_be_kept():
    assert clean_lines("one\x1b[2J\r\ntwo") == "one[2J\ntwo"


def test_wide_characters_count_twice():
    assert width_of("日本") == 4
    assert shorten("日本日本", 5) == "日本…"
    assert shorten("short", 5) == "short"


def test_columns_are_aligned_and_piped_output_is_not_cut():
    stream = io.StringIO()
    Output(stream).table(("a", "head"), [["日本", "x" * 300], ["b", None]])
    lines = stream.getvalue().splitlines()
    assert lines[0] == "a     head"
    assert lines[1].endswith("x" * 300)
    assert lines[2] == "b     -"


def test_tables_fit_the_terminal():
    stream = Terminal()
    Output(stream, width=40).table(("id", "prompt"), [["1", "word " * 30]])
    assert all(
        width_of(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= 40 for line in stream.getvalue().splitlines()
    )
    assert "…" in stream.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_turned_off(monkeypatch, name, value):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in Output(Terminal()).styled("x", "red")
    monkeypatch.setenv(name, value)
    assert Output(Terminal()).styled("x", "red") == "x"


def test_what_is_no_terminal_gets_no_colours():
    assert Output(io.StringIO()).styled("x", "red") == "x"


def test_an_empty_table_says_so():
    stream = io.StringIO()
    Output(stream).table(("a",), [], "no tasks")
    assert stream.getvalue() == "no tasks\n"


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("15m", 900_000), ("1h30m", 5_400_000), ("1 d", 86_400_000), ("2W", 1_209_600_000)],
)
def test_lengths_of_time_are_read(text, ms):
    assert duration_ms(text) == ms


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (None, "never"),
        (0, "now"),
        (-12_000, "12 s ago"),
        (180_000, "in 3 min"),
        (-7_300_000, "2 h ago"),
        (9 * 86_400_000, "in 9 days"),
    ],
)
def test_relative_times(then, words):
    assert ago(then if then is None else 10**12 + then, 10**12) == words


def test_lengths_are_rounded_down():
    assert length(119 * 60_000) == "119 min"
    assert length(47 * 3_600_000) == "47 h"


def test_times_are_in_the_zone():
    assert Times("Europe/Berlin").full(1_795_000_000_000) == "Wed 2026-11-18 12:06"
    assert Times("Europe/Berlin").with_offset(1_795_000_000_000) == "Wed 2026-11-18 12:06 +01:00"
    assert Times("No/Where").zone == "UTC"


def test_a_terminal_too_narrow_for_the_columns_gets_a_line_per_cell(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    heads = ("group", "name", "answers to", "state", "waiting", "tasks", "last message")
    row = ("family", "Family of the house", "every message", "retrying", None, 3, "x" * 90)
    Output(stream, 40).table(heads, [row, row])
    lines = stream.getvalue().splitlines()
    assert lines[0] == "group         family" and lines[2] == "answers to    every message"
    assert lines[6] == "" and len(lines) == 13 and max(map(len, lines)) <= 40
    wide = Terminal()
    Output(wide, 80).table(heads, [row, row])
    assert len(wide.getvalue().splitlines()) == 3
