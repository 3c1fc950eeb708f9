"""The audit log as the credential broker uses it: `await append(event)` returns when the event is on the disk.

Appends that come while the disk is busy share the next sync. Whatever must not happen unrecorded happens after that
`await`, or not at all.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from broker.audit import limits
from broker.audit.clean import Scrub, same
from broker.audit.disk import Disk
from broker.audit.errors import AuditUnavailable
from broker.audit.writer import CHANGED, CLOSED, FULL, OK, UNWRITABLE, ChainWriter, Head, Sizes

__all__ = ["AuditLog", "AuditUnavailable", "Head"]

Event = Mapping[str, Any]
_Waiting = tuple[Sequence[Event], "asyncio.Future[list[Head]]"]


class AuditLog:
    """An open log; there is one per folder. `head`, `state`, `message`, `describe` tell how it stands."""

    def __init__(self, writer: ChainWriter, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, "barnacle-audit")
        self._waiting: list[_Waiting] = []
        self._committer: asyncio.Task[None] | None = None
        self._monotonic = clock
        self._tried = 0.0
        self._closed = False
        self.syncs = 0

    @classmethod
    async def open(
        cls,
        folder: Path,
        key: bytes,
        *,
        scrub: Scrub = same,
        older_keys: Sequence[bytes] = (),
        disk: Disk | None = None,
        sizes: Sizes | None = None,
    ) -> "AuditLog":
        """Take up the chain in `folder` (0700, made if missing) or begin one.

        `key`: 32 bytes. `older_keys`: keys of earlier files, when it was changed. `scrub(text) -> text` replaces every
        known secret. Never raises for what is wrong with the folder: then `state` is not "ok", `append` raises
        AuditUnavailable, and a disk that was full or unwritable is tried again by itself.
        """
        writer = ChainWriter(folder, key, scrub, older_keys, disk, sizes)
        log = cls(writer, asyncio.get_running_loop().time)
        await log._try_to_open()
        return log

    @property
    def head(self) -> Head:
        """The newest record that is on the disk."""
        return self._writer.head

    @property
    def chain(self) -> str:
        """The chain's id."""
        return self._writer.chain

    @property
    def state(self) -> str:
        """ "ok", "full", "unwritable", "changed" (somebody else wrote: stays so until the next start) or "closed"."""
        return self._writer.state

    @property
    def message(self) -> str:
        """Why it is not "ok", in words."""
        return self._writer.message

    def describe(self) -> dict[str, Any]:
        """{"state", "message", "remedy", "chain", "n", "head"}, as the broker's state tells it."""
        head, remedy = self.head, "" if self.state == OK else self._writer.unavailable().remedy
        told = {"state": self.state, "message": self.message, "remedy": remedy}
        return told | {"chain": self.chain, "n": head.n, "head": head.hash}

    async def append(self, event: Event) -> Head:
        """Record one event; its number and hash once it is on the disk. Raises AuditUnavailable: it is not recorded."""
        return (await self.append_all([event]))[0]

    async def append_all(self, events: Sequence[Event]) -> list[Head]:
        """The same for several, all or none of them."""
        if len(self._waiting) >= limits.WAITING:
            raise AuditUnavailable("unwritable", "too many records wait for the disk", "try again later")
        if not events:
            return []
        if self._closed:
            raise AuditUnavailable(CLOSED, "the audit log is closed", "start Barnacle")
        outcome: asyncio.Future[list[Head]] = asyncio.get_running_loop().create_future()
        self._waiting.append((list(events), outcome))
        if self._committer is None:
            self._committer = asyncio.create_task(self._commit(), name="audit-commit")
        return await outcome

    async def probe(self) -> None:
        """While the disk refuses, see whether it still does, at most every RETRY_MS. `state` is fresh afterwards."""
        if self.state in (FULL, UNWRITABLE) and self._is_time():
            try:
                await self._in_thread(self._append_now, [])
            except AuditUnavailable:
                return  # `state` and `message` say it

    async def close(self) -> None:
        """Write what waits, then give the files back; `append` raises from then on."""
        self._closed = True
        while self._committer is not None:
            await asyncio.shield(self._committer)
        await self._in_thread(self._writer.close)
        self._thread.shutdown()

    async def _commit(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[: limits.TOGETHER]
                del self._waiting[: len(batch)]
                await self._write(batch)
        finally:
            self._committer = None

    async def _write(self, batch: list[_Waiting]) -> None:
        events = [event for group, _ in batch for event in group]
        try:
            heads = await self._in_thread(self._append_now, events)
        except Exception as error:
            for _, outcome in batch:
                if not outcome.done():
                    outcome.set_exception(_again(error))
            return
        self.syncs += 1
        at = 0
        for group, outcome in batch:
            if not outcome.done():
                outcome.set_result(heads[at : at + len(group)])
            at += len(group)

    def _append_now(self, events: Sequence[Event]) -> list[Head]:
        if not self._writer.is_open and self._writer.state != CHANGED:
            self._writer.open()
        return self._writer.append(events)

    async def _try_to_open(self) -> None:
        try:
            await self._in_thread(self._writer.open)
        except AuditUnavailable:
            return  # `state` and `message` say it

    def _is_time(self) -> bool:
        now = self._monotonic()
        if now - self._tried < limits.RETRY_MS / 1000:
            return False
        self._tried = now
        return True

    async def _in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def _again(error: Exception) -> Exception:
    """Each caller gets an exception of its own: tracebacks must not be shared."""
    if isinstance(error, AuditUnavailable):
        return AuditUnavailable(error.state, error.message, error.remedy)
    return error
