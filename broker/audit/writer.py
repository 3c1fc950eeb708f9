"""The one writer of the chain: blocking, called from one thread. log.py gives it an asyncio face.

A batch is accepted when its lines are on the disk; before that nothing of it counts, and when it cannot be, it is cut
off again. What stops the writer is a state: "full" and "unwritable" end by themselves, "changed" only at the next open.
"""

import errno
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.audit import limits
from broker.audit.chain import Ending, MacKeyOf, feed_of, read_ending, remember
from broker.audit.chain_files import ChainFiles
from broker.audit.clean import Scrub, clean_event, same
from broker.audit.disk import Disk
from broker.audit.errors import AuditUnavailable
from broker.audit.folder import UnsafePathError
from broker.audit.record import VERSION, ZERO, chain_key, encode, key_id

OK, FULL, UNWRITABLE, CHANGED, CLOSED = "ok", "full", "unwritable", "changed", "closed"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Head:
    """The newest record: its number and hash."""

    n: int
    hash: str


@dataclass(frozen=True)
class Sizes:
    """How large files may become; tests make them small."""

    file: int = limits.FILE_BYTES
    kept: int = limits.KEPT_BYTES
    reserve: int = limits.RESERVE_BYTES


class ChainWriter:
    """Make it, `open`, `append` …, `close`. `state` and `message` tell how it stands."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        scrub: Scrub = same,
        older_keys: Sequence[bytes] = (),
        disk: Disk | None = None,
        sizes: Sizes | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._key_id = key_id(key)
        self._keys = {key_id(one): one for one in (*older_keys, key)}
        self._scrub = scrub
        self._sizes = sizes or Sizes()
        self._files = ChainFiles(folder, disk or Disk(), self._sizes.reserve)
        self._now_ms = clock or _now_ms
        self._feeds: dict[str, int] = {}
        self._mac_key = b""
        self._notes: list[Event] = []
        self.chain = ""
        self.head = Head(0, ZERO)
        self.state = CLOSED
        self.message = "the audit log is not open"

    # Opening

    def open(self) -> None:
        """Take the chain up where it ends, or begin one. Raises AuditUnavailable."""
        try:
            self._recover()
            self.state, self.message = OK, ""
            self._write(self._notes)
            self._notes.clear()
            self._files.restore_reserve()
            self._drop_old()
        except UnsafePathError as error:
            self._files.close()
            self.state, self.message = CHANGED, error.message
            raise AuditUnavailable(CHANGED, error.message, error.remedy) from None
        except OSError as error:
            self._files.close()
            self.state, self.message = _state_of(error), f"the audit log cannot be opened: {_words(error)}"
            raise self.unavailable() from error

    def close(self) -> None:
        """Give the files back; safe to call twice."""
        self._files.close()
        self.state, self.message = CLOSED, "the audit log is closed"

    def _recover(self) -> None:
        """Find the end of the chain, and note for it how it was found."""
        files = self._files.open()
        usable = True
        while files:
            number, path = files.popitem()
            end = read_ending(path, MacKeyOf(self._keys))
            if end.chain:
                self._go_on_from(path, end, usable)
                return
            if end.bytes == 0:  # killed while it was begun: nothing in it was accepted
                self._files.remove(path)
                self._note("audit.torn", f"{path.name}: {end.torn} bytes of its first record")
                self._files.number = number - 1 if usable else self._files.number
            else:
                self._note("audit.damaged", f"{path.name}: {end.problem}")
                usable = False
        self._begin_chain()

    def _go_on_from(self, path: Path, end: Ending, usable: bool) -> None:
        self._files.go_on_from(path, end.bytes, end.torn)
        if end.torn:
            self._note("audit.torn", f"{path.name}: {end.torn} bytes after record {end.n}")
        self.head, self._feeds = Head(end.n, end.hash), end.feeds
        self.chain = end.chain
        self._mac_key = chain_key(self._keys[self._key_id], self.chain)
        if end.problem:
            self._note("audit.damaged", f"{path.name}: {end.problem}")
        if end.key != self._key_id:
            self._note("audit.key", f"key {self._key_id} follows {end.key}")
        if end.problem or not usable or end.key != self._key_id:
            self._begin_file()

    def _begin_chain(self) -> None:
        self.chain = secrets.token_hex(8)
        self._mac_key = chain_key(self._keys[self._key_id], self.chain)
        self.head, self._feeds = Head(0, ZERO), {}
        self._begin_file()

    def _begin_file(self) -> None:
        """Go on in a new file, whose first record ties it to the one before. Wholly there, or not at all."""
        header = {"v": VERSION, "chain": self.chain, "key": self._key_id, "number": self._files.number + 1}
        header |= {"ts_ms": self._now_ms(), "feeds": self._feeds}
        line, digest = encode(self.head.n + 1, self.head.hash, "file", header, self._mac_key)
        self._files.begin(line + b"\n")
        self.head = Head(self.head.n + 1, digest)

    # Writing

    @property
    def is_open(self) -> bool:
        """Whether files are held; after a start on a full or read-only disk they are not."""
        return self._files.is_open

    def append(self, events: Sequence[Event]) -> list[Head]:
        """Write events and sync; the head after each of them. One with a `feed` {"id", "seq"} that is here already is
        not written again. Raises AuditUnavailable: then none of them is accepted."""
        if self.state in (CHANGED, CLOSED):
            raise self.unavailable()
        try:
            self._check_unchanged()
            if self.state != OK:
                self._resume()
            if self._files.size >= self._sizes.file:
                self._begin_file()
                self._drop_old()
            return self._write(events)
        except UnsafePathError as error:
            self.state, self.message = CHANGED, error.message
            raise self.unavailable() from None
        except OSError as error:
            self._fail(error)
            raise self.unavailable() from error

    def unavailable(self) -> AuditUnavailable:
        """The present state as an exception."""
        remedy = {
            FULL: "make room on the disk; Barnacle goes on by itself",
            UNWRITABLE: "see whether the disk is mounted read-only or failing; Barnacle goes on by itself",
            CHANGED: "somebody else wrote to it: run barnacle audit verify, then restart Barnacle",
        }
        return AuditUnavailable(self.state, self.message, remedy.get(self.state, "start Barnacle"))

    def _write(self, events: Sequence[Event]) -> list[Head]:
        data = bytearray()
        heads: list[Head] = []
        head, feeds = self.head, dict(self._feeds)
        for event in events:
            if not _is_known(feeds, event):
                line, digest = encode(head.n + 1, head.hash, "event", clean_event(event, self._scrub), self._mac_key)
                data += line + b"\n"
                head = Head(head.n + 1, digest)
            heads.append(head)
        if data:
            self._files.add(bytes(data))
        self.head, self._feeds = head, feeds
        return heads

    def _note(self, what: str, detail: str) -> None:
        self._notes.append(self._own(what, detail))

    def _own(self, what: str, detail: str) -> Event:
        fields = {"ts_ms": self._now_ms(), "src": "broker", "what": what, "actor": "audit", "folder": None}
        return fields | {"decision": "info", "rule": "", "reason": "", "detail": detail}

    def _check_unchanged(self) -> None:
        """Nobody else has written, and the file that is written is still the one that bears the name."""
        why = self._files.touched(sized=self.state == OK)
        if why is not None:
            name = self._files.path.name
            self.state, self.message = CHANGED, f"the audit log was touched by somebody else: {name} {why}"
            raise self.unavailable()

    # When the disk refuses, and after

    def _fail(self, error: OSError) -> None:
        before, self.state = self.state, _state_of(error)
        self.message = f"the audit log cannot be written: {_words(error)}"
        try:
            self._files.cut_back()
        except OSError:
            return  # _resume cuts it off before anything else is written
        if before == OK and self.state == FULL:
            self._tell_full()

    def _tell_full(self) -> None:
        """Free what was set aside, so that the chain itself says why it stops here."""
        try:
            self._files.free_reserve()
            self._write([self._own("audit.full", self.message)])
        except OSError as error:
            self.message += f" ({_words(error)} also for the reserve)"

    def _resume(self) -> None:
        """Write again if the disk lets us; raises OSError while it does not."""
        self._files.recover()
        was, self.state = self.state, OK
        try:
            self._write([self._own("audit.writable", f"after {was}: {self.message}")])
        except OSError:
            self.state = was
            raise
        self.message = ""

    def _drop_old(self) -> None:
        """Remove the oldest files beyond what is kept; a record says so first, so that verify knows the beginning."""
        files = self._files.listed()
        total = sum(path.stat().st_size for path in files.values())
        while total > self._sizes.kept and len(files) > 2:
            path = files.pop(next(iter(files)))
            total -= path.stat().st_size
            end = read_ending(path, MacKeyOf({}))
            gone = {"upto": end.n, "hash": end.hash}
            self._write([{**self._own("audit.dropped", path.name), **gone}])
            self._files.remove(path)


def _is_known(feeds: dict[str, int], event: Event) -> bool:
    feed = feed_of(event)
    if feed is None:
        return False
    name, seq = feed
    if seq <= feeds.get(name, 0):
        return True
    remember(feeds, name, seq)
    return False


def _state_of(error: OSError) -> str:
    return FULL if error.errno in _NO_ROOM else UNWRITABLE


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
