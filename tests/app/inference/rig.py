"""An inference service over plain HTTP to an imitation, on a clock that tests move."""

import asyncio
import ssl
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from app.host.inference.service import Inference
from app.host.settings import parse_settings

KEY = "sk-fake-0123456789abcdef"
NOW_MS = 1_795_000_000_000


class ManualClock:
    """Sleeping takes no time but is remembered, and moves the clock."""

    def __init__(self) -> None:
        self.at_ms = NOW_MS
        self.slept: list[int] = []

    def now_ms(self) -> int:
        return self.at_ms

    def ticks_ms(self) -> int:
        return self.at_ms

    async def sleep_ms(self, ms: int) -> None:
        self.slept.append(ms)
        self.at_ms += ms
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, timeout_ms: int | None) -> bool:
        await event.wait()
        return True


class KeyedTransport(httpx.AsyncBaseTransport):
    """Stands in for the broker: adds the key on the way out."""

    def __init__(self, api: str, key: str, verify: ssl.SSLContext | bool = True) -> None:
        self.api, self.key = api, key
        self.inner = httpx.AsyncHTTPTransport(verify=verify, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.key and self.api == "anthropic":
            request.headers["x-api-key"] = self.key
        elif self.key:
            request.headers["authorization"] = f"Bearer {self.key}"
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


class Rig:
    """`servers` are imitations by model name, in the order in which they are asked. `lent` lists what was borrowed;
    `times` are shorter ones than settings allow; `arrived` is set with the first item."""

    def __init__(
        self,
        servers: dict[str, Any],
        more: str = "",
        verify: Any = True,
        order: str = "",
        times: Any = None,
        **options: Any,
    ) -> None:
        text = "".join(
            f'[models.{name}]\napi = "{server.api}"\nurl = "{server.url}"\nmodel = "m-{name}"\n'
            f'credential = "{name}-key"\ninput_usd_per_mtok = 3\noutput_usd_per_mtok = 15\n'
            f"cache_read_usd_per_mtok = 0.3\ncache_write_usd_per_mtok = 3.75\n{more}\n"
            for name, server in servers.items()
        )
        settings = parse_settings(tomllib.loads(text + order), Path("config.toml")).models
        models = {name: replace(model, **(times or {})) for name, model in settings.models.items()}
        self.settings = replace(settings, models=models)
        self.clock = ManualClock()
        self.lent: list[tuple[str, str, str]] = []
        self.refuse: dict[str, Exception] = {}
        self.items: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.changes: list[dict[str, Any]] = []
        self.transports = {name: KeyedTransport(server.api, server.key, verify) for name, server in servers.items()}
        self.inference = Inference(
            self.settings,
            self.lend,
            self.clock,
            lambda: self.changes.append(self.inference.overview()),
            chance=lambda: 0.5,
            **options,
        )

    async def __aenter__(self) -> "Rig":
        return self

    async def __aexit__(self, *error: object) -> None:
        for transport in self.transports.values():
            await transport.aclose()

    async def lend(self, run: str, folder: str, model: Any) -> httpx.AsyncBaseTransport:
        self.lent.append((run, folder, model.name))
        if model.name in self.refuse:
            raise self.refuse[model.name]
        return self.transports[model.name]

    async def send(self, item: dict[str, Any]) -> None:
        self.items.append(item)
        self.arrived.set()

    async def ask(self, text: str = "hello", **more: Any) -> dict[str, Any]:
        request = {"run": "r1", "lease": "l1", "folder": "main", "system": "be kind", "messages": [user(text)]}
        return await self.inference.run(request | {"tools": TOOLS, "max_tokens": 500} | more, self.send)

    @property
    def text(self) -> str:
        return "".join(item["text"] for item in self.items if item["t"] == "text")

    @property
    def tools(self) -> list[tuple[str, dict[str, Any]]]:
        return [(item["name"], item["input"]) for item in self.items if item["t"] == "tool"]

    @property
    def notes(self) -> list[str]:
        return [item["text"] for item in self.items if item["t"] == "note"]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"t": "text", "text": text}]}


def round_of_tools(identity: str = "toolu_1") -> list[dict[str, Any]]:
    """A conversation in which a tool was called and has answered."""
    called = {"t": "tool_use", "id": identity, "name": "list_tasks", "input": {"a": 1}}
    answered = {"t": "tool_result", "id": identity, "text": "none", "error": True}
    return [
        user("tasks?"),
        {"role": "assistant", "content": [{"t": "text", "text": "Let me see."}, called]},
        {"role": "user", "content": [{"t": "text", "text": "and quickly"}, answered]},
    ]


TOOLS = [
    {
        "name": "list_tasks",
        "description": "Lists tasks",
        "schema": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
    {"name": "now", "description": "The time", "schema": {}},
]
