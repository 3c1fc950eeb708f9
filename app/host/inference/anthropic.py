"""Anthropic's Messages API, streamed, with tools and prompt caching (anthropic-version 2023-06-01)."""

import re
from typing import Any, Final

from app.host.inference import bounded_json as loose
from app.host.inference.answer import Answer, Item, Stop, ToolCall
from app.host.inference.api import allowed_tokens
from app.host.inference.failures import reported
from app.host.inference.model_request import Block, ModelRequest
from app.host.inference.pricing import Usage
from app.host.inference.sse import SseEvent
from app.host.models_settings import ModelSettings

_KEPT: Final = {"cache_control": {"type": "ephemeral"}}
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_-]")
_THOUGHTS: Final = ("thinking", "redacted_thinking")
_THOUGHT_KEYS: Final = ("type", "thinking", "signature", "data")
_THOUGHT_DELTAS: Final = {"thinking_delta": "thinking", "signature_delta": "signature"}
_STOPS: Final[dict[str, Stop]] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "pause_turn": "end",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
}


class AnthropicApi:
    """See app.host.inference.api.ModelApi."""

    path: str = "/v1/messages"
    headers: dict[str, str] = {"anthropic-version": "2023-06-01"}  # noqa: RUF012 - the protocol's constant

    def body(self, request: ModelRequest, model: ModelSettings) -> dict[str, Any]:
        """The end of what stays the same is marked for the prompt cache: tools, system, and the conversation so far."""
        messages: list[dict[str, Any]] = [
            {"role": one.role, "content": _content(one.content)} for one in request.messages
        ]
        messages[-1]["content"][-1] |= _KEPT
        body: dict[str, Any] = {"model": model.model, "max_tokens": allowed_tokens(request, model), "stream": True}
        if model.thinking:
            body["thinking"] = {"type": model.thinking}
        if request.system:
            system: list[dict[str, Any]] = [{"type": "text", "text": text} for text in request.system]
            system[max(0, len(system) - 2)] |= _KEPT
            body["system"] = system
        if request.tools:
            tools: list[dict[str, Any]] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
                for tool in request.tools
            ]
            tools[-1] |= _KEPT
            body["tools"] = tools
        return body | {"messages": messages}

    def reader(self) -> "AnthropicReader":
        """For one answer."""
        return AnthropicReader()


class AnthropicReader:
    """See app.host.inference.api.Reader."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.complete = False
        self._calls: dict[int, ToolCall] = {}
        self._thoughts: dict[int, dict[str, Any]] = {}
        self._started = False

    def take(self, event: SseEvent) -> list[Item] | None:
        """One event of the stream; unknown kinds are signs of life, as the API asks."""
        data = loose.parse_object(event.data)
        kind = loose.text(data.get("type")) or event.event
        if kind == "error":
            raise reported(loose.mapping(data.get("error")))
        if kind == "message_start":
            self._start(loose.mapping(data.get("message")))
        elif kind == "content_block_start":
            return self._block(loose.count(data.get("index")), loose.mapping(data.get("content_block")))
        elif kind == "content_block_delta":
            return self._delta(loose.count(data.get("index")), loose.mapping(data.get("delta")))
        elif kind == "message_delta":
            reason = loose.text(loose.mapping(data.get("delta")).get("stop_reason"))
            self.answer.stop = _STOPS.get(reason, "end") if reason else self.answer.stop
            self._count(loose.mapping(data.get("usage")))
        elif kind == "message_stop":
            self._stop()
        else:
            return None
        return []

    def ended(self) -> bool:
        """Only message_stop ends an answer."""
        return self.complete

    def _start(self, message: dict[str, Any]) -> None:
        if self._started:
            raise ValueError("a second message_start")
        self._started = True
        self.answer.model = loose.text(message.get("model"))[:100]
        self._count(loose.mapping(message.get("usage")))

    def _block(self, index: int, block: dict[str, Any]) -> list[Item]:
        if not self._started:
            raise ValueError("content before message_start")
        if block.get("type") == "tool_use":
            if index in self._calls:
                raise ValueError("a block begins twice")
            call = self.answer.call(loose.text(block.get("id")), loose.text(block.get("name")))
            self._calls[index] = call
            return []
        if block.get("type") in _THOUGHTS:
            kept = {key: block[key] for key in _THOUGHT_KEYS if isinstance(block.get(key), str)}
            self._thoughts[index] = self.answer.think(kept)
            return []
        return self.answer.say(loose.text(block.get("text"))) if block.get("type") == "text" else []

    def _delta(self, index: int, delta: dict[str, Any]) -> list[Item]:
        if not self._started:
            raise ValueError("content before message_start")
        kind = loose.text(delta.get("type"))
        if kind == "text_delta":
            return self.answer.say(loose.text(delta.get("text")))
        if kind in _THOUGHT_DELTAS and index in self._thoughts:
            key = _THOUGHT_DELTAS[kind]
            piece = loose.text(delta.get(key))
            self.answer.ponder(piece)
            self._thoughts[index][key] = self._thoughts[index].get(key, "") + piece
            return []
        if kind == "input_json_delta":
            if index not in self._calls:
                raise ValueError("arguments of a call that never began")
            self.answer.argue(self._calls[index], loose.text(delta.get("partial_json")))
        return []

    def _stop(self) -> None:
        if not self._started:
            raise ValueError("message_stop before message_start")
        self.complete = True
        if self.answer.stop is None:
            self.answer.stop = "tool_use" if self.answer.calls else "end"

    def _count(self, usage: dict[str, Any]) -> None:
        """Counts are cumulative: each event that has one replaces it."""
        known = self.answer.usage

        def of(key: str, before: int) -> int:
            return loose.count(usage.get(key)) if usage.get(key) is not None else before

        self.answer.usage = Usage(
            of("input_tokens", known.input),
            of("output_tokens", known.output),
            of("cache_read_input_tokens", known.cache_read),
            of("cache_creation_input_tokens", known.cache_write),
        )


def _content(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    """The API wants the results of tools before any text."""
    ordered = [block for block in blocks if block.kind == "tool_result"]
    ordered += [block for block in blocks if block.kind != "tool_result"]
    return [_block_of(block) for block in ordered]


def _block_of(block: Block) -> dict[str, Any]:
    if block.kind == "text":
        return {"type": "text", "text": block.text}
    if block.kind == "thought":
        return dict(block.input or {})
    if block.kind == "tool_use":
        return {"type": "tool_use", "id": _identity(block), "name": block.name, "input": block.input}
    result: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": _identity(block),
        "content": block.text or "(nothing)",
    }
    return result | {"is_error": True} if block.error else result


def _identity(block: Block) -> str:
    """Another server may have given it: this API allows fewer characters."""
    return _FOREIGN.sub("_", block.id)


API: Final = AnthropicApi()
