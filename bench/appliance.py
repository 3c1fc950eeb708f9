"""A whole appliance in a home of its own, for demo, benches and end-to-end tests: `barnacle up` as a user runs it."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host.instance import read_runtime
from app.host.keys import LOCAL, load_keys
from app.host.operator_client import OperatorClient
from app.host.paths import Paths
from app.host.settings import read_settings

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
CONFIG = """\
[mqtt]
port = {port}
broker_kind = "{broker}"

[time]
zone = "{zone}"
"""


class Appliance:
    """`async with Appliance(home) as appliance:` starts it and leaves no process behind. `options` are further ones of
    `barnacle up`."""

    def __init__(
        self, home: Path, broker: str = "auto", zone: str = "Europe/Berlin", options: Sequence[str] = ()
    ) -> None:
        self.home = home
        self._options = options
        self._broker = broker
        self._zone = zone
        self._process: asyncio.subprocess.Process | None = None
        self.output: list[str] = []

    async def __aenter__(self) -> "Appliance":
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    @property
    def paths(self) -> Paths:
        """Where its files are."""
        return Paths(self.home)

    @property
    def supervisor_pid(self) -> int:
        """The process of `barnacle up`."""
        if self._process is None:
            raise RuntimeError("the appliance is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until `barnacle up` says that it is ready; when it does not, leave nothing behind."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.paths.config.exists():
            port = free_port()
            self.paths.config.write_text(CONFIG.format(port=port, broker=self._broker, zone=self._zone))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.cli.main",
            "up",
            "--headless",
            *self._options,
            env={**os.environ, "BARNACLE_HOME": str(self.home)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._until_ready(self._process)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ask it to stop and wait; kills it if it does not."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise

    def client(self, timeout_s: float = 5.0) -> OperatorClient:
        """A client of its host, as the local operator."""
        settings = read_settings(self.paths.config)
        keys = load_keys(self.paths.keys)
        return OperatorClient(keys.operator_credentials(LOCAL, settings.mqtt), timeout_s)

    def pids(self) -> Mapping[str, int]:
        """Its processes by name: broker, host, box."""
        runtime = read_runtime(self.paths) or {}
        return {child["name"]: child["pid"] for child in runtime.get("children", ())}

    def kill(self, name: str) -> int:
        """SIGKILL one of them; returns its pid."""
        pid = self.pids()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    async def restarted(self, name: str, old_pid: int, timeout_s: float = 20.0) -> None:
        """Wait until the supervisor has started the process anew."""
        await until(lambda: self.pids().get(name, old_pid) != old_pid, f"{name} was started again", timeout_s)

    async def barnacle(self, *args: str, code: int = 0, given: str = "") -> str:
        """Run the command line as a user would, `given` on its standard input; its standard output. Raises
        AssertionError on another exit code."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.cli.main",
            *args,
            env={**os.environ, "BARNACLE_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "120"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate(given.encode())
        if process.returncode != code:
            raise AssertionError(f"barnacle {' '.join(args)}: exit code {process.returncode}: {err.decode().strip()}")
        return out.decode()

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        async for line in process.stdout:
            self.output.append(line.decode().rstrip())
            if self.output[-1].startswith("ready in"):
                return
        raise RuntimeError("barnacle up ended: " + " / ".join(self.output))


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, timeout_s: float = 20.0, every_s: float = 0.05
) -> None:
    """Wait for a condition; raises AssertionError naming `what` when it does not come true in time."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"did not happen within {timeout_s:g} s: {what}")
        await asyncio.sleep(every_s)


async def insist(client: OperatorClient, name: str, timeout_s: float = 30.0, **args: Any) -> Any:
    """Request until somebody answers: what a patient user does while the host is being restarted."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        try:
            return await client.request(name, **args)
        except ProblemError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def temporary_home(path: Path) -> Any:
    """An empty folder for one appliance, removed afterwards."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
