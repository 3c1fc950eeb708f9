"""Real processes: a small script called "docker" stands for the engine."""

import asyncio
import os
import time

import pytest

from app.host import limits
from app.host.sandbox.container_runner import ContainerRunner
from app.host.sandbox.run_settings import RunGroup, RunSettings
from app.host.sandbox.spawner import AsyncioSpawner
from device.host.clock import SystemClock

REQUEST = {"prompt": "hello", "groupFolder": "g", "chatJid": "g@g.us", "isMain": False}
ANSWER = """
echo "$@" >"$HOME/arguments"
cat >"$HOME/stdin"
env >"$HOME/environment"
echo log line
echo '---NANOCLAW_OUTPUT_START---'
echo '{"status":"success","result":"hé","newSessionId":"s1"}'
echo '---NANOCLAW_OUTPUT_END---'
echo warning >&2
"""


class Docker:
    """Makes "docker" a shell script with the given body, and a runner that uses it."""

    def __init__(self, home):
        self.home = home

    def __call__(self, body: str) -> ContainerRunner:
        script = self.home / "bin" / "docker"
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        return ContainerRunner(RunSettings(self.home / "project", self.home), AsyncioSpawner(), SystemClock())


@pytest.fixture
def engine(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MADE_UP_SECRET", "do-not-pass-on")
    return Docker(tmp_path)


async def eventually(condition) -> None:
    """Wait, at most ten seconds, until it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the file system tells nobody
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


async def test_a_real_process_gets_the_request_and_its_results_come_back(engine):
    outputs = []

    async def note(output):
        outputs.append(output)

    answer = await engine(ANSWER).run(RunGroup("Group", "g"), REQUEST, note)
    assert answer == {"status": "success", "result": None, "newSessionId": "s1"}
    assert outputs == [{"status": "success", "result": "hé", "newSessionId": "s1"}]
    assert (engine.home / "stdin").read_text().startswith('{"prompt":"hello"')
    assert (engine.home / "arguments").read_text().startswith("run -i --rm --name nanoclaw-g-")


async def test_nothing_of_this_process_environment_but_what_the_engine_needs_is_passed_on(engine):
    await engine(ANSWER).run(RunGroup("Group", "g"), REQUEST)
    assert "MADE_UP_SECRET" not in (engine.home / "environment").read_text()


async def test_a_failing_engine_is_quoted(engine):
    answer = await engine("echo no such image >&2; exit 125").run(RunGroup("Group", "g"), REQUEST)
    assert answer["error"] == "Container exited with code 125: no such image\n"


async def test_a_missing_engine_is_a_spawn_error(engine, monkeypatch):
    run = engine("true")
    monkeypatch.setenv("PATH", str(engine.home / "empty"))
    answer = await run.run(RunGroup("Group", "g"), REQUEST)
    assert answer["error"].startswith("Container spawn error: spawn docker")


async def test_a_process_that_a_signal_ended_has_no_code(engine):
    answer = await engine("kill -9 $$").run(RunGroup("Group", "g"), REQUEST)
    assert answer["error"] == "Container exited with code null: "


async def test_a_large_request_and_a_flood_of_output_do_not_block_each_other(engine):
    flood = "head -c 3000000 /dev/zero | tr '\\0' x; cat >/dev/null; echo; echo '{\"status\":\"success\"}'"
    request = REQUEST | {"prompt": "y" * 1_000_000}
    answer = await engine(flood).run(RunGroup("Group", "g"), request)
    assert answer == {"status": "success"}


async def test_a_cancelled_run_ends_the_process_and_what_it_started(engine):
    body = 'case "$1" in stop) exit 1;; esac; sleep 300 & echo $! >"$HOME/child"; wait'
    running = asyncio.create_task(engine(body).run(RunGroup("Group", "g"), REQUEST))
    child = engine.home / "child"
    await eventually(lambda: child.exists() and child.read_text().strip())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    await eventually(lambda: gone(int(child.read_text())))


async def test_a_grandchild_that_holds_the_pipes_does_not_hold_the_run(engine, monkeypatch):
    monkeypatch.setattr(limits, "PIPE_GRACE_S", 0.1)
    body = 'sleep 300 & echo $! >"$HOME/child"; echo \'{"status":"success"}\''
    began = time.monotonic()
    answer = await engine(body).run(RunGroup("Group", "g"), REQUEST)
    assert answer == {"status": "success"}
    assert time.monotonic() - began < 60
    await eventually(lambda: gone(int((engine.home / "child").read_text())))


async def test_a_short_command_tells_whether_it_succeeded(monkeypatch):
    spawner = AsyncioSpawner()
    assert await spawner.run(["true"])
    assert not await spawner.run(["false"])
    assert not await spawner.run(["there-is-no-such-program"])
    monkeypatch.setattr(limits, "STOP_TIMEOUT_S", 0.1)
    assert not await spawner.run(["sleep", "300"])
