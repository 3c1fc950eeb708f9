"""A box whose assistant is the agent, and a language model that answers from a script: what tests of the agent use."""

import asyncio
import json

from device.host import limits, portable
from device.host.agent import Agent
from device.host.calls import CallFailed
from device.host.offline import OfflineResponder
from device.host.responders import Responders
from device.host.tools.toolbox import Parts
from device.host.url import parse
from tests.device.host.box import Box

USAGE = {"input": 100, "output": 10, "cache_read": 5, "cache_write": 0, "micro_usd": 700}


def says(*texts, **more):
    """A round that ends with these pieces of text."""
    return [{"t": "text", "text": text} for text in texts], dict({"stop": "end", "usage": USAGE}, **more)


def uses(*calls, **more):
    """A round that calls tools: (name, args) or (name, args, id)."""
    items = [{"t": "text", "text": more["text"]}] if "text" in more else []
    for at, call in enumerate(calls):
        items.append({"t": "tool", "id": call[2] if len(call) > 2 else "t%d" % at, "name": call[0], "input": call[1]})
    return items, {"stop": "tool_use", "usage": USAGE}


class Model:
    """In place of Calls. `script`: rounds, failures (CallFailed) or functions of the request; then it says "fine"."""

    def __init__(self):
        self.script = []
        self.requests = []  # of llm
        self.summary = says("They talked.")  # what it answers when it is to summarise
        self.summed_up = []  # those requests
        self.fetched = []  # of http
        self.services = []  # (service, run) of everything opened
        self.timeouts = []  # (service, ms)
        self.cancelled = 0
        self.opened = {"lease": "lease-1", "model": {"state": "ready", "name": "m", "text": ""}}
        self.answers = []  # of http
        self.waits = 0
        self.stop_at = None  # the number of the wait that never ends

    def open(self, service, body, timeout_ms):
        self.services.append((service, body["run"]))
        self.timeouts.append((service, timeout_ms))
        text = portable.dumps(body)
        assert len(text.encode()) <= 64 * 1024 and timeout_ms > 0
        return Call(self, self._answer(service, json.loads(text)))

    def _answer(self, service, body):
        if service == "run.open":
            return self.opened if isinstance(self.opened, CallFailed) else ([], self.opened)
        if service == "llm":
            _check(body)
            if not body["tools"]:
                self.summed_up.append(body)
                return self.summary
            self.requests.append(body)
            step = self.script.pop(0) if self.script else says("fine")
            return step(body) if callable(step) else step
        if service == "http":
            self.fetched.append(body)
            return self.answers.pop(0)
        return [], {}

    async def wait(self):
        self.waits += 1
        if self.waits == self.stop_at:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


class Call:
    def __init__(self, model, answer):
        self._model = model
        self._answer = answer
        self._items = [] if isinstance(answer, CallFailed) else list(answer[0])
        self.result = None

    async def next(self):
        await self._model.wait()
        if self._items:
            item = self._items.pop(0)
            if isinstance(item, Exception):
                raise item
            return item() if callable(item) else item
        if isinstance(self._answer, CallFailed):
            raise self._answer
        self.result = self._answer[1]
        return None

    def cancel(self):
        if self.result is None:
            self._model.cancelled += 1


class Gate:
    """Allows everything, or refuses with what a test says."""

    def __init__(self):
        self.checked = []
        self.refusal = None
        self.approval = None
        self.target = None

    async def check(self, run, tool, method, url, headers, body):
        self.checked.append((run["folder"], method, url))
        self.target = parse(url)
        if self.refusal is not None:
            raise self.refusal
        return self


class Owner:
    """Answers questions."""

    def __init__(self):
        self.asked = []
        self.answer = "once"

    async def ask(self, run, tool, args, host, why):
        self.asked.append((run["folder"], args))
        return self.answer


class AgentBox(Box):
    """`model`, `gate` and `owner` are the fakes."""

    def __init__(self, contents=None, **more):
        Box.__init__(self, contents, **more)
        self.model, self.gate, self.owner = Model(), Gate(), Owner()
        self.parts = Parts(self.model, self.gate, self.owner, self.host.show, self.host.status)
        responder = Responders(self.host.model, Agent(self.store, self.clock, self.parts), OfflineResponder())
        self.answers.respond = responder.respond
        self.host.set_online(True)
        self.host.hear("host.model", {"state": "ready", "name": "m", "text": ""})

    async def ask(self, *rounds, **more):
        """Say something to the assistant, which answers with these rounds; the replies of this run."""
        folder = more.get("folder", "main")
        if folder not in self.state.groups:
            await self.group(folder, requires_trigger=False)
        self.model.script = list(rounds)
        before = len(self.replies())
        await self.say(more.get("text", "hello"), folder)
        for _ in range(30):
            await self.clock.settle()
            if not self.host._runs.running:
                break
        return [text for _, text in self.replies()[before:]]

    def results(self, request=-1):
        """[(text, error)] of the tool results in a request."""
        parts = self.model.requests[request]["messages"][-1]["content"]
        return [(part["text"], part["error"]) for part in parts if part["t"] == "tool_result"]


def last_text(request):
    """All texts of a request's last turn."""
    return "\n".join([part["text"] for part in request["messages"][-1]["content"] if part["t"] == "text"])


def _check(body):
    """What both providers insist on: roles alternate from user on, every tool_use is answered by the next turn."""
    turns = body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2) + ["user"], "roles"
    owed = []
    for turn in turns:
        assert turn["content"], "an empty turn"
        told = [part["id"] for part in turn["content"] if part["t"] == "tool_result"]
        assert told == owed, "tool calls and their results"
        owed = [part["id"] for part in turn["content"] if part["t"] == "tool_use"]
        assert len(set(owed)) == len(owed), "ids"
        assert [part for part in turn["content"] if part["t"] == "text" and not part["text"]] == [], "an empty text"
    assert body["max_tokens"] == limits.AGENT_TOKENS or not body["tools"]
