"""Streams of events: the key in pieces of several events, put together by the readers of both APIs, and nothing else
changed or held back."""

import itertools
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import broker.forward
from broker import limits
from broker.errors import Unavailable
from broker.http_message import AnswerError
from broker.redact_events import EventRedactor
from tests.broker.encodings import ENCODINGS
from tests.broker.hostile import CANARY, FakeGrant, Server, says
from tests.broker.test_forward import api
from tests.broker.test_redact import leaks
from tests.imitation.script import Reply
from tests.imitation.stream_fuzz import REQUEST, SERVERS, verdict

KEY = CANARY.encode()
BOTH = pytest.mark.parametrize("kind", ["anthropic", "openai"])
NAMED = {name: form(KEY).decode("latin-1") for name, form in ENCODINGS.items()}
PIECE_KEYS = ("text", "thinking", "partial_json")


def stream(kind: str, text: str = "", tools=(), chars: int = 3) -> bytes:
    return b"".join(SERVERS[kind]().stream(REQUEST, Reply(text, tools, delta_chars=chars)))


def redacted(data: bytes, step: int = 0) -> bytes:
    events = EventRedactor([KEY])
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    return b"".join([*map(events.feed, pieces), events.end()])


def delta(index: int, text: str, key: str = "text") -> bytes:
    kinds = {"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}
    value = {"type": "content_block_delta", "index": index, "delta": {"type": kinds[key], key: text}}
    return b"event: content_block_delta\ndata: " + json.dumps(value).encode() + b"\n\n"


def chunk(text: str, choice: int = 0, stop: str | None = None) -> bytes:
    value = {"id": "c", "choices": [{"index": choice, "delta": {"content": text}, "finish_reason": stop}]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def told(data: bytes) -> list:
    """The events' data, as values."""
    lines = [line.removeprefix(b"data: ") for line in data.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) if line != b"[DONE]" else "[DONE]" for line in lines]


def said(data: bytes, index: int = 0, key: str = "text") -> str:
    return "".join(each["delta"].get(key, "") for each in told(data) if each.get("index") == index and "delta" in each)


@BOTH
@pytest.mark.parametrize("name", NAMED)
def test_the_key_in_pieces_of_text(kind, name):
    for chars in (1, 3, 7):
        out = redacted(stream(kind, f"It is <{NAMED[name]}> so.", chars=chars))
        result = verdict(kind, out)
        assert result[0] == "whole" and "[redacted]" in result[1], chars
        assert not leaks(KEY, result[1].encode("latin-1"), NAMED[name].encode("latin-1")), chars
        assert result[1].startswith("It is <") and result[1].endswith("> so."), chars


@BOTH
@pytest.mark.parametrize("name", [name for name in NAMED if "UTF-16" not in name])  # zeros are escaped twice there
def test_the_key_in_pieces_of_arguments(kind, name):
    for chars in (1, 3, 7):
        out = redacted(stream(kind, "Well. ", [("now", {"a": f"<{NAMED[name]}>"}), ("now", {})], chars))
        result = verdict(kind, out)
        assert result[:2] == ("whole", "Well. ") and result[3] == "tool_use", (chars, result)
        (_, _, first), (_, _, second) = result[2]
        shown = first.get("a", "").encode("latin-1", "replace")
        assert not leaks(KEY, shown, NAMED[name].encode("latin-1")) and KEY not in shown
        assert second == {}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["anthropic", "openai"]), st.sampled_from(sorted(NAMED)), st.data())
def test_any_split_into_events_and_chunks(kind, name, data):
    text = f"ab{NAMED[name]}yz"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=12)))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    event = (lambda piece: delta(0, piece)) if kind == "anthropic" else chunk
    raw = b"".join(map(event, pieces))
    out = redacted(raw, data.draw(st.integers(1, 400)))
    values = told(out)
    shown = "".join(v["delta"]["text"] if kind == "anthropic" else v["choices"][0]["delta"]["content"] for v in values)
    assert "[redacted]" in shown and not leaks(KEY, shown.encode("latin-1"), NAMED[name].encode("latin-1"))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["anthropic", "openai"]),
    st.lists(st.text(max_size=6) | st.sampled_from(["sk-", "s", "sk-canary-", "%73", "\\u0073", "c2st"]), max_size=8),
    st.integers(1, 9),
    st.integers(0, 300),
)
def test_what_shows_no_key_is_the_same_to_every_reader(kind, words, chars, step):
    text = "".join(words) + "."
    raw = stream(kind, text, [("now", {"a": text}), ("list_tasks", {})], chars)
    assert verdict(kind, redacted(raw, step)) == verdict(kind, raw)


