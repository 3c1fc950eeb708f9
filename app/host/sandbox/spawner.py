"""Processes for container runs: what a run needs of them, and real ones by asyncio."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from app.host import limits

_CHUNK_BYTES: Final = 64 * 1024
_PASSED_ON: Final = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
)
"""Variables the engine's command line needs; nothing else of this process's environment reaches it."""


class ProcessEvents(Protocol):
    """What a process tells. `failed` when it could not be started; `closed` once, after its last output, with None for
    a process that a signal ended."""

    def stdout(self, data: bytes) -> None: ...
    def stderr(self, data: bytes) -> None: ...
    def closed(self, code: int | None) -> None: ...
    def failed(self, message: str) -> None: ...


class Process(Protocol):
    """A started process."""

    def kill(self) -> None:
        """End it at once (SIGKILL), with what it started; nothing when it has ended."""
        ...


class Spawner(Protocol):
    """Starts processes."""

    async def spawn(self, command: Sequence[str], stdin: bytes, events: ProcessEvents) -> Process:
        """Start `command`, give it `stdin` to its end, and report to `events`. Never raises for a missing program."""
        ...

    async def run(self, command: Sequence[str]) -> bool:
        """Run a short command; whether it succeeded within limits.STOP_TIMEOUT_S."""
        ...


class AsyncioSpawner:
    """Real processes, each in a session of its own."""

    async def spawn(self, command: Sequence[str], stdin: bytes, events: ProcessEvents) -> Process:
        """As Spawner says."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            events.failed(f"spawn {command[0]} {error}")
            return _NoProcess()
        return _RealProcess(process, stdin, events)

    async def run(self, command: Sequence[str]) -> bool:
        """As Spawner says."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        except (OSError, ValueError):
            return False
        try:
            async with asyncio.timeout(limits.STOP_TIMEOUT_S):
                return await process.wait() == 0
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                _kill_group(process.pid)
                await process.wait()


class _NoProcess:
    """Stands for a process that could not be started."""

    def kill(self) -> None:
        """Nothing to end."""


class _RealProcess:
    def __init__(self, process: asyncio.subprocess.Process, stdin: bytes, events: ProcessEvents) -> None:
        self._process = process
        self._events = events
        self._attending = asyncio.create_task(self._attend(stdin), name=f"container process {process.pid}")

    def kill(self) -> None:
        """End the process and all of its session."""
        if self._process.returncode is None:
            _kill_group(self._process.pid)

    async def _attend(self, stdin: bytes) -> None:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("the process was started without pipes")
        readers = [
            asyncio.create_task(_forward(process.stdout, self._events.stdout), name="container stdout"),
            asyncio.create_task(_forward(process.stderr, self._events.stderr), name="container stderr"),
        ]
        feeding = asyncio.create_task(_feed(process.stdin, stdin), name="container stdin")
        code = await process.wait()
        _, late = await asyncio.wait(readers, timeout=limits.PIPE_GRACE_S)
        if late:
            _kill_group(process.pid)  # something it left behind holds the pipes
        for task in (*late, feeding):
            task.cancel()
        await asyncio.gather(*readers, feeding, return_exceptions=True)
        self._events.closed(code if code >= 0 else None)


async def _forward(stream: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
    while data := await stream.read(_CHUNK_BYTES):
        take(data)


async def _feed(stream: asyncio.StreamWriter, data: bytes) -> None:
    try:
        stream.write(data)
        await stream.drain()
    except (BrokenPipeError, ConnectionResetError):  # it ended without reading: its exit code tells why
        return
    finally:
        stream.close()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # ended meanwhile
        return


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
