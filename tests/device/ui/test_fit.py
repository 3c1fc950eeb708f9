"""Text cut and wrapped to widths in pixels."""

from device.ui import fit


def ten(character):
    """A font whose glyphs are ten pixels wide, dots three."""
    return 3 if character == "." else 10


def test_text_that_fits_is_left_alone():
    assert fit.cut("hello", 50, ten) == "hello"
    assert fit.tail("hello", 50, ten) == "hello"
    assert fit.wrap("hello", [50, 50], ten) == ["hello"]


def test_cut_text_ends_in_dots_and_fits():
    assert fit.cut("hello world", 69, ten) == "hello..."
    for width in range(9, 120, 3):
        assert fit.width_of(fit.cut("hello wide world", width, ten), ten) <= width


def test_the_tail_begins_with_dots_and_fits():
    assert fit.tail("hello world", 59, ten) == "...world"
    for width in range(9, 120, 3):
        assert fit.width_of(fit.tail("hello wide world", width, ten), ten) <= width


def test_no_room_shows_nothing():
    assert fit.cut("hello", 5, ten) == ""
    assert fit.tail("hello", 5, ten) == ""
    assert fit.wrap("hello", [], ten) == []


def test_lines_break_at_spaces_and_have_widths_of_their_own():
    assert fit.wrap("aa bb cc dd ee", [60, 90, 90], ten) == ["aa bb", "cc dd ee"]


def test_a_word_wider_than_its_line_is_broken():
    assert fit.wrap("abcdefgh", [30, 30, 30], ten) == ["abc", "def", "gh"]


def test_the_last_line_ends_in_dots_when_something_is_missing():
    assert fit.wrap("aa bb cc dd", [50, 50], ten) == ["aa bb", "cc dd"]
    assert fit.wrap("aa bb cc dd ee", [50, 50], ten) == ["aa bb", "cc d..."]


def test_nothing_gets_lost_and_nothing_is_too_wide():
    text = "the quick brown fox jumps over the lazy dog and an extraordinarilylongword runs"
    for width in range(30, 300, 10):
        lines = fit.wrap(text, [width] * 40, ten)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        for line in lines:
            assert fit.width_of(line, ten) <= width


def test_a_hundred_wide_letters_end():
    assert fit.wrap("W" * 100, [5, 5], ten) == ["W", ""]
