"""What `barnacle up` does: starts the parts, keeps them running, tells others about it, stops them in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.errors import ProblemError, SupervisorError
from app.host.instance import InstanceLock, write_runtime
from app.host.log_file import LogFile
from app.host.paths import Paths
from app.host.process import Backoff, Child, ChildPlan, die_with_parent
from app.host.settings import Settings

START_TIMEOUT_S = 30.0
GRACE_S = 3.0
RELOAD = signal.SIGUSR1
"""Tells a running supervisor that keys have changed."""


class Supervisor:
    """Runs `stages` of child plans: a stage starts when the one before it is ready, and they stop in reverse order.

    `check()` is called once, when no other instance runs, and raises what speaks against a start. `prepare()` is called
    before the first start and on SIGUSR1 (keys have changed): it rewrites what the children read; then those named in
    `reload` are restarted. `facts` go into runtime.json as they are. `dashboard` is a command that
    gets the terminal; when it ends, so does everything else. `began` is when the user asked, by time.monotonic().
    """

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        stages: Sequence[Sequence[ChildPlan]],
        *,
        prepare: Callable[[], None] = lambda: None,
        check: Callable[[], None] = lambda: None,
        reload: Sequence[str] = (),
        facts: Mapping[str, Any] | None = None,
        dashboard: Sequence[str] | None = None,
        say: Callable[[str], None] = print,
        backoff: Backoff | None = None,
        began: float | None = None,
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._stages = stages
        self._prepare = prepare
        self._check = check
        self._reload = reload
        self._facts = dict(facts or {})
        self._dashboard = dashboard
        self._say = say
        self._backoff = backoff
        self._began = time.monotonic() if began is None else began
        self._started_ms = time.time_ns() // 1_000_000
        self._ready_ms: int | None = None
        self._children: list[list[Child]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._front: asyncio.subprocess.Process | None = None

    async def run(self) -> int:
        """Serve until told to stop; the exit code. Raises AlreadyRunningError, and SupervisorError when a part does not
        start. Leaves no process behind."""
        with InstanceLock(self._paths.lock):
            self._check()
            self._prepare()
            with self._signals():
                try:
                    front = await self._open_dashboard()
                    await self._until_stop_or(self._start())
                    if not self._stop.is_set():
                        self._announce()
                    await self._stop.wait()
                    return front.result() if front and front.done() else 0
                finally:
                    await self._end()

    async def _start(self) -> None:
        for plans in self._stages:
            children = [self._child(plan) for plan in plans]
            self._children.append(children)
            self._tasks += [asyncio.create_task(child.run(), name=child.plan.name) for child in children]
            await _all_ready(children, self._paths)
        self._ready_ms = round((time.monotonic() - self._began) * 1000)
        self._publish()

    def _child(self, plan: ChildPlan) -> Child:
        logs = self._settings.logs
        log = LogFile(self._paths.logs / f"{plan.name}.log", logs.max_bytes, logs.keep)
        return Child(plan, log, self._publish, self._backoff)

    async def _until_stop_or(self, work: Any) -> None:
        """Let `work` finish unless a stop comes first; its errors come through."""
        task = asyncio.create_task(work, name="start")
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            return task.result()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return None

    async def _open_dashboard(self) -> "asyncio.Task[int] | None":
        if not self._dashboard:
            return None
        # Same process group and terminal as this process, so that it is in front.
        self._front = await asyncio.create_subprocess_exec(*self._dashboard, preexec_fn=die_with_parent(signal.SIGTERM))
        return asyncio.create_task(self._watch_dashboard(self._front), name="dashboard")

    async def _watch_dashboard(self, process: asyncio.subprocess.Process) -> int:
        code = await process.wait()
        self._stop.set()
        return 1 if code > 0 else 0

    async def _end(self) -> None:
        if self._front is not None and self._front.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._front.terminate()
        for children in reversed(self._children):
            await asyncio.gather(*(child.stop(GRACE_S) for child in children))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._front is not None:
            await _wait_or_kill(self._front)
        self._paths.runtime.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _signals(self) -> Any:
        loop = asyncio.get_running_loop()
        # Ctrl-C while the dashboard is in front is the dashboard's business: its end stops everything.
        interrupt = (lambda: None) if self._dashboard else self._stop.set
        stop = self._stop.set
        handlers = {signal.SIGTERM: stop, signal.SIGHUP: stop, signal.SIGINT: interrupt, RELOAD: self._on_reload}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _on_reload(self) -> None:
        """Keys have changed (`barnacle operator add`)."""
        try:
            self._prepare()
        except ProblemError as error:
            self._say(f"barnacle: keys not read again: {error.message}")
            return
        for children in self._children:
            for child in children:
                if child.plan.name in self._reload:
                    child.restart()

    def _publish(self) -> None:
        children = [child.report() for stage in self._children for child in stage]
        state = {"started_ms": self._started_ms, "ready_ms": self._ready_ms, "children": children}
        with contextlib.suppress(OSError):  # a full disk: the parts run on, and the next change is another try
            write_runtime(self._paths, {"v": 1, "pid": os.getpid(), **self._facts, **state})

    def _announce(self) -> None:
        if self._dashboard:
            return
        self._say(f"ready in {self._ready_ms} ms")
        for line in self._facts.get("lines", []):
            self._say(line)


async def _all_ready(children: Sequence[Child], paths: Paths) -> None:
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    for child in children:
        left_s = max(0.0, deadline - asyncio.get_running_loop().time())
        waits = [asyncio.create_task(event.wait()) for event in (child.ready, child.hopeless)]
        try:
            await asyncio.wait(waits, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not child.ready.is_set():
            raise _not_started(child, paths)


def _not_started(child: Child, paths: Paths) -> SupervisorError:
    log = paths.logs / f"{child.plan.name}.log"
    why = f"ended with code {child.last_exit}" if child.hopeless.is_set() else f"was not ready in {START_TIMEOUT_S:g} s"
    last = "".join(c for c in child.last_line if c.isprintable())
    return SupervisorError(f"the {child.plan.name} {why}" + (f": {last}" if last else ""), f"see {log}")


async def _wait_or_kill(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
