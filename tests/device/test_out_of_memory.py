"""No memory at any line that a run of the agent goes through: one end, nothing left open, and the box lives."""

import asyncio
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from device.host import limits
from device.host.run_records import is_active
from tests.device.host.agent_box import AgentBox, says, uses

STATUS = ("box_status", {})
ADD = ("schedule_task", {"prompt": "water", "schedule_type": "interval", "schedule_value": "9999999"})
ASK = ("ask_owner", {"question": "may I?"})
WATCHED = ("agent", "agent_prompt", "agent_work", "asks", "conversation", "model_call", "spending", "summary", "tools")
ROOT = Path(__file__).resolve().parents[2]
Place = tuple[str, int]


class Lines:
    """Sees the lines of the watched modules; at `place`, the first time it is reached, there is no memory."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        self.seen: dict[Place, None] = {}
        self.raised = False

    def __enter__(self) -> "Lines":
        self._before = sys.gettrace()
        sys.settrace(self._enter)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename.replace("\\", "/").partition("/device/host/")[2]
        return self._line if name.removesuffix(".py").split("/")[0] in WATCHED else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        task = asyncio.current_task()
        if event == "line" and not self.raised and task is not None and task.get_name().startswith("run-"):
            place = (frame.f_code.co_filename, frame.f_lineno)
            self.seen[place] = None
            if place == self.place:
                self.raised = True
                raise MemoryError("heap")
        return self._line


async def _run(place: Place | None) -> tuple[AgentBox, Lines]:
    """A run with an effect and a question of the owner's real asks, which somebody answers; the box after it."""
    box = await AgentBox().start()
    await box.command("settings.set", budget_tokens=100000)
    for _ in range(3):
        await box.ask(says("a" * 900), text="q" * 900)
    box.parts.asks = box.host.asks
    lines = Lines(place)
    with lines:
        await box.ask(uses(STATUS, ADD, text="Let me see."), uses(ASK), says("done"))
        for _ in range(5):
            for ask in box.state.open_asks():
                await box.command("ask.answer", id=ask["id"], answer="once")
            await box.clock.advance(1000)
    for _ in range(limits.RETRIES + 1):
        await box.clock.advance(limits.ASK_MS)
    return box, lines


def test_no_memory_at_any_line_of_a_run_leaves_nothing_open_and_the_box_answers_on() -> None:
    # In a process of its own: errors out of a trace function spoil Python 3.11's compiler for what comes after.
    command = [sys.executable, "-m", "tests.device.test_out_of_memory"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 150  # lines that were reached and had no memory


async def _sweep() -> None:
    box, lines = await _run(None)
    assert box.replies()[-1] == ("main", "done") and len(box.state.tasks) == 1
    await box.stop()
    raised = 0
    for place in lines.seen:
        box, now = await _run(place)
        raised += now.raised
        assert not box.host._runs.running, place
        assert not [run for run in box.state.runs if is_active(run)], place
        assert not box.state.open_asks(), place
        assert len(box.state.tasks) <= 1, place
        opened = [run for service, run in box.model.services if service == "run.open"]
        closed = [run for service, run in box.model.services if service == "run.close"]
        ends = [body["id"] for body in box.kinds("run.ended")]
        assert set(opened) <= set(closed + ends), place  # the laptop takes the lease back at whichever it hears of
        assert len(set(opened) - set(closed)) <= 1, place  # the close itself had no memory
        assert len(ends) == len(set(ends)), place
        assert await box.ask(says("alive")) == ["alive"], place
        await box.stop()
    assert raised > len(lines.seen) * 9 // 10
    print(raised)


if __name__ == "__main__":
    asyncio.run(_sweep())
