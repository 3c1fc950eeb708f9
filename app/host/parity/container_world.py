"""The made-up process of a recorded container run, and the handler of its results."""

# pyright: standard

import asyncio
import base64
import re
from typing import Any

from device.host.clock import ManualClock

CLOSES_AFTER_STOP_MS = 10


class World:
    """The process that the case describes (as Spawner and Process), and what was done to it."""

    def __init__(self, case: dict[str, Any], clock: ManualClock) -> None:
        self.clock = clock
        self.events: Any = None
        self.spawn: dict[str, Any] | None = None
        self.stdin: str | None = None
        self.execs: list[dict[str, Any]] = []
        self.kills: list[dict[str, Any]] = []
        self._stop_fails = case.get("stop_fails", False)
        self._stopped_code = _recorded_code(case)
        self._closing: list[asyncio.Task[None]] = []

    async def spawn_process(self, command: Any, stdin: bytes, events: Any) -> "World":
        """Note how it was started."""
        self.spawn = {"command": command[0], "args": list(command[1:])}
        self.stdin, self.events = stdin.decode(), events
        return self

    async def run(self, command: Any) -> bool:
        """The engine's stop command: the process closes a little later, unless the case says that it fails."""
        self.execs.append({"t": self.clock.ticks_ms(), "cmd": " ".join(command)})
        if not self._stop_fails:
            self._close(self._stopped_code)
        return not self._stop_fails

    def kill(self) -> None:
        """The process closes a little later, without a code."""
        self.kills.append({"t": self.clock.ticks_ms(), "signal": "SIGKILL"})
        self._close(None)

    def deliver(self, event: dict[str, Any]) -> None:
        """Let one recorded event happen."""
        if "close" in event:
            self.events.closed(event["close"])
        elif "error" in event:
            self.events.failed(event["error"])
        elif "stderr" in event:
            self.events.stderr(event["stderr"].encode("utf-8", "surrogatepass"))
        else:
            self.events.stdout(stdout_bytes(event))

    def _close(self, code: int | None) -> None:
        async def later() -> None:
            await self.clock.sleep_ms(CLOSES_AFTER_STOP_MS)
            self.events.closed(code)

        self._closing.append(asyncio.create_task(later()))


class Spawner:
    """World's two roles have methods of the same name; this is the one that starts processes."""

    def __init__(self, world: World) -> None:
        self.spawn = world.spawn_process
        self.run = world.run


class Handler:
    """onOutput: notes results, is as slow and fails as the case says."""

    def __init__(self, case: dict[str, Any], clock: ManualClock) -> None:
        self.outputs: list[dict[str, Any]] = []
        self._behaviour = case.get("on_output", [])
        self._clock = clock

    async def __call__(self, output: Any) -> None:
        self.outputs.append({"t": self._clock.ticks_ms(), "output": output})
        at = len(self.outputs) - 1
        behaviour = self._behaviour[at] if at < len(self._behaviour) else {}
        if behaviour and behaviour.get("delay"):
            await self._clock.sleep_ms(behaviour["delay"])
        if behaviour and behaviour.get("throws"):
            raise RuntimeError("callback failed")


def stdout_bytes(event: dict[str, Any]) -> bytes:
    """What a recorded output event wrote."""
    if "stdout_b64" in event:
        return base64.b64decode(event["stdout_b64"])
    text = event["repeat"][0] * event["repeat"][1] if "repeat" in event else event["stdout"]
    return text.encode("utf-8", "surrogatepass")


def _recorded_code(case: dict[str, Any]) -> int | None:
    """The code with which the stopped process closed: the recordings give it in the time-out's log only."""
    for text in case["log_files"].values():
        found = re.search(r"^Exit Code: (-?\d+)$", text, re.MULTILINE)
        if found:
            return int(found[1])
    return None
