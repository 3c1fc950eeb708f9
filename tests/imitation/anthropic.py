"""An imitation of Anthropic's Messages API: what it demands of a request, and its stream of events."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.imitation.script import Reply
from tests.imitation.server import Imitation, Received, RefusedError

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
BODY = {"model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream", "temperature", "metadata"} | {
    "stop_sequences",
    "thinking",
}
BLOCKS = {
    "thinking": {"type", "thinking", "signature"},
    "redacted_thinking": {"type", "data"},
    "text": {"type", "text"},
    "tool_use": {"type", "id", "name", "input"},
    "tool_result": {"type", "tool_use_id", "content", "is_error"},
}
CACHE_MARKS = 4


class AnthropicImitation(Imitation):
    """POST /v1/messages and GET /v1/models."""

    api = "anthropic"
    gate_after = 3

    def error_body(self, status: int, kind: str, message: str, code: str | None = None) -> dict[str, Any]:
        """{"type": "error", "error": {"type", "message"}, "request_id"}"""
        kinds = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error"}
        kinds |= {403: "permission_error", 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error"}
        kinds |= {504: "timeout_error", 529: "overloaded_error"}
        error: dict[str, Any] = {"type": kind or kinds.get(status, "api_error"), "message": message}
        if code:
            error["details"] = {"error_code": code}
        return {"type": "error", "error": error, "request_id": "req_imitation"}

    def check(self, request: Received) -> None:
        """In the order of the real one: path, key, version, body."""
        if request.target not in ("/v1/messages", "/v1/models"):
            raise RefusedError(404, "not_found_error", f"{request.target} not found")
        request.key = request.headers.get("x-api-key", "")
        if "authorization" in request.headers or request.key != self.key:
            raise RefusedError(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") != "2023-06-01":
            raise _bad("anthropic-version: header is required")
        if request.target == "/v1/models":
            return
        if request.method != "POST":
            raise RefusedError(405, "invalid_request_error", "Method Not Allowed")
        if request.headers.get("content-type") != "application/json":
            raise _bad("content-type must be application/json")
        try:
            request.json = json.loads(request.body)
        except ValueError:
            raise _bad("The request body is not valid JSON") from None
        _check_body(request.json)

    def stream(self, request: Received, reply: Reply) -> Iterator[bytes]:
        """message_start, content blocks, message_delta, message_stop."""
        counts = self._counts(request)
        message = {"id": "msg_imitation", "type": "message", "role": "assistant", "model": request.json["model"]}
        message |= {"content": [], "stop_reason": None, "stop_sequence": None}
        usage: dict[str, Any] = {} if reply.usage is None else {"usage": counts | {"output_tokens": 1} | reply.usage}
        yield _event("message_start", {"message": message | usage})
        index = 0
        if reply.text:
            yield _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
            for number, start in enumerate(range(0, len(reply.text), reply.delta_chars)):
                delta = {"type": "text_delta", "text": reply.text[start : start + reply.delta_chars]}
                yield _event("content_block_delta", {"index": 0, "delta": delta})
                if number == 0:
                    yield _event("ping", {})
            yield _event("content_block_stop", {"index": 0})
            index = 1
        for name, arguments in reply.tools:
            identity = f"toolu_{len(self.requests):04d}_{index}"
            yield from _tool(index, identity, name, json.dumps(arguments), reply.delta_chars)
            index += 1
        stop = reply.stop or ("tool_use" if reply.tools else "end_turn")
        told = sum(len(json.dumps(item)) for _, item in reply.tools) + len(reply.text)
        end: dict[str, Any] = {"delta": {"stop_reason": stop, "stop_sequence": None}}
        if reply.usage is not None:
            end["usage"] = {"output_tokens": 1 + told // 4} | reply.usage
        yield _event("message_delta", end)
        yield _event("message_stop", {})

    def _counts(self, request: Received) -> dict[str, int]:
        """The marked prefix is written to the cache the first time and read from it afterwards."""
        body = request.json
        kept = json.dumps([body.get("tools"), body.get("system")])
        size = len(kept) // 4 if "cache_control" in kept else 0
        before = any(json.dumps([one.json.get("tools"), one.json.get("system")]) == kept for one in self.requests[:-1])
        counts = {"cache_read_input_tokens": size if before else 0}
        counts["cache_creation_input_tokens"] = 0 if before else size
        return counts | {"input_tokens": max(1, len(request.body) // 4 - size)}


def _tool(index: int, identity: str, name: str, arguments: str, chars: int) -> Iterator[bytes]:
    block = {"type": "tool_use", "id": identity, "name": name, "input": {}}
    yield _event("content_block_start", {"index": index, "content_block": block})
    pieces = ["", *(arguments[start : start + chars] for start in range(0, len(arguments), chars))]
    for piece in pieces if arguments != "{}" else [""]:
        delta = {"type": "input_json_delta", "partial_json": piece}
        yield _event("content_block_delta", {"index": index, "delta": delta})
    yield _event("content_block_stop", {"index": index})


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name} | data)}\n\n".encode()


def _check_body(body: Any) -> None:
    _need(isinstance(body, dict), "body: Input should be an object")
    for key in body:
        _need(key in BODY, f"{key}: Extra inputs are not permitted")
    _need(isinstance(body.get("model"), str), "model: Field required")
    if body["model"] == "unknown":
        raise RefusedError(404, "not_found_error", "model: unknown")
    thinking = body.get("thinking", {"type": "adaptive"})
    _need(thinking in ({"type": kind} for kind in ("adaptive", "disabled", "between_tools")), "thinking: invalid")
    if "5-5" in body["model"]:
        _need(thinking["type"] != "disabled", "thinking: use between_tools in place of disabled")
    tokens = body.get("max_tokens")
    _need(isinstance(tokens, int) and tokens >= 1, "max_tokens: Field required")
    marks = json.dumps(body).count('"cache_control"')
    _need(marks <= CACHE_MARKS, f"A maximum of 4 blocks with cache_control may be provided. Found {marks}.")
    system = body.get("system", [])
    for block in system if isinstance(system, list) else []:
        _need(block.get("type") == "text" and block.get("text"), "system: text content blocks must be non-empty")
    for number, tool in enumerate(body.get("tools", [])):
        _need(NAME.fullmatch(tool.get("name", "")), f"tools.{number}.name: String should match pattern")
        schema = tool.get("input_schema")
        _need(isinstance(schema, dict) and schema.get("type") == "object", f"tools.{number}.input_schema: required")
    _check_messages(body.get("messages"))


def _check_messages(messages: Any) -> None:
    _need(isinstance(messages, list) and messages, "messages: at least one message is required")
    _need(messages[0].get("role") == "user", "messages: first message must use the user role")
    owed: set[str] = set()
    seen: set[str] = set()
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        _need(set(message) == {"role", "content"}, f"{where}: Extra inputs are not permitted")
        _need(message["role"] == ("assistant" if number % 2 else "user"), f"{where}: roles must alternate")
        content = message["content"]
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        _need(content, f"{where}: content must be non-empty")
        answered = {block.get("tool_use_id") for block in content if block.get("type") == "tool_result"}
        _need(answered == owed, f"{where}: tool_use ids were found without tool_result blocks immediately after")
        owed = set()
        for place, block in enumerate(content):
            _check_block(block, f"{where}.content.{place}")
            if block["type"] == "tool_result":
                _need(place < len(answered), f"{where}: tool_result blocks must come first")
            if block["type"] == "tool_use":
                _need(message["role"] == "assistant", f"{where}: tool_use in a user message")
                _need(block["id"] not in seen, f"{where}: tool_use ids must be unique")
                owed.add(block["id"])
                seen.add(block["id"])
    _need(messages[-1]["role"] == "user", "This model does not support assistant message prefill.")


def _check_block(block: dict[str, Any], where: str) -> None:
    kind = block.get("type", "")
    _need(kind in BLOCKS, f"{where}.type: unknown")
    mark = block.get("cache_control")
    _need(mark is None or mark == {"type": "ephemeral"}, f"{where}.cache_control: invalid")
    _need(set(block) - {"cache_control"} <= BLOCKS[kind], f"{where}: Extra inputs are not permitted")
    if kind == "text":
        _need(block.get("text", "").strip(), f"{where}: text content blocks must contain non-whitespace text")
    if kind == "tool_use":
        _need(isinstance(block.get("input"), dict), f"{where}.input: Input should be a valid dictionary")
        _need(NAME.fullmatch(block.get("id", "")), f"{where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")


def _need(good: object, message: str) -> None:
    if not good:
        raise _bad(message)


def _bad(message: str) -> RefusedError:
    return RefusedError(400, "invalid_request_error", message)
