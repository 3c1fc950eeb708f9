"""What a call answers, on its way to the box: joined while the box is behind, never delayed otherwise."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.host import device_core, limits
from app.host.device_core import CALL_WINDOW_BYTES

Body = dict[str, Any]
Send = Callable[[str, Body], Awaitable[bool]]


class SessionLostError(Exception):
    """Nobody is there any more to answer."""


class CallOutbox:
    """`put` items, then `finish`; `run` sends them until the last one is out. Raises SessionLostError.

    `taken(n)`: the box has made room for what was sent up to part `n`.
    """

    def __init__(self, call: str, send: Send) -> None:
        self._call = call
        self._send = send
        self._waiting: deque[tuple[str, Body]] = deque()
        self._sent: deque[tuple[int, int]] = deque()
        self._under_way = 0
        self._n = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, item: Body) -> None:
        """Queue an item; waits while CALL_ITEMS_WAITING wait. Text joins the text that waits already."""
        device_core.encode_call(item)  # what cannot be sent is the fault of who made it
        while True:
            if self._joined(item):
                return
            if len(self._waiting) < limits.CALL_ITEMS_WAITING:
                self._add("call.item", item)
                return
            self._room.clear()
            await self._room.wait()

    def finish(self, result: Body) -> None:
        """The result, after everything that waits."""
        device_core.encode_call(result)
        self._add("call.end", result)

    def fail(self, error: Body) -> None:
        """In place of a result: code, message and remedy."""
        self._add("call.fail", error)

    def taken(self, n: object) -> None:
        """Forget what the box has taken."""
        while self._sent and isinstance(n, int) and self._sent[0][0] <= n:
            self._under_way -= self._sent.popleft()[1]
        self._wake.set()

    async def run(self) -> None:
        """Send until the end is sent."""
        while True:
            while self._waiting:
                kind, body = self._waiting.popleft()
                self._room.set()
                await self._send_all(kind, body)
                if kind != "call.item":
                    return
            self._wake.clear()
            await self._wake.wait()

    def _add(self, kind: str, body: Body) -> None:
        self._waiting.append((kind, body))
        self._wake.set()

    def _joined(self, item: Body) -> bool:
        if not self._waiting or item.get("t") != "text" or self._waiting[-1][1].get("t") != "text":
            return False
        kind, last = self._waiting[-1]
        text = last["text"] + item["text"]
        if len(text) > limits.CALL_JOIN_CHARS:
            return False
        self._waiting[-1] = (kind, {**last, "text": text})
        return True

    async def _send_all(self, kind: str, body: Body) -> None:
        if kind == "call.fail":
            await self._send_part(kind, body, 0)
            return
        for piece, more in device_core.cut_call(device_core.encode_call(body)):
            counted = len(piece) if kind == "call.item" else 0  # the result is taken as it comes
            while counted and self._under_way > CALL_WINDOW_BYTES // 2:
                self._wake.clear()
                await self._wake.wait()
            await self._send_part(kind, {"p": piece, "m": more}, counted)

    async def _send_part(self, kind: str, body: Body, counted: int) -> None:
        if counted:
            self._sent.append((self._n, counted))
            self._under_way += counted
        part = {"c": self._call, "n": self._n, **body}
        self._n += 1
        if not await self._send(kind, part):
            raise SessionLostError
