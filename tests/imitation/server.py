"""The HTTP part of an imitation: asyncio and h11, HTTP or TLS, keep-alive, streams that break on demand."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

import h11

from tests.imitation.script import ECHO, Fault, Raw, Reply, Step

BODY_BYTES = 32 * 1024 * 1024
Piece = bytes | float | asyncio.Event


@dataclass
class Received:
    """One request. `key` is what it authenticated with."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    key: str = ""
    json: dict[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """What the imitated API would refuse: becomes its error body."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Imitation:
    """`async with` serves at `url`. `script` is used up first, then `brain` answers. `requests` are those that were
    accepted, `connections` counts connections, `gone` is set when a client leaves in the middle of a stream."""

    api = ""
    prefix = ""
    gate_after = 0
    """Number of the last event before the second delta of text, from 0."""

    def __init__(
        self,
        key: str = "",
        script: list[Step] | None = None,
        brain: Callable[[dict[str, Any]], Reply] | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.key = key
        self.script = list(script or [])
        self.brain = brain
        self.requests: list[Received] = []
        self.refused: list[str] = []
        self.connections = 0
        self.gone = asyncio.Event()
        self._tls, self._host, self._port = tls, host, port
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The base address for config.toml."""
        scheme, name = ("https", "localhost") if self._tls else ("http", self._host)
        return f"{scheme}://{name}:{self._port}{self.prefix}"

    def check(self, request: Received) -> None:
        """Raises RefusedError for what the API refuses; fills in key and json."""
        raise NotImplementedError

    def error_body(self, status: int, kind: str, message: str, code: str | None = None) -> dict[str, Any]:
        """The API's error body."""
        raise NotImplementedError

    def stream(self, request: Received, reply: Reply) -> Iterator[bytes]:
        """The reply as the API's events."""
        raise NotImplementedError

    def sent(self, piece: bytes) -> bytes:
        """A piece as it leaves: a hook for measurements; must keep the length."""
        return piece

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        self.connections += 1
        try:
            await _Connection(self, reader, writer).serve()
        except (ConnectionError, h11.RemoteProtocolError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client is gone, or the imitation stops
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def answer(self, request: Received) -> Raw:
        """What goes over the wire for a request."""
        try:
            self.check(request)
            if request.method == "GET":
                return _json(200, {"object": "list", "data": [{"id": "imitation"}]})
        except RefusedError as refused:
            self.refused.append(refused.message)
            return _json(refused.status, self.error_body(refused.status, refused.kind, refused.message))
        self.requests.append(request)
        step = self.script.pop(0) if self.script else None
        if step is None:
            step = self.brain(request.json) if self.brain else Reply("ready")
        if isinstance(step, Raw):
            return step
        if isinstance(step, Fault):
            message = step.message.replace(ECHO, request.key)
            body = self.error_body(step.status, step.kind, message, step.code)
            return _json(step.status, body, step.headers, step.body)
        return self._reply(request, step)

    def _reply(self, request: Received, reply: Reply) -> Raw:
        headers = [(name, value.replace(ECHO, request.key)) for name, value in reply.headers]
        if not request.json.get("stream"):
            raise NotImplementedError("only streamed answers are imitated")
        events = [event.replace(ECHO.encode(), request.key.encode()) for event in self.stream(request, reply)]
        pieces: list[Piece] = []
        left = reply.cut_bytes
        for number, event in enumerate(events):
            kept = event if left is None else event[:left]
            left = None if left is None else left - len(kept)
            size = reply.chunk_bytes or max(1, len(kept))
            pieces += [kept[start : start + size] for start in range(0, len(kept), size)]
            if reply.pause_s:
                pieces.append(reply.pause_s)
            if reply.gate is not None and number == self.gate_after:
                pieces.append(reply.gate)
        return Raw(pieces, headers=headers, cut=reply.cut_bytes is not None)


class _Connection:
    def __init__(self, server: Imitation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)

    async def serve(self) -> None:
        while True:
            request = await self._request()
            if request is None:
                return
            raw = self._server.answer(request)
            if request.method == "HEAD":
                raw = replace(raw, pieces=())
            if not await self._send(raw):
                return
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _request(self) -> Received | None:
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while True:
            event = await self._event()
            if isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_BYTES:
                    return None
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return None
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        return Received(head.method.decode(), head.target.decode(), headers, bytes(body))

    async def _event(self) -> Any:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._http.receive_data(await self._reader.read(65536))

    async def _send(self, raw: Raw) -> bool:
        headers = [("content-type", raw.content_type), *raw.headers]
        headers.append(
            ("content-length", str(raw.length)) if raw.length is not None else ("transfer-encoding", "chunked")
        )
        self._write(self._http.send(h11.Response(status_code=raw.status, headers=headers)))
        left = asyncio.create_task(self._reader.read(1), name="imitation: client leaves")
        try:
            async for piece in _paced(raw.pieces, left):
                self._write(self._http.send(h11.Data(data=self._server.sent(piece))))
                await self._writer.drain()
        except (ConnectionError, TimeoutError):
            self._server.gone.set()
            return False
        finally:
            left.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await left
        if raw.cut:
            return False
        try:
            self._write(self._http.send(h11.EndOfMessage()))
        except h11.LocalProtocolError:  # fewer bytes than promised: that is the fault asked for
            return False
        await self._writer.drain()
        return True

    def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)


async def _paced(pieces: Any, left: asyncio.Task[bytes]) -> AsyncIterator[bytes]:
    """Bytes when it is their time; ConnectionError as soon as the client has left."""
    for piece in pieces:
        if isinstance(piece, bytes):
            if left.done():
                raise ConnectionError("the client has left")
            if piece:
                yield piece
            continue
        waiting = asyncio.create_task(asyncio.sleep(piece) if isinstance(piece, float | int) else piece.wait())
        await asyncio.wait({waiting, left}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            raise ConnectionError("the client has left")


def _json(status: int, body: dict[str, Any], headers: Any = (), raw: bytes | None = None) -> Raw:
    text = json.dumps(body).encode() if raw is None else raw
    return Raw([text], status, "application/json", headers, length=len(text))
