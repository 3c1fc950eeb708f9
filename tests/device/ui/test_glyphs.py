"""Any text becomes text that the built-in font can show."""

import json

from device.host import limits
from device.ui import glyphs

SYMBOLS = (
    glyphs.OK,
    glyphs.CLOSE,
    glyphs.BELL,
    glyphs.WARNING,
    glyphs.HOME,
    glyphs.ENVELOPE,
    glyphs.REFRESH,
    glyphs.PLAY,
)


def utf8(code):
    """A code point's UTF-8 bytes, made without a string of one character: MicroPython keeps those for ever."""
    if code < 0x800:
        return bytes([0xC0 | code >> 6, 0x80 | code & 63])
    if code < 0x10000:
        return bytes([0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63])
    return bytes([0xF0 | code >> 18, 0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63])


def test_ascii_stays_as_it_is():
    text = "".join([chr(code) for code in range(33, 127)])
    assert glyphs.plain(text) == text


def test_accents_are_taken_off_latin_letters():
    assert glyphs.plain("Überprüfe café naïve Łódź Žižkov") == "Uberprufe cafe naive Lodz Zizkov"
    assert glyphs.plain("Straße Æsop œuvre Þór") == "Strasse AEsop oeuvre Thor"
    assert glyphs.plain("e\u0301") == "e"


def test_typographic_signs_become_plain_ones():
    assert glyphs.plain("“so” – it’s… 5 × 3 €") == '"so" - it\'s... 5 x 3 EUR'
    assert glyphs.plain("21° • on") == "21° • on"


def test_white_space_and_control_characters_become_single_spaces():
    assert glyphs.plain("  a\n\tb\r\n\x00c\u00a0 d ") == "a b c d"


def test_a_few_pictures_become_symbols_and_the_rest_vanish():
    assert glyphs.plain("✅ done ⚠️ 🙂") == glyphs.OK + " done " + glyphs.WARNING + " :)"
    assert glyphs.plain("fish 🐟 and 👩‍🚀 ship") == "fish and ship"


def test_letters_of_other_scripts_become_at_most_three_bullets():
    assert glyphs.plain("東京") == "••"
    assert glyphs.plain("Здравствуйте you") == "••• you"


def test_whatever_comes_only_known_glyphs_are_left():
    for start in range(0x80, 0x11000, 97):
        text = b"".join([utf8(code) for code in range(start, start + 97) if not 0xD800 <= code < 0xE000]).decode()
        for character in glyphs.plain(text):
            assert 32 <= ord(character) < 127 or character in "°•" or character in SYMBOLS, hex(start)
    assert glyphs.plain(chr(0x10FFFF) + "x" + chr(0x1F6F8)) == "x"


def test_a_picture_that_json_left_as_two_surrogates_is_known():
    assert glyphs.plain(json.loads('"\\ud83d\\ude42 \\ud83d ok"')) == ":) ok"


def test_text_beyond_the_bound_is_not_looked_at():
    assert len(glyphs.plain("x" * (limits.SHOWN_CHARS + 100))) == limits.SHOWN_CHARS
    assert len(glyphs.last_line("x" * (limits.SHOWN_CHARS + 100))) == limits.SHOWN_CHARS


def test_the_last_line_is_the_last_one_with_something_on_it():
    assert glyphs.last_line("first\nsecond  \n \n") == "second"
    assert glyphs.last_line("one") == "one"
    assert glyphs.last_line("\n \n") == ""
    assert glyphs.last_line("") == ""


def test_few_plain_texts_are_kept_however_many_are_shown():
    for number in range(5 * limits.PLAIN_TEXTS):
        assert glyphs.plain("é %d" % number) == "e %d" % number
    assert len(glyphs._plain_texts) <= limits.PLAIN_TEXTS


def test_a_text_is_plain_again_after_others_came_between():
    assert glyphs.plain("Wörter") == "Worter"
    for number in range(5 * limits.PLAIN_TEXTS):
        glyphs.plain("é %d" % number)
    assert glyphs.plain("Wörter") == "Worter"
