"""What the inference service adds to a model's answer, against a plain httpx stream of the same server in the same run.

plain_ms     a piece of text leaves the server -> it is read from the plain stream
service_ms   … -> it has been handed to `send_item` (read, parsed, checked, passed on)
added_ms     difference of the two distributions at p50 and p99
call_ms      a whole short call (no wait at the server): plain and through the service
"""

import asyncio
import time
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from app.host.device_core import system_clock
from app.host.inference.service import Inference
from app.host.settings import parse_settings
from bench.figures import percentiles, show
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.script import Reply

PIECES = 500
PAUSE_S = 0.002
CALLS = 200
REQUEST = {"run": "r", "folder": "main", "messages": [{"role": "user", "content": [{"t": "text", "text": "hi"}]}]}


class TimedImitation(AnthropicImitation):
    """Writes the moment at which it leaves into each piece of text."""

    def sent(self, piece: bytes) -> bytes:
        """Called for each write, at the last moment."""
        return piece.replace(b"@" * 20, f"{time.perf_counter_ns():020d}".encode())


async def measure() -> dict[str, Any]:
    """All figures."""
    async with TimedImitation("sk-fake-bench") as server, httpx.AsyncHTTPTransport(trust_env=False) as transport:
        keyed = _Keyed(transport)
        text = f'[models.m]\napi = "anthropic"\nurl = "{server.url}"\nmodel = "m"\n'
        settings = parse_settings(tomllib.loads(text), Path("config.toml")).models

        async def lend(run: str, folder: str, model: object) -> httpx.AsyncBaseTransport:
            return keyed

        service = Inference(settings, lend, system_clock())
        body: dict[str, Any] = {}
        plain: list[float] = []
        ours: list[float] = []
        for _ in range(3):
            server.script.append(_paced())
            ours += await _through(service)
            body = server.requests[-1].json
            server.script.append(_paced())
            plain += [late_ms async for late_ms in _plainly(keyed, server.url, body)]
        short = {"plain": await _calls(lambda: _drain(keyed, server.url, body))}
        short["service"] = await _calls(lambda: _through(service))
    read, passed = percentiles(plain), percentiles(ours)
    added = {key: round(passed[key] - read[key], 2) for key in ("p50", "p99")}
    calls = {name: percentiles(values) for name, values in short.items()}
    return {"plain_ms": read, "service_ms": passed, "added_ms": added, "call_ms": calls}


class _Keyed(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["x-api-key"] = "sk-fake-bench"
        return await self._inner.handle_async_request(request)


def _paced() -> Reply:
    return Reply("@" * 20 * PIECES, delta_chars=20, pause_s=PAUSE_S)


def _late_ms(text: str) -> float:
    return (time.perf_counter_ns() - int(text)) / 1e6


async def _through(service: Inference) -> list[float]:
    late: list[float] = []

    async def send(item: dict[str, Any]) -> None:
        if len(item["text"]) == 20:
            late.append(_late_ms(item["text"]))

    await service.run(REQUEST, send)
    return late


async def _plainly(transport: httpx.AsyncBaseTransport, url: str, body: dict[str, Any]) -> AsyncIterator[float]:
    headers = {"anthropic-version": "2023-06-01"}
    request = httpx.Request("POST", url + "/v1/messages", headers=headers, json=body)
    response = await transport.handle_async_request(request)
    mark = b'"text_delta", "text": "'
    async for chunk in response.aiter_raw():
        at = chunk.find(mark)
        piece = chunk[at + len(mark) : at + len(mark) + 20]
        if at >= 0 and piece.isdigit():
            yield _late_ms(piece.decode())
    await response.aclose()


async def _drain(transport: httpx.AsyncBaseTransport, url: str, body: dict[str, Any]) -> None:
    async for _ in _plainly(transport, url, body):
        pass


async def _calls(one: Any) -> list[float]:
    took: list[float] = []
    for _ in range(CALLS):
        begun = time.perf_counter_ns()
        await one()
        took.append((time.perf_counter_ns() - begun) / 1e6)
    return took


if __name__ == "__main__":
    show("tokens", asyncio.run(measure()))
