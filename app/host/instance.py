"""One `barnacle up` per home: the lock that says so, and runtime.json, where it tells others what runs."""

import contextlib
import fcntl
import json
import os
import signal
import time
from pathlib import Path
from typing import IO, Any, cast

from app.errors import ProblemError, SupervisorError
from app.host.paths import Paths
from app.host.private_file import read_private, write_private

POLL_S = 0.02
LOOKS = 25


class AlreadyRunningError(SupervisorError):
    """Another `barnacle up` holds this home; `pid` is its process."""

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"Barnacle is already running (pid {pid})", "attach with: barnacle tui, or stop it: barnacle down"
        )
        self.pid = pid


class InstanceLock:
    """Held as long as the supervisor lives; the system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> "InstanceLock":
        """Raises AlreadyRunningError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="ascii")
        for attempt in range(LOOKS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pid = _pid_in(file)
                if pid or attempt == LOOKS - 1:
                    file.close()
                    raise AlreadyRunningError(pid) from None
                time.sleep(POLL_S)  # someone only looks (running_pid), or has not written its pid yet
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()


def running_pid(paths: Paths) -> int | None:
    """The pid of the `barnacle up` that holds this home, None when there is none."""
    try:
        file = paths.lock.open("r+", encoding="ascii")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid_in(file)
        return None


def tell(paths: Paths, number: signal.Signals) -> int:
    """Send a signal to the running instance; its pid. Raises SupervisorError when none runs."""
    pid = running_pid(paths)
    if not pid:
        raise SupervisorError("Barnacle is not running", "start it with: barnacle up")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return pid


def stop_running(paths: Paths, timeout_s: float) -> int:
    """Stop the running instance and wait for its end; its pid. Raises SupervisorError."""
    pid = tell(paths, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while running_pid(paths) == pid:
        if time.monotonic() > deadline:
            raise SupervisorError(
                f"Barnacle (pid {pid}) did not stop in {timeout_s:g} s", f"see {paths.logs}, then: kill {pid}"
            )
        time.sleep(POLL_S)
    return pid


def write_runtime(paths: Paths, report: dict[str, Any]) -> None:
    """Publish what runs."""
    write_private(paths.runtime, json.dumps(report, indent=2) + "\n")


def read_runtime(paths: Paths) -> dict[str, Any] | None:
    """What the running instance published; None when none runs or it has not said anything yet."""
    if running_pid(paths) is None:
        return None
    return last_runtime(paths)


def last_runtime(paths: Paths) -> dict[str, Any] | None:
    """What was published last, perhaps by an instance that is gone."""
    if not paths.runtime.exists():
        return None
    try:
        document: Any = json.loads(read_private(paths.runtime))
    except (ValueError, ProblemError):
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def _pid_in(file: IO[str]) -> int:
    file.seek(0)
    text = file.read(32).strip()
    return int(text) if text.isdigit() else 0
