"""An imitation of the chat completions API: OpenAI's demands, and its stream as it and other servers send it."""

import json
from collections.abc import Iterator
from typing import Any

from tests.imitation.script import Reply
from tests.imitation.server import Imitation, Received, RefusedError

BODY = {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "tools", "tool_choice"}
ROLES = ("system", "user", "assistant", "tool")


class OpenAiImitation(Imitation):
    """POST /v1/chat/completions and GET /v1/models. Without a key it asks for none, as local servers."""

    api = "openai"
    prefix = "/v1"
    gate_after = 1

    def error_body(self, status: int, kind: str, message: str, code: str | None = None) -> dict[str, Any]:
        """{"error": {"message", "type", "param", "code"}}"""
        kinds = {429: "requests", 500: "server_error", 503: "server_error"}
        known = {"message": message, "type": kind or kinds.get(status, "invalid_request_error")}
        return {"error": known | {"param": None, "code": code}}

    def check(self, request: Received) -> None:
        """Path, key, body."""
        if request.target not in ("/v1/chat/completions", "/v1/models"):
            raise RefusedError(404, "invalid_request_error", f"Invalid URL ({request.method} {request.target})")
        request.key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            raise RefusedError(401, "invalid_request_error", "Incorrect API key provided")
        if request.target == "/v1/models":
            return
        if request.method != "POST":
            raise RefusedError(405, "invalid_request_error", "Method Not Allowed")
        try:
            request.json = json.loads(request.body)
        except ValueError:
            raise _bad("We could not parse the JSON body of your request.") from None
        _check_body(request.json)

    def stream(self, request: Received, reply: Reply) -> Iterator[bytes]:
        """Chunks, the counts if they were asked for, [DONE]."""
        model = request.json["model"]
        yield _chunk(model, {"role": "assistant", "content": ""})
        for start in range(0, len(reply.text), reply.delta_chars):
            yield _chunk(model, {"content": reply.text[start : start + reply.delta_chars]})
        for number, (name, arguments) in enumerate(reply.tools):
            for delta in _call(number, name, arguments, reply, len(self.requests)):
                yield _chunk(model, {"tool_calls": [delta]})
        stop = reply.stop or ("tool_calls" if reply.tools else "stop")
        yield _chunk(model, {}, stop)
        if reply.usage is not None and request.json.get("stream_options", {}).get("include_usage"):
            counts = {"prompt_tokens": len(request.body) // 4, "completion_tokens": 1 + len(reply.text) // 4}
            whole = {"choices": [], "usage": counts | {"prompt_tokens_details": {"cached_tokens": 0}} | reply.usage}
            yield f"data: {json.dumps(_frame(model) | whole)}\n\n".encode()
        if reply.done:
            yield b"data: [DONE]\n\n"


def _call(
    number: int, name: str, arguments: dict[str, Any], reply: Reply, round_number: int
) -> Iterator[dict[str, Any]]:
    index = {"right": {"index": number}, "zero": {"index": 0}, "none": {}}[reply.index]
    named = {"id": f"call_{round_number}_{number}", "type": "function"} if reply.ids else {}
    text = json.dumps(arguments)
    if reply.whole_calls:
        yield index | named | {"function": {"name": name, "arguments": text}}
        return
    yield index | named | {"function": {"name": name, "arguments": ""}}
    for start in range(0, len(text), reply.delta_chars):
        yield index | {"function": {"arguments": text[start : start + reply.delta_chars]}}


def _frame(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-imitation", "object": "chat.completion.chunk", "created": 1_795_000_000, "model": model}


def _chunk(model: str, delta: dict[str, Any], stop: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}
    return f"data: {json.dumps(_frame(model) | {'choices': [choice]})}\n\n".encode()


def _check_body(body: Any) -> None:
    _need(isinstance(body, dict), "body must be an object")
    for key in body:
        _need(key in BODY, f"Unrecognized request argument supplied: {key}")
    _need(isinstance(body.get("model"), str), "you must provide a model parameter")
    if body["model"] == "unknown":
        raise RefusedError(404, "invalid_request_error", "The model `unknown` does not exist")
    _need("stream_options" not in body or body.get("stream"), "stream_options needs stream")
    tokens = body.get("max_tokens", body.get("max_completion_tokens", 1))
    _need(isinstance(tokens, int) and tokens >= 1, "max_tokens is too small")
    for tool in body.get("tools", []):
        function = tool.get("function", {})
        _need(tool.get("type") == "function" and function.get("name"), "tools: missing name")
        _need(function.get("parameters", {}).get("type") == "object", "tools: schema must be of type object")
    messages = body.get("messages")
    _need(isinstance(messages, list) and messages, "messages: too short")
    owed: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role")
        _need(role in ROLES, f"messages.{number}.role: unknown")
        if role == "tool":
            _need(message.get("tool_call_id") in owed, "tool messages must answer a preceding tool_calls")
            owed.remove(message["tool_call_id"])
            _need(isinstance(message.get("content"), str), "tool content must be a string")
            continue
        _need(not owed, f"tool_call_ids did not have response messages: {', '.join(owed)}")
        owed = [call["id"] for call in message.get("tool_calls", [])]
        for call in message.get("tool_calls", []):
            _need(isinstance(call["function"]["arguments"], str), "arguments must be a string")
        _need(isinstance(message.get("content"), str) or owed, f"messages.{number}.content: expected a string")
    _need(not owed, "tool_call_ids did not have response messages")


def _need(good: object, message: str) -> None:
    if not good:
        raise _bad(message)


def _bad(message: str) -> RefusedError:
    return RefusedError(400, "invalid_request_error", message)
