"""A laptop for calls, scripted: it takes requests apart by hand and answers as it is told, rightly or wrongly."""

import asyncio

from device.host import call_parts
from device.host.calls import Calls
from device.host.clock import ManualClock


class Laptop:
    """`calls` is the box's end; `requests` what has arrived whole: (id, service, body); `control` all other kinds."""

    def __init__(self):
        self.clock = ManualClock(1700000000000)
        self.calls = Calls(self.send, self.clock)
        self.up = True
        self.requests = []
        self.control = []
        self.parts = {}
        self.n = {}
        self.largest = 0
        self.calls.live(True)

    async def send(self, kind, body):
        await asyncio.sleep(0)
        if not self.up:
            return False
        if kind == "call.open":
            self.largest = max(self.largest, call_parts.escaped_bytes(body["p"]))
            assembly = self.parts.setdefault(body["c"], call_parts.Assembly())
            text = assembly.add(body["p"], body["m"])
            if text is not None:
                self.requests.append((body["c"], body["s"], call_parts.decode(text)))
        else:
            self.control.append((kind, body))
        return True

    async def settle(self):
        await self.clock.settle()

    async def begin(self, body=None, timeout_ms=1000):
        """A call whose request has arrived; (call, id)."""
        call = self.calls.open("llm", body or {"x": 1}, timeout_ms)
        await self.settle()
        return call, call.id

    def say(self, name, kind, body, n=None):
        """Send one or more parts."""
        pieces = [(None, None)] if kind == "call.fail" else list(call_parts.cut(call_parts.encode(body)))
        for piece, more in pieces:
            part = dict(body) if piece is None else {"p": piece, "m": more}
            part["c"] = name
            part["n"] = self.n.get(name, 0) if n is None else n
            self.n[name] = part["n"] + 1
            self.calls.receive(kind, part)

    def item(self, name, body):
        self.say(name, "call.item", body)

    def end(self, name, body):
        self.say(name, "call.end", body)


async def read_all(call):
    """(items, result)."""
    items = []
    while True:
        item = await call.next()
        if item is None:
            return items, call.result
        items.append(item)
