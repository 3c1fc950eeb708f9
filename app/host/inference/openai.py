"""Chat completions as OpenAI defined them, streamed, and as other servers speak them (Ollama, llama.cpp, LM Studio,
OpenRouter): tool calls whole or in pieces, without ids or with one index for all, without counts, without [DONE]."""

import json
from typing import Any, Final

from app.host.inference import bounded_json as loose
from app.host.inference.answer import Answer, Item, Stop, ToolCall
from app.host.inference.api import allowed_tokens
from app.host.inference.failures import reported
from app.host.inference.model_request import Message, ModelRequest
from app.host.inference.pricing import Usage
from app.host.inference.sse import SseEvent
from app.host.models_settings import ModelSettings

_OPENAI: Final = "api.openai.com"  # its models refuse `max_tokens`; other servers know no other name
_STOPS: Final[dict[str, Stop]] = {
    "stop": "end",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


class OpenAiApi:
    """See app.host.inference.api.ModelApi."""

    path: str = "/chat/completions"
    headers: dict[str, str] = {}  # noqa: RUF012 - the protocol has none of its own

    def body(self, request: ModelRequest, model: ModelSettings) -> dict[str, Any]:
        """One system message, then the conversation; results of tools are messages of their own."""
        messages: list[dict[str, Any]] = []
        if request.system:
            messages.append({"role": "system", "content": "\n\n".join(request.system)})
        for message in request.messages:
            messages += _user(message) if message.role == "user" else [_assistant(message)]
        limit = "max_completion_tokens" if model.endpoint.host == _OPENAI else "max_tokens"
        body: dict[str, Any] = {"model": model.model, limit: allowed_tokens(request, model), "stream": True}
        body |= {"stream_options": {"include_usage": True}, "messages": messages}
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
                }
                for tool in request.tools
            ]
        return body

    def reader(self) -> "OpenAiReader":
        """For one answer."""
        return OpenAiReader()


class OpenAiReader:
    """See app.host.inference.api.Reader."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.complete = False
        self._calls: dict[int, ToolCall] = {}
        self._latest: ToolCall | None = None

    def take(self, event: SseEvent) -> list[Item] | None:
        """One chunk, or the end."""
        if event.data.strip() == "[DONE]":
            self._stop()
            return []
        data = loose.parse_object(event.data)
        if data.get("error") or event.event == "error":
            error = data.get("error") or data
            raise reported(loose.mapping(error) or {"message": str(error)})
        self.answer.model = self.answer.model or loose.text(data.get("model"))[:100]
        self._count(loose.mapping(data.get("usage")))
        choices = loose.items(data.get("choices"))
        if not choices:
            return []
        choice = loose.mapping(choices[0])
        delta = loose.mapping(choice.get("delta"))
        found = self.answer.say(loose.text(delta.get("content")))
        found += self.answer.say(loose.text(delta.get("refusal")))
        for piece in loose.items(delta.get("tool_calls")):
            self._call(loose.mapping(piece))
        reason = loose.text(choice.get("finish_reason"))
        if delta.get("refusal"):
            self.answer.stop = "refusal"
        elif reason and self.answer.stop != "refusal":
            self.answer.stop = _STOPS.get(reason, "end")
        return found

    def ended(self) -> bool:
        """Some servers close the connection after `finish_reason` without [DONE]."""
        if self.answer.stop is not None:
            self._stop()
        return self.complete

    def _stop(self) -> None:
        self.complete = True
        if self.answer.calls and self.answer.stop in (None, "end"):
            self.answer.stop = "tool_use"  # Ollama says "stop" here
        elif self.answer.stop is None:
            self.answer.stop = "end"

    def _call(self, piece: dict[str, Any]) -> None:
        function = loose.mapping(piece.get("function"))
        name, identity = loose.text(function.get("name")), loose.text(piece.get("id"))
        arguments = function.get("arguments")
        index = piece.get("index") if isinstance(piece.get("index"), int) else None
        call = self._calls.get(index) if index is not None else None
        if call is None and index is None and not name:
            call = self._latest
        if call is not None and name and (identity and identity != call.id):
            call = None  # another call under the same index
        if call is not None and name and not identity and _is_whole(call.arguments):
            call = None
        if call is None:
            if not name:
                raise ValueError("arguments of a call that never began")
            call = self.answer.call(identity, name)
        if index is not None:
            self._calls[index] = call
        self._latest = call
        if arguments:
            self.answer.argue(call, arguments if isinstance(arguments, str) else json.dumps(arguments))

    def _count(self, usage: dict[str, Any]) -> None:
        if usage:
            cached = loose.count(loose.mapping(usage.get("prompt_tokens_details")).get("cached_tokens"))
            prompt = loose.count(usage.get("prompt_tokens"))
            output = loose.count(usage.get("completion_tokens"))
            self.answer.usage = Usage(max(0, prompt - cached), output, min(cached, prompt))


def _user(message: Message) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": block.id, "content": ("error: " if block.error else "") + block.text}
        for block in message.content
        if block.kind == "tool_result"
    ]
    said = "\n\n".join(block.text for block in message.content if block.kind == "text")
    return [*results, {"role": "user", "content": said}] if said else results


def _assistant(message: Message) -> dict[str, Any]:
    said = "\n\n".join(block.text for block in message.content if block.kind == "text")
    calls = [
        {
            "id": block.id,
            "type": "function",
            "function": {"name": block.name, "arguments": json.dumps(block.input, ensure_ascii=False)},
        }
        for block in message.content
        if block.kind == "tool_use"
    ]
    plain: dict[str, Any] = {"role": "assistant", "content": said or None}
    return plain | {"tool_calls": calls} if calls else plain


def _is_whole(arguments: str) -> bool:
    try:
        loose.parse_object(arguments)
    except ValueError:
        return False
    return True


API: Final = OpenAiApi()
