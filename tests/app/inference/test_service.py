"""Both APIs over real HTTP and TLS: what goes out is what the API demands, what comes back is handed on as it comes."""

import asyncio
import ssl

import pytest

from app.host.inference.errors import ModelError
from tests.app.inference.rig import KEY, TOOLS, Rig, round_of_tools, user
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Raw, Reply
from tests.imitation.tls import server_context

BOTH = pytest.mark.parametrize("kind", [AnthropicImitation, OpenAiImitation])
CALLS = [("list_tasks", {"a": 1, "text": 'quotes " and \\ and ü'}), ("now", {})]


@BOTH
async def test_an_answer_comes_in_pieces_and_in_order(kind):
    reply = Reply("Grüße from the model, in several pieces", delta_chars=5)
    async with kind(KEY, [reply]) as server, Rig({"m": server}) as rig:
        result = await rig.ask()
    assert rig.text == "Grüße from the model, in several pieces"
    assert len(rig.items) == 8
    assert (result["stop"], result["model"]) == ("end", "m")
    assert rig.lent == [("r1", "main", "m")]
    assert server.refused == []


@BOTH
async def test_the_first_piece_is_handed_on_before_the_second_exists(kind):
    gate = asyncio.Event()
    async with kind(KEY, [Reply("first then second", delta_chars=6, gate=gate)]) as server, Rig({"m": server}) as rig:
        task = asyncio.create_task(rig.ask())
        await rig.arrived.wait()
        assert rig.text.startswith("first ")
        assert not rig.text.endswith("second")
        gate.set()
        await task
        assert rig.text == "first then second"


@BOTH
async def test_both_apis_over_tls_and_only_with_the_right_authority(kind, tmp_path):
    context, ca = server_context(tmp_path)
    async with kind(KEY, [Reply("safe")], tls=context) as server:
        trusting = ssl.create_default_context(cafile=ca)
        async with Rig({"m": server}, verify=trusting) as rig:
            await rig.ask()
            assert rig.text == "safe"
        async with Rig({"m": server}) as rig:
            with pytest.raises(ModelError) as caught:
                await rig.ask()
    assert caught.value.code == "model_offline"
    assert len(server.requests) == 1


@BOTH
async def test_tool_calls_split_over_deltas_are_put_together(kind):
    async with kind(KEY, [Reply("Let me see.", CALLS, delta_chars=1)]) as server, Rig({"m": server}) as rig:
        result = await rig.ask()
    assert rig.tools == CALLS
    assert result["stop"] == "tool_use"
    assert [item["t"] for item in rig.items][-2:] == ["tool", "tool"]


@pytest.mark.parametrize("reply", [{"whole_calls": True}, {"whole_calls": True, "ids": False}])
@pytest.mark.parametrize("index", ["right", "zero", "none"])
async def test_tool_calls_as_local_servers_send_them(reply, index):
    step = Reply("", CALLS, index=index, stop="stop", usage=None, done=False, **reply)
    async with OpenAiImitation("", [step]) as server, Rig({"m": server}) as rig:
        result = await rig.ask()
    assert rig.tools == CALLS
    assert len({item["id"] for item in rig.items}) == 2
    assert result["stop"] == "tool_use"
    assert result["usage"]["estimated"]


@BOTH
@pytest.mark.parametrize("tools", [[], CALLS])
async def test_any_chunking_of_the_stream_gives_the_same_answer(kind, tools):
    for size in (1, 2, 3, 7, 64, 1000):
        async with kind(KEY, [Reply("naïve → ok 🙂", tools, chunk_bytes=size)]) as server, Rig({"m": server}) as rig:
            await rig.ask()
        assert rig.text == "naïve → ok 🙂"
        assert rig.tools == tools


@BOTH
async def test_a_conversation_with_tools_is_sent_as_the_api_wants_it(kind):
    async with kind(KEY) as server, Rig({"m": server}) as rig:
        await rig.ask(messages=round_of_tools())
        await rig.ask(messages=[user("a"), user("b"), {"role": "assistant", "content": []}, user(" ")])
        await rig.ask(messages=[user("a"), {"role": "assistant", "content": [{"t": "text", "text": "b"}]}, user("c")])
    assert server.refused == []
    assert len(server.requests) == 3
    assert rig.text == "ready" * 3


async def test_anthropic_gets_marks_for_its_cache_at_the_end_of_what_stays():
    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        await rig.ask(system=["who you are", "notes", "the time is 9"])
        await rig.ask(system="one text")
    body, plain = server.requests[0].json, server.requests[1].json
    mark = {"type": "ephemeral"}
    assert [block.get("cache_control") for block in body["system"]] == [None, mark, None]
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, mark]
    assert body["messages"][-1]["content"][-1]["cache_control"] == mark
    assert plain["system"][0]["cache_control"] == mark
    assert body["max_tokens"] == 500


async def test_thinking_is_set_only_where_the_settings_say_so():
    async with AnthropicImitation(KEY) as server:
        for more in ("", 'thinking = "between_tools"', 'thinking = "disabled"'):
            async with Rig({"m": server}, more) as rig:
                await rig.ask()
    sent = [request.json.get("thinking") for request in server.requests]
    assert sent == [None, {"type": "between_tools"}, {"type": "disabled"}]


async def test_an_id_from_another_server_is_made_fit_for_anthropic():
    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        await rig.ask(messages=round_of_tools("call|1.x"))
    assert server.refused == []
    assert '"call_1_x"' in server.requests[0].body.decode()


async def test_a_local_server_without_a_key_gets_no_authorization():
    async with OpenAiImitation("") as server, Rig({"m": server}) as rig:
        await rig.ask()
    assert "authorization" not in server.requests[0].headers
    assert server.requests[0].json["max_tokens"] == 500


