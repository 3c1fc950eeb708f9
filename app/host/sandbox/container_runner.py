"""One run of an agent in a container, by NanoClaw's runner contract.

    stdin   the request as one JSON object {prompt, sessionId?, groupFolder, chatJid, isMain, …}
    stdout  log text, and results {status, result, newSessionId?, error?} as JSON between two markers
    exit    0: the run succeeded, whatever the results said; else it failed

A run that says nothing for its time-out is stopped by the engine, then killed. If it had answered before, that is the
end of an idle agent and no failure. `run` always returns: also when the results' handler fails, or an engine hangs.
"""

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any, Final, cast

from app.host import limits
from app.host.nanoclaw.binding import text_of
from app.host.nanoclaw.javascript import json_text, tail, truthy
from app.host.sandbox import inside, run_log, volumes
from app.host.sandbox.errors import BadRun
from app.host.sandbox.output_parser import Decoder, FrameParser, KeptText, last_output, read_output
from app.host.sandbox.outputs import OnOutput, Outputs
from app.host.sandbox.run_settings import RunGroup, RunSettings
from app.host.sandbox.spawner import Process, Spawner

if TYPE_CHECKING:
    from app.host.device_core import Clock

log = logging.getLogger("barnacle.sandbox")
Output = dict[str, Any]

_STOP_MARGIN_MS: Final = (
    30_000  # the time-out is never shorter than the idle time by which an agent ends itself, plus this
)
_ERROR_UNITS: Final = 200  # end of stderr that an error quotes


class ContainerRunner:
    """Runs agents in containers, any number at once."""

    def __init__(self, settings: RunSettings, spawner: Spawner, clock: "Clock") -> None:
        self._settings = settings
        self._spawner = spawner
        self._clock = clock

    async def run(self, group: RunGroup, request: Output, on_output: OnOutput | None = None) -> Output:
        """One run from start to end: {status, result, newSessionId?, error?}. With `on_output`, every result is handed
        over as it comes, one after the other, and the answer's own result is None. Raises BadRun or BadMount before
        anything was started. When cancelled, the container is stopped."""
        run = _Run(self._settings, self._spawner, self._clock, group, request, on_output)
        await run.start()
        try:
            return await asyncio.shield(run.result)
        except asyncio.CancelledError:
            await run.stop()
            await self._clock.wait(run.ended, limits.STOP_GRACE_MS)
            raise


