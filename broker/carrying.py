"""A call under way ends with its lease: when that is revoked, and when its time is over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from broker.errors import Unavailable
from broker.http_message import AnswerError
from broker.leases import Lease

T = TypeVar("T")


class Carrying:
    """One call of a lease. `left_s()` says how much of the lease's time is left."""

    def __init__(self, lease: Lease, left_s: Callable[[], float]) -> None:
        self._lease = lease
        self._left_s = left_s

    async def do(self, work: Awaitable[T]) -> T:
        """The result of `work`; Unavailable("outcome_unknown") when the lease ended meanwhile."""
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call is carried by a task")
        limit = asyncio.timeout(self._left_s())
        self._lease.tasks.add(task)
        try:
            async with limit:
                return await work
        except TimeoutError:
            if limit.expired():
                raise _cut("the lease has expired") from None
            raise
        except asyncio.CancelledError:
            if self._lease.ended is None:
                raise
            task.uncancel()
            raise _cut(self._lease.ended) from None
        finally:
            self._lease.tasks.discard(task)

    @property
    def over(self) -> str | None:
        """Why no more may be carried; None while more may be."""
        if self._lease.ended is None and self._left_s() <= 0:
            return "the lease has expired"
        return self._lease.ended


class CarriedBody(AsyncIterator[bytes]):
    """The pieces of an answer while the lease lasts; AnswerError after that. `aclose` gives the answer up, also when
    nothing of it was read."""

    def __init__(self, carrying: Carrying, pieces: AsyncIterator[bytes]) -> None:
        self._carrying = carrying
        self._pieces = pieces

    async def __anext__(self) -> bytes:
        over = self._carrying.over
        if over is not None:
            raise AnswerError("lease_expired", over)
        try:
            return await self._carrying.do(anext(self._pieces))
        except Unavailable as error:
            raise AnswerError(error.code, error.message) from None

    async def aclose(self) -> None:
        """End it."""
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()


def _cut(why: str) -> Unavailable:
    return Unavailable("outcome_unknown", f"cut off: {why}", "ask again in a new run")
