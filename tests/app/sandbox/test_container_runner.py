"""What the recordings do not show: cancelled runs, engines that hang, handlers that fail, floods."""

import asyncio
from typing import Any

import pytest

from app.host import limits
from app.host.sandbox.container_runner import ContainerRunner
from app.host.sandbox.output_parser import END, START
from app.host.sandbox.run_settings import RunGroup, RunSettings
from device.host.clock import ManualClock

REQUEST = {"prompt": "hello", "groupFolder": "g", "chatJid": "g@g.us", "isMain": False}
GROUP = RunGroup("Group", "g", timeout_ms=60_000)


class Engine:
    """A container engine: `events` are the running process's; `stops` and `dies` say what it obeys."""

    def __init__(self, stops=True, dies=True):
        self.stops, self.dies = stops, dies
        self.commands, self.stdin, self.killed = [], b"", 0
        self.events: Any = None

    async def spawn(self, command, stdin, events):
        self.commands.append(list(command))
        self.stdin, self.events = stdin, events
        return self

    async def run(self, command):
        self.commands.append(list(command))
        if self.stops:
            self.events.closed(137)
        return self.stops

    def kill(self):
        self.killed += 1
        if self.dies:
            self.events.closed(None)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def runner(project, engine, clock) -> ContainerRunner:
    settings = RunSettings(project, project.parent, timeout_ms=60_000, idle_timeout_ms=0)
    return ContainerRunner(settings, engine, clock)


def frame(text: str) -> bytes:
    return f"{START}{text}{END}".encode()


async def started(project, engine, on_output=None, clock=None):
    clock = clock or ManualClock(1_770_984_000_000)
    running = asyncio.create_task(runner(project, engine, clock).run(GROUP, REQUEST, on_output))
    await clock.settle()
    return running, clock


async def test_a_cancelled_run_stops_its_container(project):
    engine = Engine()
    running, clock = await started(project, engine)
    running.cancel()
    await clock.settle()
    assert running.cancelled()
    assert engine.commands[-1][:2] == ["docker", "stop"]


async def test_a_cancelled_run_that_does_not_stop_is_killed(project):
    engine = Engine(stops=False)
    running, clock = await started(project, engine)
    running.cancel()
    await clock.settle()
    assert running.cancelled()
    assert engine.killed == 1


async def test_a_stop_that_is_obeyed_by_nobody_still_ends_the_run(project):
    engine = Engine(stops=False, dies=False)
    running, clock = await started(project, engine)
    await clock.advance(60_000 + 2 * limits.STOP_GRACE_MS - 1)
    assert not running.done()
    await clock.advance(1)
    assert (await running)["error"] == "Container timed out after 60000ms"
    assert engine.killed == 2


async def test_a_handler_that_fails_is_told_in_the_answer_and_gets_no_more(project):
    seen = []

    async def fail(output):
        seen.append(output)
        raise RuntimeError("chat is gone")

    engine = Engine()
    running, clock = await started(project, engine, fail)
    engine.events.stdout(frame("[1]") + frame("[2]"))
    await clock.settle()
    engine.events.stdout(frame("[3]"))
    engine.events.closed(0)
    answer = await running
    assert answer == {"status": "error", "result": None, "error": "Output handler failed: chat is gone"}
    assert seen == [[1]]


async def test_results_beyond_the_bound_fail_the_run_instead_of_filling_the_memory(project):
    gate = asyncio.Event()
    seen = []

    async def slow(output):
        seen.append(output)
        await gate.wait()

    engine = Engine()
    running, clock = await started(project, engine, slow)
    for at in range(limits.OUTPUTS_WAITING + 50):
        engine.events.stdout(frame(str(at + 1)))
    await clock.settle()
    engine.events.closed(0)
    gate.set()
    answer = await running
    assert "too slow" in answer["error"]
    assert len(seen) <= limits.OUTPUTS_WAITING + 1


async def test_results_whose_texts_together_exceed_the_bound_fail_the_run(project, monkeypatch):
    monkeypatch.setattr(limits, "OUTPUT_WAITING", 100)
    gate = asyncio.Event()

    async def slow(output):
        await gate.wait()

    engine = Engine()
    running, clock = await started(project, engine, slow)
    engine.events.stdout(frame(f'"{"x" * 80}"'))
    await clock.settle()
    engine.events.stdout(frame(f'"{"x" * 80}"') * 2)
    engine.events.closed(0)
    gate.set()
    assert "1 results wait, 82 characters" in (await running)["error"]


async def test_the_oldest_logs_go_beyond_the_bound_and_nothing_else(project, monkeypatch):
    monkeypatch.setattr(limits, "RUN_LOGS", 2)
    clock = ManualClock(1_770_984_000_000)
    for at in range(4):
        engine = Engine()
        running, _ = await started(project, engine, clock=clock)
        (project / "groups/g/logs/mine.log").write_text("stays")
        await clock.advance(10)
        engine.events.closed(at)
        await running
    names = sorted(path.name for path in (project / "groups/g/logs").iterdir())
    assert names == ["container-2026-02-13T12-00-00-030Z.log", "container-2026-02-13T12-00-00-040Z.log", "mine.log"]


async def test_a_log_that_cannot_be_written_does_not_take_the_answer_with_it(project, caplog):
    engine = Engine()
    running, _ = await started(project, engine)
    logs = project / "groups/g/logs"
    logs.rmdir()
    logs.symlink_to(project.parent)
    engine.events.stdout(b'{"status":"success","result":"hi"}')
    engine.events.closed(0)
    assert (await running)["result"] == "hi"
    assert "cannot be written" in caplog.text


async def test_lone_surrogates_in_a_request_reach_the_agent_escaped(project):
    engine = Engine()
    clock = ManualClock(0)
    request = REQUEST | {"prompt": "a\ud83d"}
    running = asyncio.create_task(runner(project, engine, clock).run(GROUP, request))
    await clock.settle()
    engine.events.closed(1)
    assert "code 1" in (await running)["error"]
    assert rb"a\ud83d" in engine.stdin


async def test_a_second_close_changes_nothing(project):
    engine = Engine()
    running, _ = await started(project, engine)
    engine.events.closed(3)
    engine.events.closed(0)
    assert "code 3" in (await running)["error"]
    assert len(list((project / "groups/g/logs").iterdir())) == 1
