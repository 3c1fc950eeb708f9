"""The device's letter tables agree with Unicode for every assigned character."""

import sys
import unicodedata

from device.host import letters
from tests.parity import letter_tables

TABLES_ARE_FROM = "14.0.0"
TOLERATED = 0 if unicodedata.unidata_version == TABLES_ARE_FROM else 12000  # newer versions assign more characters


def test_word_characters_are_unicodes_letters_marks_numbers_and_connectors() -> None:
    ranges = letter_tables.word_ranges()
    probes = {p for first, last in ranges for p in (first - 1, first, last, last + 1, (first + last) // 2)}
    probes |= set(range(0x3000)) | set(range(0xD7F0, 0x10000)) | set(range(0x1F000, 0x1FB00))
    wrong = [
        hex(p)
        for p in sorted(probes)
        if p <= sys.maxunicode
        and unicodedata.category(chr(p)) != "Cn"
        and letters.is_word(chr(p)) != letter_tables.is_word(chr(p))
    ]
    assert len(wrong) <= TOLERATED, wrong[:20]


def test_upper_case_is_javascripts_for_the_whole_basic_plane() -> None:
    wrong = [
        hex(p)
        for p in range(0x10000)
        if (p < 0x3000 or p > 0x9FFF) and letters.upper(p) != ord(letter_tables.simple_upper(chr(p)))
    ]
    assert len(wrong) <= TOLERATED, wrong[:20]


def test_the_tables_are_what_the_generator_makes() -> None:
    if unicodedata.unidata_version == TABLES_ARE_FROM:
        import base64

        assert base64.b64encode(letters._WORD) == letter_tables.word_table()
        assert base64.b64encode(letters._UPPER) == letter_tables.upper_table()
    assert len(letters._WORD) + len(letters._UPPER) < 2048
