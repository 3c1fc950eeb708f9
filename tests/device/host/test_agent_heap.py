"""What the agent's own memory comes to on the box: a long run over real calls, and storage that runs out of room."""

# pyright: reportOptionalSubscript=false, reportAttributeAccessIssue=false
import gc

from device.host import limits, portable
from device.host.calls import Calls
from tests.device.host.agent_box import AgentBox, says, uses

MOST_BYTES = 200 * 1024
FETCH = ("http_fetch", {"url": "https://x.example/"})


class Wire:
    """The laptop at the other end of real Calls: keeps nothing, answers by number, measures as a request goes out."""

    def __init__(self, clock):
        self.calls = Calls(self._send, clock)
        self.calls.live(True)
        self.rounds = 0
        self.requests = 0
        self.largest = 0
        self.base = 0
        self.peak = 0
        self._size = 0

    def start(self):
        self.base = _live()

    def _send(self, kind, body):
        if kind != "call.open":
            return True
        self.peak = max(self.peak, _live() - self.base)
        self._size += len(body["p"])
        if not body["m"]:
            self.largest, self._size = max(self.largest, self._size), 0
            self._answer(body["s"], body["c"])
        return True

    def _answer(self, service, call):
        parts, n = [], 0
        if service == "llm":
            self.requests += 1
            items, result = says("b" * 3000) if self.requests > self.rounds else uses(FETCH, text="t" * 500)
            parts = [("call.item", item) for item in items] + [("call.end", result)]
        elif service == "http":
            parts = [("call.end", {"status": 200, "headers": {}, "text": "w" * 24000, "truncated": True})]
        else:
            parts = [("call.end", {"lease": "l", "model": {"state": "ready"}})]
        for kind, value in parts:
            text = portable.dumps(value)
            for start in range(0, len(text), 6000):
                body = {"c": call, "n": n, "p": text[start : start + 6000], "m": start + 6000 < len(text)}
                self.calls.receive(kind, body)
                n += 1


def _live():
    gc.collect()
    return gc.mem_alloc() if portable.MICROPYTHON else 0


async def test_a_run_of_ten_rounds_with_a_full_conversation_keeps_to_its_memory():
    box = await AgentBox().start()
    for _ in range(10):
        await box.ask(says("a" * 1100), text="q" * 1100)
    box.model.requests = []
    wire = Wire(box.clock)
    box.model.open, wire.rounds = wire.calls.open, limits.AGENT_ROUNDS - 1
    wire.start()
    await box.say("go on " + "g" * 1000)
    for _ in range(20):
        await box.clock.settle()
    assert box.replies()[-1] == ("main", "b" * 3000) and wire.requests == limits.AGENT_ROUNDS
    assert limits.CONVERSATION_BYTES < wire.largest <= 64 * 1024
    assert wire.peak <= MOST_BYTES, wire.peak
    if portable.MICROPYTHON:
        print("peak of the run: %d bytes, largest request: %d" % (wire.peak, wire.largest))
    await box.stop()


async def test_the_largest_request_that_the_bounds_allow_fits_a_call():
    box = await AgentBox().start()
    for scope in ("global", "main"):
        answer = await box.command("notes.set", scope=scope, text="n" * limits.NOTE_BYTES)
        assert answer["ok"]
    summary = {"folder": "main", "session": "s", "summary": "s" * limits.SUMMARY_BYTES, "upto": 0}
    box.store.put("session.set", summary)
    for _ in range(14):
        await box.ask(says("&" * 700), text="ü" * 800)
    wire = Wire(box.clock)
    box.model.open, wire.rounds = wire.calls.open, limits.AGENT_ROUNDS - 1
    await box.say("&" * 4000)
    for _ in range(20):
        await box.clock.settle()
    assert box.replies()[-1] == ("main", "b" * 3000)
    assert 45 * 1024 < wire.largest <= 64 * 1024
    await box.stop()


async def test_a_full_spool_is_an_error_that_the_model_can_read_and_the_run_still_ends():
    box = await AgentBox().start()
    add = ("schedule_task", {"prompt": "p", "schedule_type": "interval", "schedule_value": "60000"})

    def full(body):
        box.auto_ack = False
        while box.store.has_room(1, 400):
            box.store.put("audit", {"what": "x" * 100})
        return uses(add, ("send_message", {"text": "hi"}))

    await box.ask(full, says("sorry"))
    for text, error in box.results():
        assert error and "cannot be done now" in text
    assert box.state.tasks == {} and box.state.runs[-1]["state"] == "done"
    await box.stop()
