"""File systems that fail, and one that remembers only what was synced."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from broker.audit.disk import Disk


class RefusingDisk(Disk):
    """`refuse` is an errno while the disk refuses to take data; `room` bytes are taken before it does."""

    def __init__(self) -> None:
        self.refuse: int | None = None
        self.room = 0
        self.removing_helps = False

    def write(self, handle: int, data: bytes) -> int:
        if self.refuse is not None:
            if self.room <= 0:
                raise OSError(self.refuse, os.strerror(self.refuse))
            data = data[: self.room]
            self.room -= len(data)
        return super().write(handle, data)

    def allocate(self, handle: int, size: int) -> None:
        if self.refuse is not None:
            raise OSError(self.refuse, os.strerror(self.refuse))
        super().allocate(handle, size)

    def remove(self, path: Path) -> None:
        super().remove(path)
        if self.removing_helps:
            self.room += 4096


class FailingSyncDisk(Disk):
    """`sync` fails with EIO while `failing`."""

    def __init__(self) -> None:
        self.failing = False

    def sync(self, handle: int) -> None:
        if self.failing:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(handle)


class WatchedDisk(Disk):
    """Counts and tells each step; `before_sync` runs in the writer's thread."""

    def __init__(self, before_sync: Callable[[], None] = lambda: None) -> None:
        self.steps: list[str] = []
        self._before_sync = before_sync

    def write(self, handle: int, data: bytes) -> int:
        self.steps.append("write")
        return super().write(handle, data)

    def sync(self, handle: int) -> None:
        self._before_sync()
        super().sync(handle)
        self.steps.append("sync")
