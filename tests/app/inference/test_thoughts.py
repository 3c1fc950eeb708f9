"""What a model thought before a call of tools goes back to it, and to nobody else."""

import json
from typing import Any

import pytest

from app.host import limits
from app.host.inference.errors import ModelError
from app.host.inference.thoughts import Thought, Thoughts
from tests.app.inference.rig import KEY, Rig, user
from tests.app.inference.test_broken_streams import START, STOP, call, event, said
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Raw

FIRST = {"type": "thinking", "thinking": "hm, the time?", "signature": "c2lnbmVk"}
HIDDEN = {"type": "redacted_thinking", "data": "b3BhcXVl"}


def thinking(number: int, text: str = "hm, the time?") -> bytes:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    told = event("content_block_start", index=number, content_block=block)
    for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
        told += event("content_block_delta", index=number, delta={"type": "thinking_delta", "thinking": piece})
    signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
    return told + event("content_block_delta", index=number, delta=signed) + event("content_block_stop", index=number)


def hidden(number: int) -> bytes:
    return event("content_block_start", index=number, content_block=HIDDEN)


def rounds(*calls: str, text: str = "") -> list[dict[str, Any]]:
    """The conversation as the box tells it after these calls."""
    said_first = [{"t": "text", "text": text}] if text else []
    uses = [{"t": "tool_use", "id": one, "name": "now", "input": {}} for one in calls]
    results = [{"t": "tool_result", "id": one, "text": "noon", "error": False} for one in calls]
    return [user("time?"), {"role": "assistant", "content": said_first + uses}, {"role": "user", "content": results}]


async def test_thoughts_go_back_where_they_came_and_never_to_the_box():
    stream = [START, thinking(0), said("Let me see."), hidden(1), call(2), thinking(3), call(4), STOP]
    async with AnthropicImitation(KEY, [Raw(stream)]) as server, Rig({"m": server}) as rig:
        await rig.ask("time?")
        assert [item["t"] for item in rig.items] == ["text", "tool", "tool"]
        assert "hm, the time" not in json.dumps(rig.items)
        await rig.ask(messages=rounds("t2", "t4", text="Let me see."))
    assert server.refused == []
    content = server.requests[1].json["messages"][1]["content"]
    assert [block["type"] for block in content] == [
        "thinking",
        "text",
        "redacted_thinking",
        "tool_use",
        "thinking",
        "tool_use",
    ]
    assert content[0] == content[4] == FIRST and content[2] == HIDDEN


async def test_thoughts_of_another_run_or_model_are_not_sent():
    stream = Raw([START, thinking(0), call(1), STOP])
    async with (
        AnthropicImitation(KEY, [stream]) as server,
        OpenAiImitation(KEY) as other,
        Rig({"m": server, "other": other}) as rig,
    ):
        await rig.ask("time?")
        await rig.ask(messages=rounds("t1"))
        await rig.ask(messages=rounds("t1"), run="r2")
        await rig.ask(messages=rounds("t9"))
        rig.refuse["m"] = ModelError("model_offline", "it is away")
        await rig.ask(messages=rounds("t1"))
    sent = ["hm, the time?" in request.body.decode() for request in server.requests + other.requests]
    assert sent == [False, True, False, False, False]


@pytest.mark.parametrize("beyond", [False, True])
async def test_a_thought_beyond_the_bound_is_given_up(beyond: bool):
    text = "x" * (limits.THOUGHT_CHARS - 16 + (1 if beyond else 0))
    stream = Raw([START, thinking(0, text), call(1), STOP])
    async with AnthropicImitation(KEY, [stream]) as server, Rig({"m": server}) as rig:
        if not beyond:
            assert (await rig.ask())["stop"] == "tool_use"
            return
        with pytest.raises(ModelError) as caught:
            await rig.ask()
    assert caught.value.code == "model_error"


def test_only_so_many_answers_are_remembered():
    thoughts = Thoughts()
    for number in range(limits.THOUGHTS_KEPT + 5):
        thoughts.keep("r1", "m", f"t{number}", [Thought(FIRST, 0, False)])
    assert len(thoughts._kept) == limits.THOUGHTS_KEPT
    assert ("r1", "m", "t0") not in thoughts._kept
