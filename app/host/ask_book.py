"""What became of asks, as the box has reported it: whoever acts on an approval asks here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.host import limits

Body = dict[str, Any]


class AskBook:
    """`read(id)` is the ask in the mirror; `reported()` is called after each ask that was stored there."""

    def __init__(self, read: Callable[[str], Awaitable[Body | None]]) -> None:
        self._read = read
        self._news = asyncio.Event()

    def reported(self) -> None:
        """An ask is in the mirror, or has changed there."""
        self._news.set()
        self._news = asyncio.Event()

    async def ended(self, name: str) -> Body | None:
        """The ask when it is over. The box's record of its end came before whoever asks, but may not be stored yet:
        waits for it RUN_WAIT_MS at most, then answers with what there is; None when there is no such ask."""
        try:
            async with asyncio.timeout(limits.RUN_WAIT_MS / 1000):
                while True:
                    news = self._news
                    ask = await self._read(name)
                    if ask is not None and ask["state"] != "open":
                        return ask
                    await news.wait()
        except TimeoutError:
            return await self._read(name)