@BOTH
async def test_connections_are_used_again(kind):
    async with kind(KEY) as server, Rig({"m": server}) as rig:
        for _ in range(3):
            await rig.ask()
    assert len(server.requests) == 3
    assert server.connections == 1


@BOTH
async def test_cancelling_closes_the_connection_to_the_server_at_once(kind):
    gate = asyncio.Event()
    async with kind(KEY, [Reply("first then second", delta_chars=6, gate=gate)]) as server, Rig({"m": server}) as rig:
        task = asyncio.create_task(rig.ask())
        await rig.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await server.gone.wait()


async def test_usage_and_money_are_whole_numbers():
    counts = {"input_tokens": 1000, "output_tokens": 100}
    counts |= {"cache_read_input_tokens": 2001, "cache_creation_input_tokens": 10}
    async with AnthropicImitation(KEY, [Reply("x", usage=counts)]) as server, Rig({"m": server}) as rig:
        usage = (await rig.ask())["usage"]
    # 1000 x 3 + 100 x 15 + 2001 x 0.3 + 10 x 3.75 = 5137.8 micro-USD
    assert usage == {"input": 1000, "output": 100, "cache_read": 2001, "cache_write": 10, "micro_usd": 5138}


async def test_cached_tokens_are_not_counted_twice_with_openai():
    counts = {"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 900}}
    async with OpenAiImitation(KEY, [Reply("x", usage=counts)]) as server, Rig({"m": server}) as rig:
        usage = (await rig.ask())["usage"]
    assert (usage["input"], usage["cache_read"], usage["output"]) == (100, 900, 10)
    assert usage["micro_usd"] == 300 + 270 + 150


@BOTH
async def test_counts_that_a_server_leaves_out_are_estimated_and_marked(kind):
    async with kind(KEY, [Reply("12345678", usage=None)]) as server, Rig({"m": server}) as rig:
        usage = (await rig.ask("x" * 400, system="", tools=[]))["usage"]
    assert usage["estimated"]
    assert (usage["input"], usage["output"]) == (100, 2)


@pytest.mark.parametrize(
    ("kind", "said", "stop"),
    [
        (AnthropicImitation, "end_turn", "end"),
        (AnthropicImitation, "stop_sequence", "end"),
        (AnthropicImitation, "pause_turn", "end"),
        (AnthropicImitation, "max_tokens", "max_tokens"),
        (AnthropicImitation, "model_context_window_exceeded", "max_tokens"),
        (AnthropicImitation, "refusal", "refusal"),
        (AnthropicImitation, "news", "end"),
        (OpenAiImitation, "stop", "end"),
        (OpenAiImitation, "length", "max_tokens"),
        (OpenAiImitation, "content_filter", "refusal"),
        (OpenAiImitation, "news", "end"),
    ],
)
async def test_why_a_model_stopped_is_passed_on(kind, said, stop):
    async with kind(KEY, [Reply("x", stop=said)]) as server, Rig({"m": server}) as rig:
        assert (await rig.ask())["stop"] == stop


async def test_a_tool_call_that_the_token_limit_cut_is_left_out_and_noted():
    call = '{"index":0,"id":"c","function":{"name":"now","arguments":"{\\"a"}}'
    chunk = f'data: {{"choices":[{{"delta":{{"tool_calls":[{call}]}}}}]}}'
    end = 'data: {"choices":[{"delta":{},"finish_reason":"%s"}]}\n\ndata: [DONE]\n\n'
    cut = Raw([f"{chunk}\n\n{end % 'length'}".encode()])
    whole = Raw([f"{chunk}\n\n{end % 'tool_calls'}".encode()])
    async with OpenAiImitation("", [cut, whole]) as server, Rig({"m": server}) as rig:
        assert (await rig.ask())["stop"] == "max_tokens"
        assert rig.tools == []
        assert "cut off" in rig.notes[0]
        await rig.ask()
        assert rig.tools == [("now", {})]
        assert rig.items[-1]["problem"]


async def test_each_group_asks_its_own_models():
    order = "[inference.groups]\nfamily = ['other']\nnobody = []\n"
    async with (
        AnthropicImitation(KEY) as one,
        OpenAiImitation(KEY) as other,
        Rig({"one": one, "other": other}, order=order) as rig,
    ):
        await rig.ask()
        await rig.ask(folder="family")
        with pytest.raises(ModelError) as caught:
            await rig.ask(folder="nobody")
    assert (len(one.requests), len(other.requests)) == (1, 1)
    assert caught.value.code == "no_model"
    assert "barnacle models add" in caught.value.remedy


async def test_a_test_is_one_tiny_call():
    async with AnthropicImitation(KEY, [Reply("ready")]) as server, Rig({"m": server}) as rig:
        good = await rig.inference.test("m")
        server.key = "another"
        bad = await rig.inference.test("m")
        with pytest.raises(ModelError, match="no model named"):
            await rig.inference.test("nobody")
    assert (good["ok"], good["text"], good["stop"]) == (True, "ready", "end")
    assert (bad["ok"], bad["code"]) == (False, "refused_key")
    assert rig.lent[0] == ("model-test", "", "m")
    assert len(server.requests[0].body) < 400


async def test_an_asker_that_is_gone_is_not_the_models_fault():
    class GoneError(Exception):
        code, message, remedy = "offline", "the box is away", ""

    async def send(item):
        raise GoneError

    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        with pytest.raises(GoneError):
            await rig.inference.run({"messages": [user("x")], "tools": TOOLS}, send)
        assert rig.inference.state("main")["state"] == "ready"
    assert len(server.requests) == 1
