"""Trim, word characters and case, as JavaScript has them, on both interpreters."""

from device.host.letters import equal_folded, is_word, trim, upper


def test_trim_takes_javascripts_white_space_and_nothing_else():
    assert trim("\ufeff\u2028\t hi \u00a0\r\n") == "hi"
    assert trim("\u200bhi\u0085") == "\u200bhi\u0085"
    assert trim(" \n ") == trim("") == ""


def test_letters_digits_marks_and_underscore_continue_a_word_in_every_script():
    for char in "aZ5_éßЖ小明안ット\u0301٣०𐐀":
        assert is_word(char), char
    for char in " !@[`{/:-×÷«\u200b\u00a0、。🤖\ufeff":
        assert not is_word(char), char


def test_upper_is_one_to_one_and_never_comes_down_into_ascii():
    pairs = (("a", "A"), ("é", "É"), ("ж", "Ж"), ("ς", "Σ"), ("µ", "Μ"), ("ÿ", "Ÿ"), ("ｂ", "Ｂ"), ("ǆ", "Ǆ"))
    for small, capital in pairs:
        assert upper(ord(small)) == ord(capital), small
    for char in "ßﬁſıK小@\u0301":
        assert upper(ord(char)) == ord(char), char


def test_texts_are_compared_without_case_and_with_equal_length():
    assert equal_folded("MÜLLER", "müller")
    assert not equal_folded("STRASSE", "Straße")
    assert not equal_folded("a", "ab")
