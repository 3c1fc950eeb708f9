"""What an imitation answers: a reply, or a fault in any of many ways."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ECHO = "{key}"  # in a text or header: replaced by the key that came with the request


@dataclass(frozen=True)
class Reply:
    """A proper answer. `tools` are (name, arguments)."""

    text: str = ""
    tools: Sequence[tuple[str, dict[str, Any]]] = ()
    stop: str = ""
    """The API's own word; "" for the usual one."""
    usage: dict[str, Any] | None = field(default_factory=dict)
    """Counts in place of the usual ones; None sends none."""
    headers: Sequence[tuple[str, str]] = ()
    delta_chars: int = 12
    chunk_bytes: int = 0
    """Split the stream into writes of so many bytes; 0: one write per event."""
    pause_s: float = 0.0
    """Between events."""
    gate: asyncio.Event | None = None
    """Waited for before the second text delta."""
    cut_bytes: int | None = None
    """Break the connection after so many bytes of the stream."""
    whole_calls: bool = False
    """OpenAI: a tool call in one delta, as Ollama does."""
    ids: bool = True
    index: str = "right"
    """OpenAI: "right", "zero" (for every call) or "none"."""
    done: bool = True
    """OpenAI: end with [DONE]."""


@dataclass(frozen=True)
class Fault:
    """A status with the API's proper error body, or `body` as it is."""

    status: int
    kind: str = ""
    message: str = "out of order"
    code: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None


@dataclass(frozen=True)
class Raw:
    """Bytes as they are: `pieces` are bytes, seconds to wait, or events to wait for. `length` sends a Content-Length
    (which may lie); without it the body is chunked. `cut` breaks the connection at the end."""

    pieces: Sequence[bytes | float | asyncio.Event]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Sequence[tuple[str, str]] = ()
    length: int | None = None
    cut: bool = False


Step = Reply | Fault | Raw