@BOTH
def test_events_without_change_pass_as_they_are(kind):
    raw = stream(kind, "Grüße, all is well; nothing to hold.", [("now", {"a": {"b": [1, 2.5, None]}})], 5)
    for ends in (b"\n", b"\r\n", b"\r"):
        told_so = raw.replace(b"\n", ends)
        assert redacted(told_so) == told_so
        assert [redacted(told_so, step) for step in (1, 7)] == [told_so, told_so]
    odd = b"\xef\xbb\xbf: a comment\n\nid: 5\nretry: 10\ndata\n\ndata: plain\ndata: text\n\n\n\nevent: x\n\n"
    assert redacted(odd) == odd == redacted(odd, 1)


def test_an_event_goes_on_when_its_empty_line_comes():
    events = EventRedactor([KEY])
    one = delta(0, "hello")
    assert events.feed(one[:-1]) == b""
    assert events.feed(one[-1:]) == one
    assert events.feed(delta(0, "task-")) == delta(0, "ta")
    assert said(events.feed(delta(0, "force"))) == "sk-force"


def test_interleaved_blocks_do_not_mix():
    pieces = [KEY[at : at + 4].decode() for at in range(0, len(KEY), 4)]
    raw = b"".join(delta(0, piece) + delta(1, "x" + piece.upper()) for piece in pieces)
    out = redacted(raw)
    assert said(out, 0) == "[redacted]"
    assert said(out, 1) == "".join("x" + piece.upper() for piece in pieces)
    raw = b"".join(chunk(piece, 0) + chunk("y", 1) for piece in pieces)
    shown = [each["choices"][0] for each in told(redacted(raw))]
    assert "".join(each["delta"]["content"] for each in shown if each["index"] == 0) == "[redacted]"


@pytest.mark.parametrize("key", PIECE_KEYS)
def test_a_key_that_begins_in_the_start_of_a_block(key):
    kinds = {"text": "text", "thinking": "thinking", "partial_json": "tool_use"}
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": kinds[key], key: CANARY[:9]}}
    raw = b"event: content_block_start\ndata: " + json.dumps(start).encode() + b"\n\n" + delta(0, CANARY[9:], key)
    assert CANARY[:4] not in redacted(raw).decode() and CANARY[9:] not in redacted(raw).decode()


def test_what_is_held_when_a_text_ends_comes_before_its_end():
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "task"}}
    stop = b'data: {"type": "content_block_stop", "index": 0}\n\n'
    out = redacted(b"event: content_block_start\ndata: " + json.dumps(start).encode() + b"\n\n" + stop)
    assert [each["type"] for each in told(out)] == ["content_block_start", "content_block_delta", "content_block_stop"]
    assert said(out) == "sk"
    assert told(redacted(chunk("a task", stop="stop"))) == told(chunk("a task", stop="stop"))
    out = told(redacted(chunk("a task") + b"data: [DONE]\n\n"))
    assert [out[0]["choices"][0]["delta"], out[1]["choices"][0]["delta"]] == [{"content": "a ta"}, {"content": "sk"}]
    assert out[1]["id"] == "c" and out[2] == "[DONE]"
    assert said(redacted(delta(0, "the masks"))) == "the masks"


@pytest.mark.parametrize("end", range(6, len(CANARY)))
def test_a_stream_that_ends_within_the_key_shows_no_part_of_it(end):
    assert said(redacted(b"".join(delta(0, letter) for letter in CANARY[:end]))) == "[redacted]"
    cut = delta(0, CANARY[:3]) + delta(0, CANARY[3:])[:-5]
    assert CANARY[3:12].encode() not in redacted(cut)


def test_events_that_are_no_json_are_one_text():
    raw = b"".join(b"data: %s\n\n" % KEY[at : at + 4] for at in range(0, len(KEY), 4))
    assert redacted(b"data: x\n\n" + raw + b"data: end\n\n") == b"data: x\n\ndata: [redacted]\n\ndata: end\n\n"
    assert redacted(b"data: a task\n\n") == b"data: a ta\n\ndata: sk\n\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [delta(0, CANARY[:12]), b'data: {"type": "content_block_stop", "index": 0}\n\n', delta(1, CANARY[12:])],
        [delta(at % 2, letter) for at, letter in enumerate(CANARY)],
        [b'data: {"token": "%s"}\n\n' % KEY[:9], b'data: {"token": "%s"}\n\n' % KEY[9:]],
        [b"event: %s\ndata: 1\n\n" % KEY[:9], b"event: %s\ndata: 1\n\n" % KEY[9:]],
    ],
    ids=["two blocks, the first one's end taken out", "letter by letter over two blocks", "an unknown text", "names"],
)
def test_the_key_over_several_texts_ends_the_answer_before_its_last_piece(pieces):
    events, out = EventRedactor([KEY]), b""
    try:
        for piece in pieces:
            out += events.feed(piece)
        out += events.end()
    except Unavailable as error:
        assert error.code == "bad_encoding" and CANARY[9:] not in str(error)
    shown = "".join(each.get("delta", {}).get("text", "") for each in told(out) if isinstance(each, dict))
    assert CANARY not in shown and KEY[9:] not in out


