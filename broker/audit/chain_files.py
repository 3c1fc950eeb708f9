"""The files of the chain as its writer holds them: the lock, the one file that grows, and the room set aside.

Knows bytes and names, not records. Every method may raise OSError, as the disk does, and UnsafePathError.
"""

import fcntl
import os
from pathlib import Path

from broker.audit.disk import Disk
from broker.audit.folder import (
    LOCK,
    RESERVE,
    UnsafePathError,
    check_file,
    check_folder,
    file_name,
    numbered_files,
    open_file,
)


class ChainFiles:
    """`path` is the file that grows, `number` its number, `size` how much of it is accepted. `reserve`: bytes to set
    aside."""

    def __init__(self, folder: Path, disk: Disk, reserve: int) -> None:
        self._folder = folder
        self._disk = disk
        self._reserve = reserve
        self._lock = self._handle = -1
        self._leftover: Path | None = None
        self.path = folder / file_name(1)
        self.number = self.size = 0

    @property
    def is_open(self) -> bool:
        """Whether a file is held; after a start on a full or read-only disk none is."""
        return self._handle >= 0

    def open(self) -> dict[int, Path]:
        """Make the folder if it is missing, keep other writers out, and tell which files are there, by number."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_folder(self._folder)
        if self._lock < 0:
            self._lock = open_file(self._folder / LOCK, os.O_RDWR | os.O_CREAT)
            _claim(self._lock)
        files = numbered_files(self._folder)
        self.number = max(files, default=0)
        self._leftover = None
        return files

    def close(self) -> None:
        """Give everything back; safe to call twice."""
        for handle in (self._handle, self._lock):
            if handle >= 0:
                os.close(handle)
        self._handle = self._lock = -1

    def listed(self) -> dict[int, Path]:
        """The files in order, by number."""
        return numbered_files(self._folder)

    def go_on_from(self, path: Path, size: int, torn: int) -> None:
        """Let this file grow, from `size` bytes on; the `torn` bytes after them go."""
        self.path, self.size = path, size
        self._take(open_file(path, os.O_RDWR | os.O_APPEND))
        _claim(self._handle)
        if torn:
            self.cut_back()
            self._disk.sync(self._handle)

    def begin(self, data: bytes) -> None:
        """Go on in a new file that begins with `data`. It is wholly there, or not at all."""
        path = self._folder / file_name(self.number + 1)
        if self._leftover == path:
            self._disk.remove(path)
        handle = open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self._leftover = path
        try:
            self._write_all(handle, data)
            self._disk.sync(handle)
            self._disk.sync_folder(self._folder)
            _claim(handle)
        except BaseException:
            os.close(handle)
            raise
        self._leftover = None
        self._take(handle)
        self.number, self.path, self.size = self.number + 1, path, len(data)

    def add(self, data: bytes) -> None:
        """Append and sync. After an error some of it may be there, beyond `size`: see `cut_back`."""
        self._write_all(self._handle, data)
        self._disk.sync(self._handle)
        self.size += len(data)

    def cut_back(self) -> None:
        """Take away what is beyond `size`."""
        self._disk.truncate(self._handle, self.size)

    def recover(self) -> None:
        """After an error: only what was accepted is there, and the reserve is whole again."""
        self.cut_back()
        self._disk.sync(self._handle)
        self.restore_reserve()

    def remove(self, path: Path) -> None:
        """Remove a file, so that it stays removed."""
        self._disk.remove(path)
        self._disk.sync_folder(self._folder)

    def restore_reserve(self) -> None:
        """Set room aside, unless it is."""
        handle = open_file(self._folder / RESERVE, os.O_RDWR | os.O_CREAT)
        try:
            if os.fstat(handle).st_blocks * 512 < self._reserve:
                self._disk.allocate(handle, self._reserve)
                self._disk.sync(handle)
        finally:
            os.close(handle)

    def free_reserve(self) -> None:
        """Give the room free that was set aside."""
        self._disk.remove(self._folder / RESERVE)

    def touched(self, *, sized: bool) -> str | None:
        """What somebody else did to the file, in words; None when it is as it was left. `sized`: its length counts."""
        held = os.fstat(self._handle)
        try:
            check_file(self.path, held)
            named = self.path.lstat()
        except FileNotFoundError:
            return "was removed"
        except UnsafePathError as error:
            return error.message
        if (named.st_ino, named.st_dev) != (held.st_ino, held.st_dev):
            return "was exchanged"
        if sized and held.st_size != self.size:
            return f"has {held.st_size} bytes instead of {self.size}"
        return None

    def _take(self, handle: int) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = handle

    def _write_all(self, handle: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._disk.write(handle, bytes(view)) :]


def _claim(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UnsafePathError(
            "another process writes the audit log", "stop it: only one Barnacle may run on a state folder"
        ) from None
