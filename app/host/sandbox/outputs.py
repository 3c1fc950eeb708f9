"""Results on their way from a container to whoever wants them, in order, with bounds."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.host import limits

OnOutput = Callable[[Any], Awaitable[None]]
"""Takes one result; may be slow, may fail."""


class Outputs:
    """Hands results to the handler one after the other; after a failure of the handler none any more."""

    def __init__(self, handler: OnOutput) -> None:
        self._handler = handler
        self._waiting: deque[tuple[Any, int]] = deque()
        self._size = 0
        self._handing: asyncio.Task[None] | None = None
        self._problem = ""

    def add(self, output: Any, size: int) -> None:
        """One more result of `size` characters; when too many wait it is dropped, and the run fails for it."""
        if self._problem:
            return
        if len(self._waiting) >= limits.OUTPUTS_WAITING or self._size + size > limits.OUTPUT_WAITING:
            self._problem = f"Output handler is too slow: {len(self._waiting)} results wait, {self._size} characters"
            return
        self._waiting.append((output, size))
        self._size += size
        if self._handing is None:
            self._handing = asyncio.create_task(self._hand_over(), name="container output handler")

    async def settled(self) -> str:
        """Wait until nothing waits any more; what went wrong, "" for nothing."""
        while self._handing is not None:
            await self._handing
        return self._problem

    async def _hand_over(self) -> None:
        try:
            while self._waiting:
                output, size = self._waiting.popleft()
                self._size -= size
                await self._handler(output)
        except Exception as error:  # whatever the handler raises is this run's failure, told in its result
            self._problem = f"Output handler failed: {error}"
            self._waiting.clear()
        finally:
            self._handing = None
