"""Who waits for what the box will say about a command or a message."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from app.host import limits
from app.host.refusal import RequestRefused


class Outcomes:
    """`expect` before the record goes into the spool, `tell` when the box has answered; a bounded number waits."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[dict[str, Any]]]] = {}
        self._count = 0

    @contextmanager
    def expect(self, key: str) -> Generator[asyncio.Future[dict[str, Any]]]:
        """A future for the outcome named `key`; raises RequestRefused("busy") when too many wait already."""
        if self._count >= limits.OUTCOMES_AWAITED:
            raise RequestRefused("busy", f"{self._count} requests wait for the box already", "try again in a moment")
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(future)
        self._count += 1
        try:
            yield future
        finally:
            self._count -= 1
            self._waiting[key].discard(future)
            if not self._waiting[key]:
                del self._waiting[key]

    def tell(self, key: str, outcome: dict[str, Any]) -> None:
        """Wake everybody who waits for `key`."""
        for future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(outcome)


def message_key(jid: str, message_id: str) -> str:
    """The name, and the envelope id, of an inbound message."""
    return f"msg:{jid}:{message_id}"


def command_key(request_id: str) -> str:
    """The name, and the envelope id, of a command."""
    return f"cmd:{request_id}"
