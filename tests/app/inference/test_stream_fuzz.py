"""Fuzzed streams of both APIs: never a crash, never another outcome because of where the chunks are cut."""

import json
from collections import Counter
from itertools import islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from app.host.inference import bounded_json, openai
from app.host.inference.sse import SseParser
from tests.imitation.stream_fuzz import streams, verdict

START = b'data: {"type": "message_start", "message": {"usage": {"input_tokens": 1}}}\n\n'


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=some.integers(0, 2**32), cuts=some.lists(some.integers(0, 10_000), max_size=6))
def test_nearly_right_streams_have_one_known_outcome_wherever_they_are_cut(seed, cuts):
    for api, data in islice(streams(seed), 5):
        assert verdict(api, data, cuts) == verdict(api, data)
        assert verdict(api, data, range(len(data))) == verdict(api, data)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=some.binary(max_size=300), api=some.sampled_from(["anthropic", "openai"]))
@example(data=b"data: " + b"[" * 5000 + b"\n\n", api="openai")
@example(
    data=b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"name": "x"}}]}}]}\n\ndata: [DONE]\n\n',
    api="openai",
)
@example(data=START + b'data: {"type": "content_block_stop", "index": "x"}\n\n', api="anthropic")
@example(data=START + b'data: {"type": "message_delta", "usage": {"output_tokens": -5}}\n\n', api="anthropic")
def test_any_bytes_have_a_known_outcome(data, api):
    assert verdict(api, data)[0] in ("whole", "refused", "garbled", "cut")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=some.text(alphabet='[]{}"\\:,1 eu\ud800', max_size=60))
def test_any_text_is_json_or_a_value_error(text):
    try:
        value = bounded_json.parse(text)
    except ValueError:
        return
    str(value).encode()


def test_long_texts_with_open_quotes_are_read_in_linear_time():
    for text in ('"' + '\\"' * 100_000, '"a' * 100_001, "\\" * 200_000):
        with pytest.raises(json.JSONDecodeError):
            bounded_json.parse(text)


def test_the_generator_reaches_every_outcome():
    seen = Counter(verdict(api, data)[0] for api, data in islice(streams(7), 600))
    assert set(seen) == {"whole", "refused", "garbled", "cut"}
    assert seen["whole"] > 100


def test_a_parser_that_loses_a_cut_line_end_would_be_noticed(monkeypatch):
    feed = SseParser.feed

    def forgetful(self, chunk):
        self._after_cr = False
        return feed(self, chunk)

    monkeypatch.setattr(SseParser, "feed", forgetful)
    with pytest.raises(AssertionError):
        for api, data in islice(streams(7), 300):
            assert verdict(api, data, range(len(data))) == verdict(api, data)


def test_a_reader_that_takes_half_an_answer_for_a_whole_one_would_be_noticed(monkeypatch):
    cut = b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n'
    assert verdict("openai", cut) == ("cut",)
    monkeypatch.setattr(openai.OpenAiReader, "ended", lambda self: True)
    with pytest.raises(AssertionError):
        verdict("openai", cut)
