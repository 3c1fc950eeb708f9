"""A lock between processes: one file that they all open, held for the moment of a change."""

import errno
import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from broker import limits

_STEP_S = 0.01


@contextmanager
def held(path: Path, timeout_ms: int = limits.LOCK_TIMEOUT_MS) -> Generator[None]:
    """Hold the lock `path` (0600, made if missing; its folder too). Raises OSError: EAGAIN when another process holds
    it for longer than `timeout_ms`, ELOOP for a link."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, path, time.monotonic() + timeout_ms / 1000)
        yield
    finally:
        os.close(handle)  # gives the lock back


def _take(handle: int, path: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise OSError(errno.EAGAIN, "is held by another process", str(path)) from None
            time.sleep(_STEP_S)
