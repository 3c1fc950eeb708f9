"""One try: a request goes out, the answer streams back and is handed on as it arrives."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from app.host import limits
from app.host.device_core import Clock
from app.host.inference import failures
from app.host.inference.answer import Answer, Item
from app.host.inference.api import ModelApi
from app.host.inference.errors import ModelError, Unfinished
from app.host.inference.sse import SseError, SseParser
from app.host.models_settings import ModelSettings
from app.host.refusal import RequestRefused
from broker.client import BrokerRefused, BrokerUnreachable

log = logging.getLogger("barnacle.inference")
SendItem = Callable[[Item], Awaitable[None]]
_HEADERS: Final = {
    "content-type": "application/json",
    "accept": "text/event-stream",
    "accept-encoding": "identity",
    "user-agent": "barnacle",
}


@dataclass
class Exchange:
    """`delivered` is true once a word or a tool call of the answer has been handed on."""

    transport: httpx.AsyncBaseTransport
    model: ModelSettings
    api: ModelApi
    clock: Clock
    send_item: SendItem
    idle_s: float = limits.MODEL_IDLE_S
    delivered: bool = False
    _end_at: float = 0.0
    _first_at: float = 0.0

    async def run(self, body: dict[str, Any]) -> Answer:
        """The complete answer, its tool calls not yet sent. Raises ModelError; cancelling it closes the stream at once.

        Errors of the transport that are no httpx ones (the broker's) pass through."""
        content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        if len(content) > limits.MODEL_REQUEST_BYTES:
            raise ModelError("too_long", f"the request has {len(content)} bytes", "begin a new session")
        loop = asyncio.get_running_loop()
        self._end_at = loop.time() + self.model.timeout_s
        self._first_at = min(self._end_at, loop.time() + self.model.first_token_s)
        try:
            async with asyncio.timeout_at(self._first_at) as bound:
                response = await self.transport.handle_async_request(self._request(content))
                try:
                    return await self._read(response, bound)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise self._late(loop.time() >= self._end_at) from None
        except httpx.TransportError as error:
            raise failures.of_transport(error) from None

    def _request(self, content: bytes) -> httpx.Request:
        wait_s = max(self.model.first_token_s, self.idle_s) + 5  # the bounds here come first and say more
        timeout = {"connect": limits.MODEL_CONNECT_S, "read": wait_s, "write": wait_s, "pool": wait_s}
        headers = _HEADERS | self.api.headers
        url = self.model.url + self.api.path
        return httpx.Request("POST", url, headers=headers, content=content, extensions={"timeout": timeout})

    async def _read(self, response: httpx.Response, bound: asyncio.Timeout) -> Answer:
        if response.status_code != 200:
            body = await _beginning(response)
            raise failures.refused(response.status_code, response.headers, body, self.clock.now_ms())
        kind = response.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() != "text/event-stream":
            raise failures.not_a_stream(kind, await _beginning(response))
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ModelError("model_error", "the model server compresses its stream", "switch that off at the server")
        return await self._stream(response, bound)

    async def _stream(self, response: httpx.Response, bound: asyncio.Timeout) -> Answer:
        reader, parser, received = self.api.reader(), SseParser(), 0
        chunks = response.aiter_raw()
        async for chunk in chunks:
            received += len(chunk)
            if received > limits.MODEL_ANSWER_BYTES:
                raise ModelError("model_error", "the model's answer does not end", "ask for less at a time")
            try:
                for event in parser.feed(chunk):
                    found = reader.take(event)
                    if found:
                        await self._deliver(found, bound)
                    if found is not None:
                        self._alive(bound)
                    if reader.complete:
                        await _drain(chunks)
                        return reader.answer
            except (SseError, ValueError) as error:
                raise _garbled(error) from None
        if parser.pending or not reader.ended():
            raise Unfinished("the model's answer broke off in the middle")
        return reader.answer

    async def _deliver(self, found: list[Item], bound: asyncio.Timeout) -> None:
        """A slow reader is not the model's fault: only the whole answer's time counts meanwhile."""
        self.delivered = True
        bound.reschedule(self._end_at)
        for item in found:
            await self.send_item(item)

    def _alive(self, bound: asyncio.Timeout) -> None:
        """The model did something (pings do not count): it has `idle_s` for the next piece, or what is left of the time
        for the first one."""
        idle_at = asyncio.get_running_loop().time() + self.idle_s
        wait_until = idle_at if self.delivered else max(idle_at, self._first_at)
        bound.reschedule(min(self._end_at, wait_until))

    def _late(self, total: bool) -> ModelError:
        if total:
            return Unfinished(f"the model's answer took longer than {self.model.timeout_s} s")
        if self.delivered:
            return Unfinished(f"the model said nothing for {self.idle_s:g} s in the middle of its answer")
        return Unfinished(f"the model did not begin to answer within {self.model.first_token_s} s")


def _garbled(error: Exception) -> ModelError:
    """`error` is ours (SseError) or the JSON parser's, whose text quotes nothing."""
    what = str(error) if isinstance(error, SseError) else "an event is not what the API says"
    return ModelError("model_error", f"the model server's stream cannot be read: {what}", "see whether api is right")


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Let a complete answer's stream end, or not: the connection is used again only if it does."""
    try:
        async with asyncio.timeout(limits.MODEL_DRAIN_S):
            async for _ in chunks:
                pass
    except (httpx.TransportError, TimeoutError, BrokerRefused, BrokerUnreachable, RequestRefused) as error:
        log.debug("the end of a stream: %s", type(error).__name__)


async def _beginning(response: httpx.Response) -> bytes:
    """The body's first part, enough for an error."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= limits.MODEL_ERROR_BYTES:
            break
    return bytes(body[: limits.MODEL_ERROR_BYTES])
