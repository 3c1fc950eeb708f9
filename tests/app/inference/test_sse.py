import pytest

from app.host import limits
from app.host.inference.sse import SseError, SseEvent, SseParser

STREAM = (
    "\ufeff: a comment\r\n\r\n"
    'event: one\r\ndata: {"a": "ü🙂"}\r\n\r\n'
    "data: first\ndata:second\ndata\n\n"
    "event: left alone\rid: 7\rretry: 10\r\r"
    "data:  two spaces\r\rdata: x:y\n\r\n"
).encode()
EVENTS = [
    SseEvent("one", '{"a": "ü🙂"}'),
    SseEvent("message", "first\nsecond\n"),
    SseEvent("message", " two spaces"),
    SseEvent("message", "x:y"),
]


def parsed(pieces, parser=None):
    parser = parser or SseParser()
    return [event for piece in pieces for event in parser.feed(piece)]


def test_events_are_taken_apart():
    assert parsed([STREAM]) == EVENTS


def test_chunks_cut_at_every_byte_give_the_same_events():
    assert parsed([STREAM[n : n + 1] for n in range(len(STREAM))]) == EVENTS
    for cut in range(len(STREAM)):
        assert parsed([STREAM[:cut], b"", STREAM[cut:]]) == EVENTS


def test_an_event_is_there_with_its_empty_line_and_not_before():
    parser = SseParser()
    assert list(parser.feed(b"data: x\n")) == []
    assert parser.pending
    assert list(parser.feed(b"\n")) == [SseEvent("message", "x")]
    assert not parser.pending
    assert list(parser.feed(b"data: y\r\r")) == [SseEvent("message", "y")]  # before it is known whether LF follows


def test_a_long_event_is_refused_and_one_of_the_allowed_length_is_not():
    most = limits.MODEL_EVENT_BYTES
    allowed = b"data: " + b"x" * (most - 6)
    assert len(parsed([allowed, b"\n\n"] * 3)) == 3
    for chunks in ([allowed + b"x"], [allowed, b"x"], [b"data: 123456789\n"] * most):
        with pytest.raises(SseError, match="longer"):
            parsed(chunks)


def test_endless_comments_are_no_long_event():
    assert parsed([b": keep-alive\n\n"] * (limits.MODEL_EVENT_BYTES // 8)) == []


def test_bytes_that_are_no_utf8_are_refused():
    with pytest.raises(SseError, match="UTF-8"):
        parsed([b"data: \xff\xfe\n\n"])


def test_what_is_wrong_after_an_event_does_not_undo_it():
    events = SseParser().feed(b"data: whole\n\ndata: \xff\n\n")
    assert next(events) == SseEvent("message", "whole")
    with pytest.raises(SseError):
        next(events)