def test_an_object_with_a_key_twice_goes_out_as_it_was_read():
    out = redacted(b'data: {"delta": {"text": "%s", "text": "fine"}}\n\n' % KEY[:9])
    assert told(out) == [{"delta": {"text": "fine"}}] and KEY[:9] not in out


def test_an_event_is_bounded_in_size_and_depth():
    fits = b"data: " + b"x" * (limits.EVENT_BYTES - 8) + b"\n\n"
    assert redacted(fits) == fits
    for raw in (b"data: x" + fits[6:], fits[:-2] + b"xxx", b"data: \n" * limits.EVENT_BYTES):
        with pytest.raises(Unavailable) as caught:
            redacted(raw, 60_000)
        assert caught.value.code == "too_large"
    for depth in (limits.EVENT_DEPTH, limits.EVENT_DEPTH + 1, 100_000):
        raw = b"data: " + b"[" * depth + b'"x"' + b"]" * depth + b"\n\n"
        if depth <= limits.EVENT_DEPTH:
            assert redacted(raw) == raw
            continue
        with pytest.raises(Unavailable) as caught:
            redacted(raw)
        assert caught.value.code == "bad_encoding"


def test_only_so_many_texts_are_held_at_a_time():
    events = EventRedactor([KEY])
    for index in range(limits.EVENT_STREAMS):
        events.feed(delta(index, "task"))
    events.feed(delta(0, "s"))  # one is free again
    events.feed(delta(0, "task"))
    with pytest.raises(Unavailable) as caught:
        events.feed(delta(limits.EVENT_STREAMS, "task"))
    assert caught.value.code == "too_large"


def test_texts_with_more_names_than_the_bound_are_watched_together():
    events = EventRedactor([KEY])
    for number in range(limits.EVENT_NAMES + 5):
        events.feed(b'data: {"n%d": "value"}\n\n' % number)
    events.feed(b'data: {"late": "%s"}\n\n' % KEY[:9])
    with pytest.raises(Unavailable):
        events.feed(b'data: {"later": "%s"}\n\n' % KEY[9:])


def test_a_number_without_end_hides_no_text():
    digits = b"7" * (limits.EVENT_DIGITS * 10)
    raw = b"".join(b'data: {"n": %s, "delta": {"text": "%s"}}\n\n' % (digits, part) for part in (KEY[:9], KEY[9:]))
    assert "".join(each["delta"]["text"] for each in told(redacted(raw))) == "[redacted]"


def test_an_added_event_repeats_only_short_texts():
    long = "x" * (limits.EVENT_LABEL_CHARS + 1)
    raw = b"data: " + json.dumps({"id": "c", "long": long, "text": "task"}).encode() + b"\n\n"
    assert told(redacted(raw))[1] == {"id": "c", "text": "sk"}


def test_an_event_costs_less_than_a_millisecond():
    events, took = EventRedactor([KEY]), []
    for number in range(1000):
        piece = delta(0, f"some text {number} s")
        began = time.perf_counter()
        events.feed(piece)
        took.append(time.perf_counter() - began)
    assert sorted(took)[500] < 0.001 and sorted(took)[990] < 0.005


class Passing(EventRedactor):
    """Planted: the stage is not there."""

    def feed(self, data):
        return data

    def end(self):
        return b""


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@BOTH
async def test_server_gives_the_key_back_in_deltas(outside, tls, kind, monkeypatch):
    raw = stream(kind, f"Your key is {CANARY}.", [("now", {"a": CANARY})])

    async def result(grant):
        async with Server(says(answer(raw)), tls) as server:
            _, _, body = await outside.ask(api(server), FakeGrant(api(server)) if grant else None)
        return body

    done = verdict(kind, await result(True))
    assert done[:3] == ("whole", "Your key is [redacted].", [("tool", "now", {"a": "[redacted]"})]) or (
        done[1] == "Your key is [redacted]." and CANARY not in str(done)
    )
    assert await result(False) == raw  # nothing to look for
    monkeypatch.setattr(broker.forward, "EventRedactor", Passing)
    assert CANARY in str(verdict(kind, await result(True)))


async def test_server_spreads_the_key_over_two_blocks(outside, tls):
    raw = b"".join(delta(at % 2, letter) for at, letter in enumerate(CANARY))
    async with Server(says(answer(raw)), tls) as server:
        with pytest.raises(AnswerError) as caught:
            await outside.ask(api(server), FakeGrant(api(server)))
    assert caught.value.code == "bad_encoding"
