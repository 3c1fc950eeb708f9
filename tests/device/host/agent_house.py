"""A box with everything real (agent, gate, asks, calls, link) and a laptop that answers calls by a script."""

# pyright: reportOptionalSubscript=false
import asyncio

from device.host import call_parts, portable
from device.host.agent import Agent
from device.host.calls import Calls
from device.host.link import Link
from device.host.offline import OfflineResponder
from device.host.responders import Responders
from device.host.tools.toolbox import Parts
from tests.device.host.agent_box import says
from tests.device.host.box import Box
from tests.device.host.link_world import KEY, MemoryStore, Wire

RULES = [
    {"name": "weather", "effect": "allow", "host": "api.weather.example"},
    {"name": "shop", "effect": "ask", "host": "shop.example"},
]
PAGE = {"status": 200, "headers": {}, "text": "the page", "truncated": False}


class Laptop:
    """`rounds` are the model's; `requests` (service, body) as they came whole, `records` (kind, body) likewise."""

    def __init__(self, house):
        self.house = house
        self.store = MemoryStore()
        self.rounds = []
        self.requests = []
        self.records = []
        self.cancelled = []
        self.silent = []  # services that are not answered
        self._parts = {}
        self.link = Link(
            self.store,
            KEY,
            "host",
            "device:desk",
            "0001",
            house.clock,
            house.down.send,
            self._apply,
            on_service=self._served,
            welcome_extra=lambda: {"utc_ms": house.clock.now_ms()},
        )

    def tell(self, kind, body):
        """A record down to the box."""
        self.store.put("k%d" % self.store.next, kind, body)
        self.link.kick()

    def bodies(self, service):
        return [body for name, body in self.requests if name == service]

    def kinds(self, kind):
        return [body for name, body in self.records if name == kind]

    async def _apply(self, kind, body, envelope):
        self.store.last_in = envelope["seq"]
        self.records.append((kind, body))

    def _served(self, kind, body):
        if kind == "call.cancel":
            self.cancelled.append(body["c"])
        if kind != "call.open":
            return
        text = self._parts.setdefault(body["c"], call_parts.Assembly()).add(body["p"], body["m"])
        if text is not None:
            request = call_parts.decode(text)
            self.requests.append((body["s"], request))
            if body["s"] not in self.silent:
                portable.spawn(self._answer(body["c"], body["s"]), "answer")

    async def _answer(self, name, service):
        items, result = [], {}
        if service == "run.open":
            result = {"lease": "lease-1", "model": {"state": "ready", "name": "m", "text": ""}}
        elif service == "http":
            result = PAGE
        elif service == "llm":
            items, result = self.rounds.pop(0) if self.rounds else says("fine")
        n = 0
        for kind, value in [("call.item", item) for item in items] + [("call.end", result)]:
            for piece, more in call_parts.cut(call_parts.encode(value)):
                await self.link.service(kind, {"c": name, "n": n, "p": piece, "m": more})
                n += 1


class House:
    """`await house.start()`; `box` and `laptop` are its two ends, joined by `up` and `down`."""

    def __init__(self, contents=None, **options):
        self.box = Box(contents, auto_ack=False, **options)
        self.clock = self.box.clock
        self.up, self.down = Wire(self.clock), Wire(self.clock)
        self.laptop = Laptop(self)
        host = self.box.host
        self.link = Link(
            self.box.store,
            KEY,
            "device:desk",
            "host",
            self.box.store.boot,
            self.clock,
            self.up.send,
            host.handle,
            on_live=self._live,
            on_welcome=host.welcome,
            on_service=self._served,
        )
        self.calls = Calls(self.link.service, self.clock)
        self.box.store.call_when_durable(self.link.kick)
        self.parts = Parts(self.calls, host.gate, host.asks, host.show, host.status)
        self.agent = Agent(self.box.store, self.clock, self.parts)
        responders = Responders(host.model, self.agent, OfflineResponder())
        self.box.answers.respond = responders.respond
        self.tasks = []
        self.said = 0

    @property
    def state(self):
        return self.box.state

    async def start(self, rules=RULES):
        self.peers = {"host": self.laptop, "box": self}  # for Wire.carry
        self.tasks = [
            asyncio.create_task(work)
            for work in (
                self.up.carry(self, "host"),
                self.down.carry(self, "box"),
                self.link.run(),
                self.laptop.link.run(),
            )
        ]
        await self.box.start()
        self.join()
        await self.run(400)
        self.box.host.hear("host.model", {"state": "ready", "name": "m", "text": ""})
        self.set_policy("v1", rules)
        await self.run(100)
        assert self.link.live and self.state.policy["version"] == "v1"
        return self

    def join(self):
        self.up.up = self.down.up = True
        self.link.connected()
        self.laptop.link.connected()

    def cut(self):
        self.up.up = self.down.up = False
        self.link.disconnected()
        self.laptop.link.disconnected()

    def set_policy(self, version, rules):
        args = {"version": version, "rules": rules, "problem": None}
        self.laptop.tell("cmd", {"id": "p-" + version, "client": "host", "name": "policy.set", "args": args})

    def say(self, text="hello"):
        self.said += 1
        body = {"jid": "console:main", "id": "m%d" % self.said, "sender": "ann", "sender_name": "Ann", "text": text}
        self.laptop.tell("msg.in", dict(body, ts_ms=self.clock.now_ms(), from_me=False))

    async def run(self, ms=200):
        await self.clock.advance(ms)

    def answer(self, answer):
        """The owner's finger."""
        self.box.host.perform("ask.answer", {"id": self.state.open_asks()[0]["id"], "answer": answer})

    def results(self):
        """[(text, error)] of the tool results in the model's last request."""
        parts = self.laptop.bodies("llm")[-1]["messages"][-1]["content"]
        return [(part["text"], part["error"]) for part in parts if part["t"] == "tool_result"]

    def replies(self):
        return [m["text"] for m in self.state.rings["main"] if m["from_me"]]

    def nothing_is_left(self):
        """No run, slot, call or ask is held; every run has an end."""
        host = self.box.host
        assert host._runs.running == {} and host._runs._tasks == {}, "a run goes on"
        assert host.queue()["slots"]["used"] == 0, "a slot"
        assert self.calls._open == {}, "a call"
        assert self.state.open_asks() == [] and host.asks._waiting == {} and host.glance()["ask"] is None, "an ask"
        assert host.asks._asked == {}, "a count of asks"
        assert [run for run in self.state.runs if run["state"] == "running"] == [], "a run without end"

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        return await self.box.stop()

    def _live(self, live):
        self.calls.live(live)
        self.box.host.set_online(live)

    def _served(self, kind, body):
        self.calls.receive(kind, body)
