"""What a model thought before it called tools: models that think want it back, unchanged, with the calls' results.

It never reaches the box: it is kept here, in memory, under the run, the model and the first call's id, and put back
into the requests of that run which hold that call. A host that restarts has none: the model is asked without it then.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from app.host import limits
from app.host.inference.model_request import Block, Message, ModelRequest


@dataclass(frozen=True)
class Thought:
    """`block` as the server sent it; it came after `calls` calls, and after text or not."""

    block: dict[str, Any]
    calls: int
    after_text: bool


class Thoughts:
    """The newest THOUGHTS_KEPT answers' thoughts, THOUGHT_CHARS each at most (answer.py)."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], tuple[Thought, ...]] = OrderedDict()

    def keep(self, run: str, model: str, call: str, thoughts: list[Thought]) -> None:
        """What `model` thought in this run before the call with this id."""
        if not run or not thoughts:
            return
        self._kept[run, model, call] = tuple(thoughts)
        while len(self._kept) > limits.THOUGHTS_KEPT:
            self._kept.popitem(last=False)

    def put_back(self, request: ModelRequest, model: str) -> ModelRequest:
        """The request with what `model` itself thought in this run, each where it came."""
        if not self._kept:
            return request
        return replace(request, messages=tuple(self._whole(request.run, model, one) for one in request.messages))

    def _whole(self, run: str, model: str, message: Message) -> Message:
        calls = [block.id for block in message.content if block.kind == "tool_use"]
        thoughts = self._kept.get((run, model, calls[0]), ()) if calls and message.role == "assistant" else ()
        if not thoughts:
            return message
        content: list[Block] = [_as_block(one) for one in thoughts if not one.after_text and not one.calls]
        number = 0
        for block in message.content:
            if block.kind == "tool_use":
                content += [_as_block(one) for one in thoughts if one.calls == number and (one.after_text or number)]
                number += 1
            content.append(block)
        return Message(message.role, tuple(content))


def _as_block(thought: Thought) -> Block:
    return Block("thought", input=thought.block)
