import pytest

from app.host import limits
from app.host.inference.errors import ModelError
from app.host.inference.model_request import read_request
from tests.app.inference.rig import KEY, TOOLS, Rig, round_of_tools, user
from tests.imitation.anthropic import AnthropicImitation

GOOD = {"run": "r", "folder": "main", "system": "s", "messages": [user("hi")], "tools": TOOLS, "max_tokens": 5}


def test_neighbours_of_one_role_are_joined_and_empty_ones_left_out():
    nothing = {"role": "assistant", "content": [{"t": "text", "text": " "}]}
    read = read_request(GOOD | {"messages": [user("a"), nothing, user("b")]})
    assert [[block.text for block in message.content] for message in read.messages] == [["a", "b"]]
    assert len(read_request(GOOD | {"messages": round_of_tools()}).messages) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": None},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"t": "image"}]}]},
        {"messages": [{"role": "user", "content": [{"t": "tool_result", "text": "x"}]}]},
        {"messages": [{"role": "user", "content": [{"t": "tool_use", "id": "a", "name": "b", "input": []}]}]},
        {"messages": ["x"]},
        {"system": [1]},
        {"tools": [{"description": "no name"}]},
        {"tools": [{"name": "x" * 129}]},
    ],
)
def test_what_no_model_could_be_asked_is_refused(change):
    assert read_request(GOOD)
    with pytest.raises(ModelError) as caught:
        read_request(GOOD | change)
    assert caught.value.code == "model_error"


def test_too_many_messages_parts_and_tools_are_refused():
    most = [user("x")] * limits.MODEL_MESSAGES
    parts = [{"t": "text", "text": "x"}] * limits.MODEL_BLOCKS
    tools = [TOOLS[0]] * limits.MODEL_TOOLS
    assert read_request(GOOD | {"messages": most, "tools": tools})
    assert read_request(GOOD | {"messages": [{"role": "user", "content": parts}]})
    for beyond in (
        {"messages": [*most, user("x")]},
        {"tools": [*tools, TOOLS[0]]},
        {"messages": [{"role": "user", "content": [*parts, parts[0]]}]},
    ):
        with pytest.raises(ModelError) as caught:
            read_request(GOOD | beyond)
        assert caught.value.code == "too_long"


async def test_a_request_beyond_its_bytes_or_the_models_context_is_not_sent():
    async with AnthropicImitation(KEY) as server:
        async with Rig({"m": server}, "context = 4000000") as rig:
            await rig.ask("x" * (limits.MODEL_REQUEST_BYTES - 2000))
            with pytest.raises(ModelError) as bytes_refused:
                await rig.ask("x" * limits.MODEL_REQUEST_BYTES)
        async with Rig({"m": server}, "context = 1024") as rig:
            await rig.ask("x" * 3000)
            with pytest.raises(ModelError) as context_refused:
                await rig.ask("x" * 5000)
            assert rig.inference.state("main")["state"] == "ready"
    assert (bytes_refused.value.code, context_refused.value.code) == ("too_long", "too_long")
    assert len(server.requests) == 2