class _Run:
    """One run; its process tells it what happens (spawner.ProcessEvents)."""

    def __init__(
        self,
        settings: RunSettings,
        spawner: Spawner,
        clock: "Clock",
        group: RunGroup,
        request: Output,
        on_output: OnOutput | None,
    ) -> None:
        self.result: asyncio.Future[Output] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self._settings, self._spawner, self._clock, self._group = settings, spawner, clock, group
        self._handed = Outputs(on_output) if on_output else None
        mounts = volumes.prepare(settings, group, bool(request.get("isMain")))
        container = f"nanoclaw-{_container_part(group.folder)}-{clock.now_ms()}"
        command = volumes.engine_arguments(settings, container, mounts)
        units = settings.output_units
        self._command = command
        self._log = run_log.RunLog(
            group.name,
            container,
            request,
            command[1:],
            mounts,
            settings.verbose_log,
            KeptText(units),
            KeptText(units),
        )
        self._out, self._err, self._frames = Decoder(), Decoder(), FrameParser()
        self._session: Any = None
        self._timed_out = False
        self._began_ms = clock.ticks_ms()
        self._told_timeout_ms = group.timeout_ms or settings.timeout_ms
        self._timeout_ms = max(self._told_timeout_ms, settings.idle_timeout_ms + _STOP_MARGIN_MS)
        self._deadline_ms = self._began_ms + self._timeout_ms
        self._process: Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process and watch its time."""
        stdin = text_of(json_text(self._log.request)).encode()
        self._process = await self._spawner.spawn(self._command, stdin, self)
        if not self.ended.is_set() and not self.result.done():
            self._watching = self._task(self._watch(), "container time-out")

    async def stop(self) -> None:
        """Ask the engine to stop the container; kill its process when that fails."""
        stopped = await self._spawner.run(volumes.stop_arguments(self._settings, self._log.container))
        if not stopped and self._process is not None and not self.ended.is_set():
            self._process.kill()

    def stdout(self, data: bytes) -> None:
        """Output came: keep it for the log, hand over the results in it."""
        self._take_stdout(self._out.text(data))

    def stderr(self, data: bytes) -> None:
        """Log text of the agent; it does not prove that the agent gets on."""
        self._log.stderr.add(self._err.text(data))

    def failed(self, message: str) -> None:
        """The process could not be started."""
        self._unwatch()
        self._resolve({"status": "error", "result": None, "error": f"Container spawn error: {message}"})

    def closed(self, code: int | None) -> None:
        """The process has ended."""
        if self.ended.is_set():
            return
        self.ended.set()
        self._unwatch()
        self._take_stdout(self._out.rest())
        self._log.stderr.add(self._err.rest())
        self._write_log(code)
        if self._timed_out and not self._log.outputs:
            self._fail(f"Container timed out after {self._told_timeout_ms}ms")
        elif code != 0 and not self._timed_out:
            exit_code = "null" if code is None else code
            self._fail(f"Container exited with code {exit_code}: {tail(str(self._log.stderr), _ERROR_UNITS)}")
        elif self._handed is not None:
            self._task(self._settle(self._handed), "container results")
        else:
            self._resolve(self._legacy_output())

    def _take_stdout(self, text: str) -> None:
        self._log.stdout.add(text)
        if self._handed is None:
            return
        for frame in self._frames.feed(text):
            try:
                output = read_output(frame)
            except ValueError:  # no JSON between the markers: log text, as for NanoClaw
                continue
            session = cast(Output, output).get("newSessionId") if isinstance(output, dict) else None
            if truthy(session):
                self._session = session
            self._log.outputs += 1
            self._deadline_ms = self._clock.ticks_ms() + self._timeout_ms
            self._handed.add(output, len(frame))

    async def _watch(self) -> None:
        while (left_ms := self._deadline_ms - self._clock.ticks_ms()) > 0:
            await self._clock.sleep_ms(left_ms)
        self._timed_out = True
        await self.stop()
        await self._clock.sleep_ms(limits.STOP_GRACE_MS)
        if self._process is not None:
            self._process.kill()
        await self._clock.sleep_ms(limits.STOP_GRACE_MS)
        self._watching = None
        self.closed(None)

    async def _settle(self, handed: Outputs) -> None:
        """All results were handed over: the run's answer."""
        problem = await handed.settled()
        if problem:
            self._fail(problem)
            return
        done: Output = {"status": "success", "result": None}
        self._resolve(done if self._session is None else done | {"newSessionId": self._session})

    def _legacy_output(self) -> Output:
        try:
            return last_output(str(self._log.stdout))
        except ValueError as error:
            return {"status": "error", "result": None, "error": f"Failed to parse container output: {error}"}

    def _write_log(self, code: int | None) -> None:
        now_ms = self._clock.now_ms()
        text = self._log.text(now_ms, self._clock.ticks_ms() - self._began_ms, code, self._timed_out)
        place = ("groups", self._group.folder, "logs")
        try:
            inside.write(self._settings.project, (*place, run_log.file_name(now_ms)), text_of(text).encode())
            inside.prune(self._settings.project, place, run_log.FILES, limits.RUN_LOGS)
        except (BadRun, OSError) as error:  # the run's answer matters more than its log
            log.warning("the log of %s cannot be written: %s", self._log.container, error)

    def _fail(self, error: str) -> None:
        self._resolve({"status": "error", "result": None, "error": error})

    def _resolve(self, output: Output) -> None:
        if not self.result.done():
            self.result.set_result(output)

    def _unwatch(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def _task(self, work: Any, name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _container_part(folder: str) -> str:
    return re.sub(r"[^a-zA-Z0-9-]", lambda found: "-" * (2 if found.group() > "\uffff" else 1), folder)
