"""A model's answer as it grows, bounded: text goes on at once, tool calls when the answer is complete."""

import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from app.host import limits
from app.host.inference import bounded_json
from app.host.inference.errors import ModelError
from app.host.inference.pricing import Usage
from app.host.inference.thoughts import Thought

Stop = Literal["end", "tool_use", "max_tokens", "refusal"]
Item = dict[str, Any]


@dataclass
class ToolCall:
    """One call as its pieces arrive; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str = ""


@dataclass
class Answer:
    """What has arrived. `items()` is only asked of a complete one."""

    model: str = ""
    stop: Stop | None = None
    usage: Usage = field(default_factory=Usage)
    chars: int = 0
    """Characters of text and arguments so far."""
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    thoughts: list[Thought] = field(default_factory=list[Thought], repr=False)
    """What the model thought, as it is to be sent back with the results of its calls."""
    thought_chars: int = 0

    def say(self, text: str) -> list[Item]:
        """A piece of text, as items to send on. Raises ModelError beyond limits.MODEL_TEXT_CHARS."""
        if not text:
            return []
        self.chars += len(text)
        if self.chars > limits.MODEL_TEXT_CHARS:
            raise _too_much(f"more than {limits.MODEL_TEXT_CHARS} characters of text")
        return [{"t": "text", "text": text}]

    def think(self, block: dict[str, Any]) -> dict[str, Any]:
        """A block of thought that begins; what is put into it later goes through `ponder`."""
        self.thoughts.append(Thought(block, len(self.calls), self.chars > 0))
        self.ponder("".join(value for value in block.values() if isinstance(value, str)))
        return block

    def ponder(self, piece: str) -> None:
        """More of a thought. Raises ModelError beyond limits.THOUGHT_CHARS."""
        self.thought_chars += len(piece)
        if self.thought_chars > limits.THOUGHT_CHARS or len(self.thoughts) > limits.MODEL_CALLS * 2:
            raise _too_much(f"more than {limits.THOUGHT_CHARS} characters of thought")

    def call(self, identity: str, name: str) -> ToolCall:
        """A tool call that begins; one without an id gets one. Raises ModelError beyond limits.MODEL_CALLS."""
        if len(self.calls) >= limits.MODEL_CALLS:
            raise _too_much(f"more than {limits.MODEL_CALLS} tool calls")
        if len(identity) > 128 or len(name) > 128:
            raise _too_much("a tool call with an endless name")
        self.calls.append(ToolCall(identity or f"call_{secrets.token_hex(6)}", name))
        return self.calls[-1]

    def argue(self, call: ToolCall, piece: str) -> None:
        """More of a call's arguments. Raises ModelError beyond limits.MODEL_ARGUMENT_CHARS."""
        call.arguments += piece
        if len(call.arguments) > limits.MODEL_ARGUMENT_CHARS:
            raise _too_much(f"a tool call with more than {limits.MODEL_ARGUMENT_CHARS} characters of arguments")

    def items(self) -> list[Item]:
        """The tool calls of a complete answer. Arguments that are no JSON object become {} with a `problem`; a call
        that the token limit cut is left out and a note says so."""
        found: list[Item] = []
        for call in self.calls:
            try:
                value, problem = bounded_json.parse_object(call.arguments or "{}"), ""
            except ValueError:
                if self.stop == "max_tokens":
                    found.append({"t": "note", "text": f"the call of {call.name} was cut off by the token limit"})
                    continue
                value, problem = {}, "its arguments are no JSON object"
            item = {"t": "tool", "id": call.id, "name": call.name, "input": value}
            found.append(item | {"problem": problem} if problem else item)
        return found


def _too_much(what: str) -> ModelError:
    return ModelError("model_error", f"the model's answer has {what}", "ask for less at a time")
