import asyncio
import signal
import sys

import pytest

from app.host.log_file import LogFile
from app.host.process import Backoff, Child, ChildPlan

QUICK = Backoff(base_s=0.01, cap_s=0.05, healthy_s=60)


class Running:
    """A child of `script` (Python), run until the block ends."""

    def __init__(self, tmp_path, script, backoff=QUICK, **plan):
        self.states = []
        log = LogFile(tmp_path / "logs" / "part.log", 100_000, 1)
        self.log = log.path
        plan = ChildPlan(name="part", argv=(sys.executable, "-c", script), **plan)
        self.child = Child(plan, log, self.on_change, backoff)
        self.changed = asyncio.Event()

    def on_change(self):
        self.states.append(self.child.state)
        self.changed.set()

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def __aenter__(self):
        self.task = asyncio.create_task(self.child.run())
        return self.child

    async def __aexit__(self, *exc):
        await self.child.stop(grace_s=2)
        await self.task


SERVE = "import time; print('ready 1', flush=True); time.sleep(60)"


async def test_a_child_is_ready_when_it_says_so(tmp_path):
    running = Running(tmp_path, f"print('starting', flush=True); {SERVE}")
    async with running as child:
        await asyncio.wait_for(child.ready.wait(), 20)
        assert child.report()["state"] == "running"
        assert child.pid
    assert running.states == ["starting", "running", "stopped"]
    assert running.log.read_text() == "starting\nready 1\n"
    assert child.pid is None


async def test_a_child_that_dies_is_started_again_and_counted(tmp_path):
    running = Running(tmp_path, f"{SERVE.replace('60', '0')}; raise SystemExit(7)")
    async with running as child:
        await running.until(lambda: child.restarts >= 2)
        assert child.last_exit == 7
        assert not child.hopeless.is_set()
    assert "waiting" in running.states


async def test_a_child_that_never_gets_ready_is_hopeless(tmp_path):
    async with Running(tmp_path, "print('no such port'); raise SystemExit(1)") as child:
        await asyncio.wait_for(child.hopeless.wait(), 20)
        assert child.last_line == "no such port"


async def test_a_program_that_is_not_there_is_hopeless(tmp_path):
    log = LogFile(tmp_path / "part.log", 100_000, 1)
    child = Child(ChildPlan(name="part", argv=("/nonexistent/program",)), log, lambda: None, QUICK)
    task = asyncio.create_task(child.run())
    await asyncio.wait_for(child.hopeless.wait(), 20)
    assert "No such file" in child.last_line
    await child.stop(1)
    await task


async def test_an_exit_code_that_asks_for_it_restarts_without_delay(tmp_path):
    slow = Backoff(base_s=1000, cap_s=1000)
    running = Running(tmp_path, f"{SERVE.replace('60', '0')}; raise SystemExit(3)", slow, again_codes=(3,))
    async with running as child:
        await running.until(lambda: child.restarts >= 2)
        assert child.last_exit == 3


async def test_a_restart_that_was_asked_for_has_no_delay(tmp_path):
    running = Running(tmp_path, SERVE, Backoff(base_s=1000, cap_s=1000))
    async with running as child:
        await asyncio.wait_for(child.ready.wait(), 20)
        child.restart()
        await running.until(lambda: child.restarts == 1 and child.ready.is_set())


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path):
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVE}"
    running = Running(tmp_path, deaf)
    async with running as child:
        await asyncio.wait_for(child.ready.wait(), 20)
        await child.stop(grace_s=0.1)
        assert child.last_exit == -signal.SIGKILL
        assert child.state == "stopped"


async def test_what_a_child_leaves_behind_goes_with_it(tmp_path):
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); {SERVE}"
    async with Running(tmp_path, script) as child:
        await asyncio.wait_for(child.ready.wait(), 20)
        await asyncio.wait_for(child.stop(grace_s=5), 20)


async def test_a_line_without_end_does_not_stop_the_log(tmp_path):
    script = f"import sys; sys.stdout.write('x' * 300_000); sys.stdout.write(chr(10)); {SERVE}"
    async with Running(tmp_path, script) as child:
        await asyncio.wait_for(child.ready.wait(), 20)


async def test_a_child_can_be_stopped_while_it_waits_for_its_restart(tmp_path):
    running = Running(tmp_path, "raise SystemExit(1)", Backoff(base_s=1000, cap_s=1000))
    async with running as child:
        await running.until(lambda: child.state == "waiting")
        await asyncio.wait_for(child.stop(grace_s=1), 20)


@pytest.mark.parametrize(("deaths", "delay_s"), [(1, 0.5), (2, 1), (3, 2), (7, 30), (1000, 30)])
def test_back_off_doubles_up_to_its_cap(deaths, delay_s):
    assert Backoff().delay_s(deaths) == delay_s
