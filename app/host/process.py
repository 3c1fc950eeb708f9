"""One supervised process: started, watched, logged, restarted with back-off, stopped in order."""

import asyncio
import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.host.log_file import LINE_BYTES, LogFile
from broker.secret import Secret

PR_SET_PDEATHSIG = 1
FAILED_STARTS = 2
PROBE_S = 0.01


@dataclass(frozen=True)
class Backoff:
    """Seconds before a restart: `base_s` doubled with each quick death, at most `cap_s`; a process that lived for
    `healthy_s` starts over."""

    base_s: float = 0.5
    cap_s: float = 30.0
    healthy_s: float = 60.0

    def delay_s(self, quick_deaths: int) -> float:
        """The wait before the next start, after `quick_deaths` (1 or more) in a row."""
        return min(self.cap_s, self.base_s * 2.0 ** min(quick_deaths - 1, 16))


@dataclass(frozen=True)
class ChildPlan:
    """What to run. The child is ready when a line it prints matches `ready_pattern`, or, with a `ready_address`, when
    that TCP port (host, port) answers; with neither ("" and None) as soon as it runs.
    Exit codes in `again_codes` ask for an immediate restart. Linux sends `death_signal` when the supervisor dies."""

    name: str
    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    inherit: Sequence[str] | None = None
    """Which of our own variables the process gets; None for all."""
    ready_pattern: str = r"^ready\b"
    ready_address: tuple[str, int] | None = None
    again_codes: tuple[int, ...] = ()
    death_signal: signal.Signals = signal.SIGKILL
    handed_over: Secret | None = field(default=None, repr=False)
    """What only this process may know: it comes in a pipe, whose number is added to `argv` after --passphrase-fd."""


