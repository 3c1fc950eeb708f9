"""Which runs go on, as the box has reported them: nobody else borrows anything."""

import asyncio
from typing import Any

from app.host import limits
from app.host.refusal import RequestRefused


class RunBook:
    """`report` each run record, in order. At most OPEN_RUNS are kept; the oldest give way."""

    def __init__(self) -> None:
        self._running: dict[str, str] = {}
        self._news = asyncio.Condition()

    def load(self, running: dict[str, str]) -> None:
        """What the mirror knows from before: run -> group."""
        self._running = dict(list(running.items())[-limits.OPEN_RUNS :])

    def forget(self) -> None:
        """The box was reset."""
        self._running.clear()

    async def report(self, kind: str, body: dict[str, Any]) -> str | None:
        """Take a record; the id of the run that it ended, if any."""
        run, folder = body.get("id"), body.get("folder")
        if not isinstance(run, str) or not isinstance(folder, str):
            return None
        if kind != "run.started":
            return run if self._running.pop(run, None) is not None else None
        self._running[run] = folder
        while len(self._running) > limits.OPEN_RUNS:
            del self._running[next(iter(self._running))]
        async with self._news:
            self._news.notify_all()
        return None

    async def require(self, run: str, folder: str) -> None:
        """Return if `run` goes on in `folder`. Its record came before whoever asks, but may not be stored yet: waits
        for it RUN_WAIT_MS at most. Raises RequestRefused("unknown_run")."""
        try:
            async with asyncio.timeout(limits.RUN_WAIT_MS / 1000), self._news:
                await self._news.wait_for(lambda: run in self._running)
        except TimeoutError:
            raise _unknown(run) from None
        if self._running.get(run) != folder:
            raise _unknown(run)

    def goes_on(self, run: str) -> bool:
        """Whether it does, as far as is known now."""
        return run in self._running


def _unknown(run: str) -> RequestRefused:
    return RequestRefused("unknown_run", f"the box has not reported that run {run[:40]!r} goes on in that group")
