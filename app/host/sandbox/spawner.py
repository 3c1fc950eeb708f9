"""Processes for container runs: what a run needs of them, and real ones by asyncio."""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Final, Protocol, cast

from app.host import limits

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
        process = _RealProcess(stdin, events)
        try:
            loop = asyncio.get_running_loop()
            await loop.subprocess_exec(lambda: process, *command, env=_environment(), start_new_session=True)
        except (OSError, ValueError) as error:
            events.failed(f"spawn {command[0]} {error}")
        return process

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


class _RealProcess(asyncio.SubprocessProtocol):
    """Without a transport, it stands for a process that could not be started."""

    def __init__(self, stdin: bytes, events: ProcessEvents) -> None:
        self._stdin = stdin
        self._events = events
        self._transport: asyncio.SubprocessTransport | None = None
        self._cutting: asyncio.TimerHandle | None = None

    def kill(self) -> None:
        """End the process and all of its session."""
        if self._transport is not None and self._transport.get_returncode() is None:
            _kill_group(self._transport.get_pid())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It runs: give it its input."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        pipe.write(self._stdin)
        pipe.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Output."""
        if fd == 1:
            self._events.stdout(data)
        else:
            self._events.stderr(data)

    def process_exited(self) -> None:
        """It ended; something it left behind may still hold its pipes."""
        self._cutting = asyncio.get_running_loop().call_later(limits.PIPE_GRACE_S, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended and its pipes are closed."""
        if self._cutting is not None:
            self._cutting.cancel()
        code = None
        if self._transport is not None:
            code = self._transport.get_returncode()
            self._transport.close()
        self._events.closed(code if code is not None and code >= 0 else None)

    def _cut(self) -> None:
        if self._transport is not None:
            _kill_group(self._transport.get_pid())
            self._transport.close()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # ended meanwhile
        return


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
