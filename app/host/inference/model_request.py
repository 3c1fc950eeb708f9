"""A request of the box to a model, checked: service `llm` of the bus (docs/protocol.md).

    {"run", "lease", "folder", "system", "messages", "tools", "max_tokens"}

`system` is a text, or a list of texts of which the last may change from call to call and the others stay: those are
what a provider's prompt cache can keep.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.host import limits
from app.host.inference import bounded_json as loose
from app.host.inference.errors import ModelError

Role = Literal["user", "assistant"]


@dataclass(frozen=True)
class Block:
    """One piece of a message. `kind` "text": `text`. "tool_use": `id`, `name`, `input`. "tool_result": `id`, `text`,
    `error`. "thought" (never from the box, see thoughts.py): `input`."""

    kind: Literal["text", "tool_use", "tool_result", "thought"]
    text: str = ""
    id: str = ""
    name: str = ""
    input: Mapping[str, Any] | None = None
    error: bool = False


@dataclass(frozen=True)
class Message:
    """What one side said. Neighbours in a request never have the same role; `content` is never empty."""

    role: Role
    content: tuple[Block, ...]


@dataclass(frozen=True)
class Tool:
    """A tool that the model may call; `schema` is a JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class ModelRequest:
    """The whole request; `chars` is about how much text it is."""

    run: str
    folder: str
    system: tuple[str, ...]
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    max_tokens: int
    chars: int


def read_request(body: Mapping[str, Any]) -> ModelRequest:
    """Raises ModelError (model_error) for what no model could be asked."""
    system = body.get("system") or ""
    texts = (system,) if isinstance(system, str) else tuple(loose.items(system))
    if not all(isinstance(text, str) for text in texts):
        raise _bad("system is no text")
    messages = _merged([_message(item) for item in _bounded(body, "messages", limits.MODEL_MESSAGES)])
    if not messages or messages[0].role != "user":
        raise _bad("the conversation does not begin with a user's message")
    tools = tuple(_tool(item) for item in _bounded(body, "tools", limits.MODEL_TOOLS))
    wanted = loose.count(body.get("max_tokens"))
    chars = sum(map(len, texts)) + sum(_size(block) for message in messages for block in message.content)
    chars += sum(len(tool.name) + len(tool.description) + len(str(tool.schema)) for tool in tools)
    run, folder = loose.text(body.get("run")), loose.text(body.get("folder"))
    return ModelRequest(run, folder, tuple(filter(None, texts)), messages, tools, wanted, chars)


def _bounded(body: Mapping[str, Any], key: str, most: int) -> list[Any]:
    found = loose.items(body.get(key))
    if len(found) > most:
        raise ModelError("too_long", f"the request has {len(found)} {key}; {most} are allowed", "begin a new session")
    return found


def _message(item: object) -> Message:
    fields = loose.mapping(item)
    role = fields.get("role")
    if role not in ("user", "assistant"):
        raise _bad(f"a message's role is {str(role)[:20]!r}")
    content = fields.get("content")
    pieces: list[Any] = [{"t": "text", "text": content}] if isinstance(content, str) else loose.items(content)
    if len(pieces) > limits.MODEL_BLOCKS:
        raise ModelError("too_long", f"a message has {len(pieces)} parts", f"use at most {limits.MODEL_BLOCKS}")
    blocks = [_block(loose.mapping(piece)) for piece in pieces]
    return Message(role, tuple(block for block in blocks if block.kind != "text" or block.text.strip()))


def _block(piece: dict[str, Any]) -> Block:
    kind = piece.get("t")
    if kind == "text":
        return Block("text", text=loose.writable(loose.text(piece.get("text"))))
    if kind == "tool_use" and isinstance(piece.get("input"), dict):
        return Block("tool_use", id=_named(piece, "id"), name=_named(piece, "name"), input=piece["input"])
    if kind == "tool_result":
        text = loose.writable(loose.text(piece.get("text")))
        return Block("tool_result", text=text, id=_named(piece, "id"), error=bool(piece.get("error")))
    raise _bad(f"a message has a part of kind {str(kind)[:20]!r}")


def _tool(item: object) -> Tool:
    fields = loose.mapping(item)
    schema = loose.mapping(fields.get("schema")) or {"type": "object", "properties": {}}
    return Tool(_named(fields, "name"), loose.text(fields.get("description")), schema)


def _named(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 128:
        raise _bad(f"a part of the request has no usable {key}")
    return value


def _merged(messages: list[Message]) -> tuple[Message, ...]:
    """Without empty messages, neighbours of one role joined: the APIs want the roles to alternate."""
    merged: list[Message] = []
    for message in messages:
        if not message.content:
            continue
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, merged[-1].content + message.content)
        else:
            merged.append(message)
    return tuple(merged)


def _size(block: Block) -> int:
    return len(block.text) + len(block.name) + (len(str(block.input)) if block.input else 0)


def _bad(message: str) -> ModelError:
    return ModelError("model_error", message, "this is a fault of Barnacle's: please report it")
