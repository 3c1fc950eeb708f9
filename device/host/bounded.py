"""Text cut to what a record and an envelope can hold."""

from device.host import limits, portable

MARK = "… (cut)"


def encoded_bytes(text):
    """How many bytes the text takes in a record: UTF-8 with JSON's escapes, quotes included."""
    return len(portable.dumps(text).encode())


def cut(text, most_bytes, encoded_most_bytes):
    """The text, or its beginning and MARK when it exceeds either bound (UTF-8 bytes plain, and as JSON)."""
    if len(text.encode()) <= most_bytes and encoded_bytes(text) <= encoded_most_bytes:
        return text
    count = len(text)
    while count:
        candidate = text[:count] + MARK
        plain, encoded = len(candidate.encode()), encoded_bytes(candidate)
        if plain <= most_bytes and encoded <= encoded_most_bytes:
            return candidate
        count = min(count - 1, count * most_bytes // plain, count * encoded_most_bytes // encoded)
    return MARK


def reply(text):
    """A reply as it may go out: at most MESSAGE_BYTES."""
    return cut(text, limits.MESSAGE_BYTES, limits.TEXT_ENCODED_BYTES)


def result(text):
    """A result or error text as run records and audit events keep it: at most RESULT_BYTES."""
    return cut(text, limits.RESULT_BYTES, 2 * limits.RESULT_BYTES)
