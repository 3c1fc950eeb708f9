"""What the broker's server hands to a handler, and what it takes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Headers = list[tuple[str, str]]
Tunnel = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ERROR_HEADER = "Barnacle-Error"


@dataclass(frozen=True)
class Peer:
    """The process at the other end of a unix socket, as the kernel says."""

    pid: int
    uid: int
    gid: int


@dataclass
class Request:
    """One request. `headers` have lower-case names; `body` yields its bytes as they arrive and raises BodyError."""

    method: str
    target: str
    headers: Headers
    body: AsyncIterator[bytes]
    peer: Peer | None

    def header(self, name: str) -> str | None:
        """The value of a header by its lower-case name; None without it."""
        return next((value for each, value in self.headers if each == name), None)

    async def read(self, most_bytes: int) -> bytes:
        """The whole body; raises BodyError when it is longer."""
        parts = bytearray()
        async for part in self.body:
            parts += part
            if len(parts) > most_bytes:
                raise BodyError(f"the body is longer than {most_bytes} bytes", 413)
        return bytes(parts)


@dataclass
class Response:
    """One answer. A body of bytes is sent with its length, an iterator's as chunks as they come; the iterator is closed
    in the end. With `tunnel` the connection is handed over after the head instead, and closed after that."""

    status: int
    headers: Headers = field(default_factory=list[tuple[str, str]])
    body: bytes | AsyncIterator[bytes] = b""
    tunnel: Tunnel | None = None


class BodyError(Exception):
    """The body of a request is too long, too slow, malformed or cut."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class AnswerError(Exception):
    """The body of an answer cannot be completed: the connection is cut, so that nobody takes it for whole."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def json_response(status: int, body: Any, headers: Headers | None = None) -> Response:
    """An answer with a JSON body."""
    return Response(status, [("Content-Type", "application/json"), *(headers or [])], json.dumps(body).encode())


def error_response(status: int, code: str, message: str, remedy: str = "") -> Response:
    """An error of the broker's own, by the header and in the body."""
    body = {"error": {"code": code, "message": message, "remedy": remedy}}
    return json_response(status, body, [(ERROR_HEADER, code)])
