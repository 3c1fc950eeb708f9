"""Listens to what the box sends, beside the host: when each record arrived, by this process's clock."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from app.host.bridge import Bridge, Message
from app.host.device_core import open_envelope
from app.host.keys import HOST_USER, load_keys
from app.host.settings import read_settings
from bench.appliance import Appliance

KEPT = 2_000  # per kind


class Wiretap:
    """`async with Wiretap(appliance) as tap:` then `await tap.seen(kind, match)` → (arrival in ms, envelope)."""

    def __init__(self, appliance: Appliance) -> None:
        keys = load_keys(appliance.paths.keys)
        mqtt = read_settings(appliance.paths.config).mqtt
        login = keys.login(HOST_USER, mqtt)
        self._key = keys.device_key
        self._topic = f"barnacle/{keys.device_id}/up"
        self._bridge = Bridge(
            login.host,
            login.port,
            login.user,
            login.password,
            f"bench-{secrets.token_hex(4)}",
            self._receive,
            [(self._topic, 1)],
            on_state=self._on_state,
            clean_session=True,
        )
        self._online = asyncio.Event()
        self._new = asyncio.Event()
        self.records: dict[str, deque[tuple[float, dict[str, Any]]]] = {}

    async def __aenter__(self) -> "Wiretap":
        await self._bridge.__aenter__()
        await asyncio.wait_for(self._online.wait(), 10)
        await asyncio.sleep(0.2)  # the subscription's acknowledgement has no hook of its own
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._bridge.__aexit__(None, None, None)

    async def seen(
        self, kind: str, match: Callable[[dict[str, Any]], bool], timeout_s: float = 20
    ) -> tuple[float, dict[str, Any]]:
        """The latest record of this kind whose body matches; waits for it."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._new.clear()
            for found in reversed(self.records.get(kind, ())):
                if match(found[1]["body"]):
                    return found
            await asyncio.wait_for(self._new.wait(), deadline - time.monotonic())

    async def _receive(self, message: Message) -> None:
        now_ms = time.perf_counter_ns() / 1e6
        envelope = open_envelope(self._key, message.payload)
        self.records.setdefault(envelope["kind"], deque(maxlen=KEPT)).append((now_ms, envelope))
        self._new.set()

    def _on_state(self, online: bool, reason: str) -> None:
        if online:
            self._online.set()
