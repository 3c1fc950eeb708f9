"""Word characters and upper case beyond ASCII, which MicroPython does not know: two compact tables and their lookups.

Both tables follow Unicode 14 exactly for every assigned character (tests/parity/test_letters.py compares them all;
tests/parity/letter_tables.py makes them). Lookups scan a table from its start, so they are for the few non-ASCII
characters of a trigger and not for whole texts.
"""

import binascii

# Ranges of letters, marks, numbers and connectors: varint gap from the last end, varint length - 1.
_WORD = binascii.a2b_base64(
    b"KgAIAQIABAECAgIWAh4CyQMFCw8ECAACABJ0AgcCAAcAAm0CigEC1gEHKAksAgACAQIBAiseCgZJBWUCBwMJAhIDABHlAQUDAy0TGwUnAgUKSQKA"
    b"AQMJAoABAwUDAAJ3DG4KdgKBAQ5vCQYCAwLJAQYkAnkOOQYOAgkofxgBBxMCAAIAAgAFRgI2CgA6SQdNA1oC4wQKJhFdBOsEAxACGQZKBEYMkwEE"
    b"AAUdEgICrAILlAEmGwV5DgAJqQESCA1zDTcJPQM/EQIC6AUCAAQKBAsFDAYKQwEUABwJBgoHDDQgEgAFAAMJAgAEBAcAAgACAAIDAgoDAwYEBQAC"
    b"OdcFO08V9wQd7QjkAQcICgADbxCAATAA1gMCGg4CBAMEBVkDAgJZApIBBAMLHzEPIQkfBwIOIQkoDsECvzNBjK0BRC0DjAIEYgIJAnImCANmA5wB"
    b"BQkLMw1FCycEAAIwAyMNYA8KB3kHFgRjAw8DaAINB3oCj1iFQqgEAocBIuoCE3cpCwUPEQ8EARkCIYwBFAkIGQUAAhkMdiT6AQ0sDTgSAXKgAwMv"
    b"ApIDDeUFAx4DogEFGUfIARgeAkcCJhE1C1EYgwYEpAEcFSuWAQxoCAAObwUvA04FAwIMAgAFVgdqCJoDBgkFZwL5ARhoBBUnOAh7BfoBZqMBDZEB"
    b"AlsJUgQAE5ADEBwGhAW6ASQs7ggS8BYQrgjSH+lMB4QBDDYKAw3GBmrhAQK2mQEEAeIkRp8EBAQFCQcDBh8DlQECnAETbeAGAhgCHgIYAh4CGAIe"
    b"AhgCHgIYAjuBBDYFMQkADwAXsw3CAmnnCfkCmAY6AgICfAKMA8UEDOQV2q4Ettsr7wE="
)

# Runs of characters with an upper case of one character: varint gap from the last start, varint 2 * (count - 1) +
# (step - 1), zigzag varint distance to the upper case.
_UPPER = binascii.a2b_base64(
    b"NQHOCyssPxgMPwcB8gECLwEyBQEHDwERLQEvBQEGAYYDAwMBBQEBBAEBBgEBAwHCAQQBAQEBxgIEAYQCAwUBBwEBBQEBAwEBBAMBBQEBBAEBAgFw"
    b"BgEBAQEDAgEBAQEDAgEBAQEDAg8BDwGdAQIRARMBAQEBAwIBAQQnASoRARkBAQMC/qgBAwEBBQkBCQG+qAEBAbioAQEBvKgBAQGjAwEBmwMCApkD"
    b"AwGTAwIBlQMBAZ6VBQQBmQMBAZaVBQIBnQMCAdCUBQEBiJUFAgGhAwEBpQMBAYiVBQEB7qcBAQGClQUDAaUDAgH6pwEBAakDAwGrAwgBzqcBAwGz"
    b"AwIBhpUFAQGzAwQB1JQFAQGzAwEBiQEBArEDAgGNAQYBtQMLAaqUBQEBpJQFpwEBqAEsAwEGAQEEBIQCMQFLAQRJBCA/EQE9ARA/CQF/AQJ9AwF7"
    b"AQFxBAFdAQFrAQEPAhcBFwGrAQEBnwEBAQ4BAecBAgG/AQMBAQMBATU+PyAenwERIQEqNQE3DQENAR0CXwGQAUpf7xZUgC8tBIAv+wUKD4gRAdth"
    b"AQHZYQEBx2EBAsNhAgHFYQEBt2EBAclgAQGEpwTxAQGIqAQEAcw7EQHwqARzlQEBmgEBdQZfAV8OEBAKEBAOEBAOEBAKEBEHEA8OEBAClAECBqwB"
    b"BALIAQICgAICAuABAgL8ATQCEA4ByXASAhAQAhAFAQ7pAgE3Ih4fFAEBzAYyM+AOXl8xAQEEAdWoAQEBz6gBAgUBCwEBAwEBC2MBawMBBwEBDUq/"
    b"cScBv3EGAb9xlPIBLQFAGwGiAQ0BED0BRwMBBQkBDQEBBQMBAwFgAxMBHg8BEwMBCQEBBgMBHwEB3QYBvw4dngGf3wTRpwEyPw=="
)

# What JavaScript's trim() takes off: white space and line ends; U+FEFF is in, U+0085 and U+200B are not.
_TRIMMED = (
    "\t\n\x0b\x0c\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def trim(text):
    """The text without JavaScript's white space at both ends (a port of its trim(), not of Python's strip())."""
    start, end = 0, len(text)
    while start < end and text[start] in _TRIMMED:
        start += 1
    while end > start and text[end - 1] in _TRIMMED:
        end -= 1
    return text[start:end]


def is_word(char):
    """Whether the character continues a word: a letter, mark, number or connector such as "_"."""
    point = ord(char)
    if point < 128:
        return char == "_" or 48 <= point <= 57 or 65 <= point & 95 <= 90
    first, at = 128, 0
    while at < len(_WORD):
        gap, at = _varint(_WORD, at)
        length, at = _varint(_WORD, at)
        first += gap
        if point < first:
            return False
        first += length
        if point <= first:
            return True
    return False


def upper(point):
    """The code point of the upper case, where that is one character of the same plane; else the point itself.

    As JavaScript compares without case: "ß" and "ﬁ" stay, and nothing above ASCII becomes ASCII ("ſ", "ı", Kelvin).
    """
    if point < 128:
        return point - 32 if 97 <= point <= 122 else point
    first, at = 128, 0
    while at < len(_UPPER):
        gap, at = _varint(_UPPER, at)
        count, at = _varint(_UPPER, at)
        zigzag, at = _varint(_UPPER, at)
        first += gap
        if point < first:
            break
        step = 1 + (count & 1)
        if (point - first) // step <= count >> 1 and (point - first) % step == 0:
            return point + (zigzag >> 1 if zigzag & 1 == 0 else -(zigzag + 1 >> 1))
    return point


def equal_folded(left, right):
    """Whether two texts are the same but for case."""
    if len(left) != len(right):
        return False
    for index in range(len(left)):
        a, b = ord(left[index]), ord(right[index])
        if a != b and upper(a) != upper(b):
            return False
    return True


def _varint(table, at):
    value = shift = 0
    while True:
        byte = table[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
