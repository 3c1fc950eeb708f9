"""Streams that break, lie, stall or are none: a clear code, never a wrong answer."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.host import limits
from app.host.inference.errors import ModelError
from broker.client import BrokerRefused
from tests.app.inference.rig import KEY, Rig
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Raw, Reply

BOTH = pytest.mark.parametrize("kind", [AnthropicImitation, OpenAiImitation])


def event(kind, **fields):
    return f"data: {json.dumps({'type': kind} | fields)}\n\n".encode()


def said(text):
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


START = event("message_start", message={"model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}})
STOP = event("message_stop")


async def refusal(*steps, kind: Any = AnthropicImitation, **options):
    async with kind(KEY, list(steps)) as server, Rig({"m": server}, **options) as rig:
        with pytest.raises(ModelError) as caught:
            await rig.ask()
    return caught.value, rig, server


async def test_the_twin_of_every_stream_here_is_an_answer():
    async with AnthropicImitation(KEY, [Raw([START, said("x"), STOP])]) as server, Rig({"m": server}) as rig:
        assert (await rig.ask())["stop"] == "end"
    assert rig.text == "x"


@BOTH
async def test_a_stream_cut_at_any_place_is_never_taken_for_a_whole_answer(kind):
    reply = {"text": "one two three", "tools": [("now", {})], "delta_chars": 6, "usage": None}
    async with kind(KEY) as server, Rig({"m": server}) as rig:
        await rig.ask()
        whole = sum(map(len, server.stream(server.requests[0], Reply(**reply))))
        ends = [whole - 2] if kind is AnthropicImitation else []
        for cut in [*range(1, whole - 60, 41), *ends]:
            server.script = [Reply(**reply, cut_bytes=cut)] * 3
            with pytest.raises(ModelError) as caught:
                await rig.ask()
            assert caught.value.code == "model_offline", cut
            server.script = []
            rig.inference.credentials_changed()
    assert rig.tools == []


@pytest.mark.parametrize(
    "ending", [b"", b'data: {"type": "mess', b'event: message_stop\ndata: {"type":"message_stop"}\n']
)
async def test_an_end_in_the_middle_is_told_and_marked_as_partial(ending):
    error, rig, _ = await refusal(Raw([START, said("half"), ending]))
    assert (error.code, error.partial) == ("model_offline", True)
    assert "broke off" in error.message
    assert rig.notes


async def test_an_error_event_before_the_first_word_is_tried_again():
    overloaded = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    async with AnthropicImitation(KEY, [Raw([START, overloaded]), Reply("well")]) as server, Rig({"m": server}) as rig:
        await rig.ask()
    assert rig.text == "well"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, "model_offline"),
        ({"type": "api_error", "message": "oops"}, "model_offline"),
        ({"type": "rate_limit_error", "message": "slow"}, "rate_limited"),
        ({"type": "billing_error", "message": "pay"}, "over_budget"),
        ({"type": "invalid_request_error", "message": "no"}, "model_error"),
        ({}, "model_offline"),
    ],
)
async def test_an_error_event_after_words_is_told_at_once(error, code):
    failure, _, server = await refusal(Raw([START, said("half"), event("error", error=error)]))
    assert (failure.code, failure.partial) == (code, True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("error", [{"message": "model crashed", "code": 500}, "model crashed"])
async def test_an_error_in_the_middle_of_an_openai_stream_is_noticed(error):
    stream = b'data: {"choices":[{"delta":{"content":"half"}}]}\n\ndata: ' + json.dumps({"error": error}).encode()
    failure, _, _ = await refusal(Raw([stream + b"\n\n"]), kind=OpenAiImitation)
    assert (failure.code, failure.partial) == ("model_offline", True)
    assert "model crashed" in failure.message


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (Raw([b"<html>Log in</html>"], content_type="text/html"), "model_error", "text/html instead of a stream"),
        (Raw([b"data: x\n\n"], content_type=""), "model_error", "no content type"),
        (Raw([b'{"id":"msg"}'], content_type="application/json"), "model_error", "application/json"),
        (
            Raw([b'{"error":{"type":"authentication_error","message":"bad"}}'], content_type="application/json"),
            "refused_key",
            "bad",
        ),
        (Raw([b"<html>Log in</html>\n\n"]), "model_offline", "broke off"),
        (Raw([START, b"data: {not json}\n\n"]), "model_error", "cannot be read"),
        (Raw([START, b"data: [1]\n\n"]), "model_error", "cannot be read"),
        (Raw([START, b'data: {"a": NaN}\n\n']), "model_error", "cannot be read"),
        (Raw([START, b'data: {"a": 1e999}\n\n']), "model_error", "cannot be read"),
        (Raw([START, b"data: " + b"[" * 100_000 + b"\n\n"]), "model_error", "cannot be read"),
        (Raw([START, b"data: \xff\n\n"]), "model_error", "UTF-8"),
        (Raw([said("x")]), "model_error", "cannot be read"),
        (Raw([STOP]), "model_error", "cannot be read"),
        (Raw([START, START]), "model_error", "cannot be read"),
        (Raw([START, said("x")], headers=[("content-encoding", "gzip")]), "model_error", "compresses"),
        (Raw([START, said("x"), STOP], length=1_000_000, cut=True), "", ""),
        (Raw([START, said("x")], length=1_000_000, cut=True), "model_offline", "broke off"),
        (Raw([START], cut=True), "model_offline", "broke off"),
        (Raw([]), "model_offline", "broke off"),
    ],
)
async def test_what_is_no_stream_or_lies_gets_a_clear_code(raw, code, words):
    async with AnthropicImitation(KEY, [raw] * 3) as server, Rig({"m": server}) as rig:
        if not code:  # the answer was complete before the length turned out to be a lie
            await rig.ask()
            return
        with pytest.raises(ModelError) as caught:
            await rig.ask()
    assert caught.value.code == code
    assert words in caught.value.message


async def test_endless_pings_are_no_answer():
    pings = Raw([START, *[piece for _ in range(500) for piece in (event("ping"), 0.02)]])
    times = {"first_token_s": 0.2}
    failure, _, server = await refusal(pings, pings, pings, times=times, idle_s=0.05)
    assert failure.code == "model_offline"
    assert "did not begin to answer within 0.2 s" in failure.message
    assert len(server.requests) == limits.MODEL_TRIES


async def test_silence_in_the_middle_of_an_answer_ends_it():
    raw = Raw([START, said("half"), asyncio.Event()])
    async with AnthropicImitation(KEY, [raw]) as server, Rig({"m": server}, idle_s=0.05) as rig:
        with pytest.raises(ModelError) as caught:
            await rig.ask()
        async with asyncio.timeout(5):
            await server.gone.wait()
    assert (caught.value.code, caught.value.partial) == ("model_offline", True)
    assert "said nothing for 0.05 s" in caught.value.message


async def test_a_slow_drip_ends_with_the_time_for_the_whole_answer():
    drip = Raw([START, *[piece for _ in range(1000) for piece in (said("x"), 0.05)]])
    failure, rig, _ = await refusal(drip, times={"timeout_s": 0.5}, idle_s=0.3)
    assert "longer than 0.5 s" in failure.message
    assert failure.partial
    assert rig.text.startswith("xxx")


async def test_a_slow_reader_is_not_the_models_fault():
    step = Reply("slowly read", delta_chars=4)
    async with AnthropicImitation(KEY, [step]) as server, Rig({"m": server}, idle_s=0.05) as rig:

        async def send(item):
            await asyncio.sleep(0.1)
            rig.items.append(item)

        await rig.inference.run({"messages": [{"role": "user", "content": "hi"}]}, send)
    assert rig.text == "slowly read"


def call(number=0, arguments=""):
    block = {"type": "tool_use", "id": f"t{number}", "name": "now", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": arguments}
    start = event("content_block_start", index=number, content_block=block)
    return start + event("content_block_delta", index=number, delta=delta)


BEYOND = [
    ("text", Raw([START, *[said("x" * 1024)] * (limits.MODEL_TEXT_CHARS // 1024), said("y"), STOP]), "of text"),
    ("calls", Raw([START, *[call(n) for n in range(limits.MODEL_CALLS + 1)], STOP]), "tool calls"),
    ("arguments", Raw([START, call(0, " " * (limits.MODEL_ARGUMENT_CHARS + 1)), STOP]), "of arguments"),
    ("event", Raw([START, said("x" * limits.MODEL_EVENT_BYTES)]), "longer than"),
    ("bytes", Raw([START, *[b":" + b"x" * 65535 + b"\n\n"] * (limits.MODEL_ANSWER_BYTES // 65536 + 1)]), "not end"),
    ("depth", Raw([START, event("x", a=json.loads("[" * 40 + "]" * 40))]), "cannot be read"),
    ("name", Raw([START, event("content_block_start", content_block={"type": "tool_use", "name": "x" * 129})]), "name"),
]


@pytest.mark.parametrize(("raw", "words"), [case[1:] for case in BEYOND], ids=[case[0] for case in BEYOND])
async def test_an_answer_beyond_a_bound_is_given_up_and_its_connection_closed(raw, words):
    failure, _, _ = await refusal(raw)
    assert failure.code == "model_error"
    assert words in failure.message


async def test_answers_at_the_bounds_are_whole():
    text = [said("x" * 1024)] * (limits.MODEL_TEXT_CHARS // 1024)
    calls = [call(n, "{}" + " " * (limits.MODEL_ARGUMENT_CHARS - 2)) for n in range(limits.MODEL_CALLS)]
    async with AnthropicImitation(KEY, [Raw([START, *text, *calls, STOP])]) as server, Rig({"m": server}) as rig:
        await rig.ask()
    assert len(rig.text) == limits.MODEL_TEXT_CHARS
    assert len(rig.tools) == limits.MODEL_CALLS


async def test_a_huge_error_body_is_not_read_to_its_end():
    raw = Raw([b"x" * 65536] * 200, status=500, content_type="text/plain")
    failure, _, _ = await refusal(raw, raw, raw)
    assert failure.code == "model_offline"


async def test_half_characters_become_writable_text():
    stop = event("message_stop")
    lone = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\ud83d"}}\n\n'
    async with AnthropicImitation(KEY, [Raw([START, lone, stop])]) as server, Rig({"m": server}) as rig:
        await rig.ask()
    assert rig.text == "a\N{REPLACEMENT CHARACTER}"


async def test_a_complete_answer_does_not_wait_for_a_server_that_holds_on():
    held = Raw([START, said("x"), STOP, asyncio.Event()])
    async with AnthropicImitation(KEY, [held, Reply("y")]) as server, Rig({"m": server}) as rig:
        begun = asyncio.get_running_loop().time()
        await rig.ask()
        took_s = asyncio.get_running_loop().time() - begun
        await rig.ask()
    assert rig.text == "xy"
    assert limits.MODEL_DRAIN_S <= took_s < limits.MODEL_IDLE_S / 3
    assert server.connections == 2  # the held one is not used again


async def test_only_the_beginning_of_an_error_body_is_read():
    endless = Raw([b"x" * limits.MODEL_ERROR_BYTES, asyncio.Event()], status=400, content_type="text/plain")
    async with AnthropicImitation(KEY, [endless]) as server, Rig({"m": server}) as rig:
        async with asyncio.timeout(5):
            with pytest.raises(ModelError) as caught:
                await rig.ask()
            await server.gone.wait()
    assert caught.value.code == "model_error"


class CutByBroker(httpx.AsyncBaseTransport):
    """Streams `pieces`, then fails as the broker's transport does."""

    def __init__(self, *pieces):
        self.pieces = pieces

    async def handle_async_request(self, request):
        pieces = self.pieces

        class Stream(httpx.AsyncByteStream):
            async def __aiter__(self):
                for piece in pieces:
                    yield piece
                raise BrokerRefused("outcome_unknown", "the answer was cut off", "ask again")

        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Stream())


async def test_an_answer_that_the_broker_cuts_is_partial_unless_it_was_complete():
    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        whole: Any = CutByBroker(START, said("x"), STOP)
        rig.transports["m"] = whole
        assert (await rig.ask())["stop"] == "end"
        half: Any = CutByBroker(START, said("half"))
        rig.transports["m"] = half
        with pytest.raises(ModelError) as caught:
            await rig.ask()
    assert (caught.value.code, caught.value.partial) == ("model_offline", True)