class Child:
    """A running ChildPlan. `state` is one of starting, running, waiting (for its restart), stopped."""

    def __init__(
        self, plan: ChildPlan, log: LogFile, changed: Callable[[], None], backoff: Backoff | None = None
    ) -> None:
        self.plan = plan
        self.state = "stopped"
        self.pid: int | None = None
        self.restarts = 0
        self.last_exit: int | None = None
        self.last_line = ""
        self.started_ms = 0
        self.ready = asyncio.Event()  # set while the process is ready
        self.hopeless = asyncio.Event()  # set when it died FAILED_STARTS times in a row without having been ready
        self._log = log
        self._changed = changed
        self._backoff = backoff or Backoff()
        self._quick_deaths = 0
        self._failed_starts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._asked_to_restart = False
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Keep the process running until `stop`."""
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                await self._run_once()
                delay_s = self._after_death(time.monotonic() - began)
                await self._pause(delay_s)
                self.restarts += not self._stop.is_set()
        finally:
            self._ended.set()  # first: `stop` waits for it, whatever becomes of the rest
            self._set("stopped")
            self._log.close()

    async def stop(self, grace_s: float) -> None:
        """End the process and `run`: SIGTERM, and after `grace_s` SIGKILL to its whole group."""
        self._stop.set()
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._ended.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._ended.wait()

    def restart(self) -> None:
        """End the process, so that `run` starts it again at once."""
        self._asked_to_restart = self._process is not None and self._process.returncode is None
        self._signal(signal.SIGTERM)

    def report(self) -> dict[str, object]:
        """What runtime.json and `barnacle status` show."""
        return {
            "name": self.plan.name,
            "pid": self.pid,
            "state": self.state,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
            "started_ms": self.started_ms,
        }

    async def _run_once(self) -> None:
        plan = self.plan
        pipe = _pipe_with(plan.handed_over)
        more = ("--passphrase-fd", str(pipe)) if pipe is not None else ()
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *plan.argv,
                *more,
                pass_fds=() if pipe is None else (pipe,),
                cwd=plan.cwd,
                env={**_inherited(plan.inherit), **plan.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=4 * LINE_BYTES,
                start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor only
                preexec_fn=die_with_parent(plan.death_signal),
            )
        except OSError as error:
            self.last_line = f"{plan.argv[0]}: {error.strerror}"
            self.last_exit = 127
            self._process = None
            return
        finally:
            if pipe is not None:
                os.close(pipe)
        self.pid, self.started_ms = process.pid, time.time_ns() // 1_000_000
        self._set("starting")
        if self._stop.is_set():
            self._signal(signal.SIGTERM)
        if not plan.ready_pattern and not plan.ready_address:
            self._set_ready()
        await self._until_exit(process)
        self.pid = None

    async def _until_exit(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            raise RuntimeError(f"{self.plan.name} was started without a pipe for its log")
        pump = asyncio.create_task(self._pump(process.stdout), name=f"log of {self.plan.name}")
        probe = asyncio.create_task(self._probe(), name=f"probe of {self.plan.name}")
        self.last_exit = await process.wait()
        probe.cancel()
        _signal_group(process.pid, signal.SIGKILL)  # what it started and left behind; that also closes the pipe
        done, _ = await asyncio.wait([pump], timeout=1)
        if not done:
            pump.cancel()

    async def _pause(self, delay_s: float) -> None:
        if delay_s <= 0 or self._stop.is_set():
            return
        self._set("waiting")
        try:
            async with asyncio.timeout(delay_s):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _pump(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                line = error.partial
            except asyncio.LimitOverrunError:
                line = await stream.read(LINE_BYTES)  # a line without end: in pieces
            if not line:
                return
            self._log.write(line if line.endswith(b"\n") else line + b"\n")
            self.last_line = line[:400].decode("utf-8", "replace").strip() or self.last_line
            wanted = self.plan.ready_pattern
            if wanted and not self.ready.is_set() and re.search(wanted, self.last_line):
                self._set_ready()

    async def _probe(self) -> None:
        """Until the port answers: listening is no event that another process could wait for."""
        while self.plan.ready_address and not self.ready.is_set():
            try:
                _, writer = await asyncio.open_connection(*self.plan.ready_address)
            except OSError:
                await asyncio.sleep(PROBE_S)
                continue
            writer.close()
            self._set_ready()

    def _set_ready(self) -> None:
        self._failed_starts = 0
        self.hopeless.clear()
        self.ready.set()
        self._set("running")

    def _after_death(self, lived_s: float) -> float:
        was_ready = self.ready.is_set()
        self.ready.clear()
        if self._asked_to_restart or self.last_exit in self.plan.again_codes:
            self._asked_to_restart = False
            return 0.0
        self._failed_starts = 0 if was_ready else self._failed_starts + 1
        if self._failed_starts >= FAILED_STARTS:
            self.hopeless.set()
        self._quick_deaths = 1 if lived_s >= self._backoff.healthy_s else self._quick_deaths + 1
        return self._backoff.delay_s(self._quick_deaths)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            _signal_group(self._process.pid, number)

    def _set(self, state: str) -> None:
        self.state = state
        self._changed()


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: Linux sends the child `number` when this process dies, however it dies (the thread that starts
    it, exactly: call it from the main thread). Elsewhere there is no such thing (None): children of a SIGKILLed
    supervisor live on there, and the next `barnacle up` finds the port taken and says so."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork: the child must not import or load
    parent, wanted = os.getpid(), int(number)

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, wanted, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), wanted)

    return arrange


def _pipe_with(secret: Secret | None) -> int | None:
    """The reading end of a pipe that holds a line with the secret and is at its end then; None without one."""
    if secret is None:
        return None
    reading, writing = os.pipe()
    os.write(writing, secret.reveal().encode("utf-8", "surrogateescape") + b"\n")  # far less than a pipe holds
    os.close(writing)
    return reading


def _inherited(names: Sequence[str] | None) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if names is None or name in names}


def _signal_group(leader: int, number: signal.Signals) -> None:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return
    except PermissionError:  # macOS says so for a group of zombies
        return
