"""The agent on the box, over real calls, the inference service and HTTP, with a strict imitation of each API."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.host.calls import CallServer
from device.host.calls import Calls
from tests.app.inference.rig import KEY, Rig
from tests.device.host.agent_box import AgentBox
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.brain import think
from tests.imitation.openai import OpenAiImitation

Body = dict[str, Any]
RUN_ENDS_S = 20


class Desk:
    """A box whose calls reach an inference service; `ask` waits for the end of the run."""

    def __init__(self, rig: Rig) -> None:
        self.box = AgentBox()
        self.rig = rig
        self.calls = Calls(self._up, self.box.clock)
        self.server = CallServer(self._down)
        self.closed: list[str] = []
        self.server.register("run.open", self._opened)
        self.server.register("run.close", self._closed)
        self.server.register("llm", lambda body, send_item, context: rig.inference.run(body, send_item))
        self.calls.live(True)
        self.box.model.open = self.calls.open  # pyright: ignore[reportAttributeAccessIssue]
        self._changed = asyncio.Event()
        self.box.host.on_change(self._changed.set)

    async def ask(self, text: str) -> str:
        """The last reply to a message."""
        await self.box.say(text)
        await self.until(lambda: not self.box.host._runs.running)
        return self.box.replies()[-1][1]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(RUN_ENDS_S):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def _up(self, kind: str, body: Body) -> bool:
        self.server.receive(kind, body)
        return True

    async def _down(self, kind: str, body: Body) -> bool:
        self.calls.receive(kind, body)
        return True

    async def _opened(self, body: Body, send_item: Callable[[Body], Awaitable[None]], context: Any) -> Body:
        return {"lease": "l1", "model": self.rig.inference.state(body["folder"])}

    async def _closed(self, body: Body, send_item: Callable[[Body], Awaitable[None]], context: Any) -> Body:
        self.closed.append(body["run"])
        self._changed.set()
        return {}


@pytest.mark.parametrize("imitation", [AnthropicImitation, OpenAiImitation])
async def test_a_conversation_with_tools_and_notes(imitation) -> None:
    async with imitation(KEY, brain=think) as server, Rig({"m": server}) as rig:
        desk = Desk(rig)
        await desk.box.start()
        assert "42" in await desk.ask("what is 40 plus 2")
        assert "Done. Scheduled." in await desk.ask("remind me to water the plants every day at 9")
        (task,) = desk.box.state.tasks.values()
        assert (task["prompt"], task["value"]) == ("water the plants", "0 9 * * *")
        assert "water the plants" in await desk.ask("list my tasks")
        await desk.ask("remember that Ann likes tea")
        assert "Ann likes tea" in desk.box.state.notes["main"]["text"]
        spent = desk.box.state.spend["main"]
        assert spent["calls"] == 7 and spent["input"] > 0 and spent["output"] > 0 and spent["micro_usd"] > 0
        await desk.until(lambda: len(set(desk.closed)) == 4)
        await desk.box.stop()


async def test_a_refused_key_is_told_in_plain_words() -> None:
    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        rig.transports["m"].key = "sk-fake-wrong"
        desk = Desk(rig)
        await desk.box.start()
        reply = await desk.ask("what is love")
        assert reply.startswith("I cannot answer now: the model server refuses the key") and "To do: " in reply
        assert "sk-fake" not in reply
        assert desk.box.state.runs[-1]["state"] == "done"
        await desk.box.stop()
