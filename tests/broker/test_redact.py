"""Redaction: every encoding, every place where a stream can be cut, and nothing else held back or changed."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.limits import PARTIAL_CHARS, SECRET_MIN_BYTES
from broker.redact import MARK, Redactor
from tests.broker.encodings import ENCODINGS

PLAIN = b"sk-canary-0123456789-ABCDEFxyz"
AWKWARD = b'ab/+=="cd?ef&gh<>12.~x'
WILD = b"p%4\\w;%25&\\\\x41z"
SECRETS = {"plain": PLAIN, "with signs": AWKWARD}


def redact(secret: bytes, *pieces: bytes) -> bytes:
    redactor = Redactor([secret])
    return b"".join([*map(redactor.feed, pieces), redactor.end()])


def leaks(secret: bytes, text: bytes, encoded: bytes) -> bool:
    """Whether more than PARTIAL_CHARS characters of one encoded form are left anywhere in the text."""
    size = max(8, len(encoded) // len(secret) * (PARTIAL_CHARS + 2))
    return any(encoded[at : at + size] in text for at in range(len(encoded) - size))


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_the_secret_is_taken_out_at_every_split(name, kind):
    secret = SECRETS[kind]
    encoded = ENCODINGS[name](secret)
    text = b'{"key": "' + encoded + b'", "more": "end"}'
    whole = redact(secret, text)
    assert MARK in whole and not leaks(secret, whole, encoded)
    assert whole.startswith(b'{"key": "') and whole.endswith(b'", "more": "end"}')
    for at in range(len(text) + 1):
        assert redact(secret, text[:at], text[at:]) == whole, at


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_secret_is_taken_out_byte_by_byte(name):
    text = b"before " + ENCODINGS[name](PLAIN) + b" after"
    assert redact(PLAIN, *[text[at : at + 1] for at in range(len(text))]) == redact(PLAIN, text)


@pytest.mark.parametrize("secret", [b"u0075-abc", b"x61-secret", b"#35;-secret", b"25%-secret", b"5-secret-%"])
@pytest.mark.parametrize("name", ENCODINGS)
def test_a_secret_that_begins_like_the_inside_of_an_escape_is_taken_out_at_every_split(name, secret):
    text = b"\n\n" + ENCODINGS[name](secret) + b"\n\n"
    assert all(MARK in redact(secret, text[:at], text[at:]) for at in range(len(text)))


def test_a_secret_that_reads_in_several_ways_is_taken_out_at_every_split():
    for text in (b"a" + WILD + b"b", b"a" + json.dumps(WILD.decode()).encode() + b"b"):
        for at in range(len(text)):
            out = redact(WILD, text[:at], text[at:])
            assert MARK in out and WILD not in out


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_stream_that_ends_within_the_secret_shows_no_part_of_it(name):
    encoded = ENCODINGS[name](PLAIN)
    unit = len(encoded) / len(PLAIN)
    for end in range(int(unit * (PARTIAL_CHARS + 3)) + 2, len(encoded)):
        assert not leaks(PLAIN, redact(PLAIN, b"text " + encoded[:end]), encoded), end


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"sk-", b"sk-canary-", b"%73", b"\\u0073k", b"c2st"])))
def test_what_holds_no_secret_passes_unchanged(pieces):
    out = redact(PLAIN, *pieces)
    text = b"".join(pieces)
    assert out == text or (out.endswith(MARK) and text.startswith(out[: -len(MARK)]) and len(text) - len(out) < 20)


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=SECRET_MIN_BYTES, max_size=60),
    st.sampled_from(sorted(ENCODINGS)),
    st.data(),
)
def test_any_secret_in_any_encoding_at_any_split(text, name, data):
    secret = text.encode()
    encoded = b"\n\n" + ENCODINGS[name](secret) + b"\n\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=4)))
    pieces = [encoded[a:b] for a, b in zip([0, *cuts], [*cuts, len(encoded)], strict=True)]
    assert MARK in redact(secret, *pieces)


def test_only_what_could_be_a_beginning_is_held_back():
    redactor = Redactor([PLAIN])
    assert redactor.feed(b'data: {"text": "Hi"}\n\n') == b'data: {"text": "Hi"}\n\n'
    assert redactor.feed(b"ask") == b"a"
    assert redactor.feed(b" me") == b"sk me"


def test_every_occurrence_is_counted_and_several_secrets_are_found():
    redactor = Redactor([PLAIN, AWKWARD])
    out = redactor.feed(PLAIN + b" " + AWKWARD + b" " + base64.b64encode(PLAIN)) + redactor.end()
    assert out.startswith(MARK + b" " + MARK + b" " + MARK) and redactor.count == 3


def test_the_end_of_a_text_that_only_resembles_a_beginning_is_kept():
    assert redact(PLAIN, b"the masks") == b"the masks"


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="less than"):
        Redactor([b"x" * (SECRET_MIN_BYTES - 1)])
    Redactor([b"x" * SECRET_MIN_BYTES])


def test_no_text_of_the_redactor_shows_the_secret():
    redactor = Redactor([PLAIN])
    redactor.feed(PLAIN[:5])
    assert "sk-" not in repr(redactor)


class NoHoldBack(Redactor):
    """Planted: looks at each chunk alone."""

    def feed(self, data):
        return self.whole(data)


class RawOnly(Redactor):
    """Planted: knows the secret as it is, no encoding."""

    def whole(self, data):
        return data.replace(PLAIN, MARK)

    feed = whole


def test_the_checks_catch_a_redactor_without_hold_back():
    bad = NoHoldBack([PLAIN])
    assert leaks(PLAIN, bad.feed(PLAIN[:15]) + bad.feed(PLAIN[15:]), PLAIN)


def test_the_checks_catch_a_redactor_without_encodings():
    encoded = base64.b64encode(PLAIN)
    assert leaks(PLAIN, RawOnly([PLAIN]).feed(encoded), encoded)
