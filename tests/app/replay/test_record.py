"""Recording: from a box's records to a timeline that replays."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from app.errors import ProblemError
from app.host.replay.builder import TimelineBuilder
from app.host.replay.judge import FAILED, PASSED
from app.host.replay.own import judge_own
from app.host.replay.player import BOX, DESKTOP, play
from app.host.replay.record import record
from app.host.replay.timeline import check
from device.host.clock import ManualClock
from device.host.host import Host
from device.host.journal import Journal
from device.host.offline import OfflineResponder
from device.host.store import Store
from device.sim.memory_storage import MemoryStorage

START_MS = 1770984000000
BERLIN = {"assistant": "Barnacle", "zone": "Europe/Berlin", "slots": 2}


class LiveBox:
    """The real host with the offline assistant; its records go to a builder as the operators' events would."""

    def __init__(self):
        self.clock = ManualClock(START_MS)
        self.store = Store(Journal(MemoryStorage()), self.clock)
        self.store.recover()
        self.store.call_when_durable(lambda: self.store.acked(self.store.next_out() - 1))
        self.host = Host(self.store, self.clock, OfflineResponder(), lambda kind, body: None)
        self.host.boot("Barnacle")
        self.builder = TimelineBuilder("test", START_MS, BERLIN)
        state = self.store.state
        self.builder.begin(state.groups.values(), state.tasks.values(), [], dict(state.cursors))
        self.store.observers.append(lambda kind, body: self.builder.take(kind, dict(body), self.clock.now_ms()))
        self._seq = 0

    async def down(self, kind, body):
        self._seq += 1
        await self.host.handle(kind, body, {"seq": self._seq, "id": "x"})
        await self.clock.settle()

    async def say(self, text, jid="console:main"):
        base = {"jid": jid, "id": f"m{self._seq}", "sender": "owner:cli", "sender_name": "owner", "from_me": False}
        await self.down("msg.in", {**base, "text": text, "ts_ms": self.clock.now_ms()})

    async def command(self, verb, **args):
        await self.down("cmd", {"id": f"c{self._seq}", "client": "cli", "name": verb, "args": args})

    def finish(self):
        state = self.store.state
        return self.builder.finish(self.clock.now_ms(), state.groups.values(), state.tasks.values())


async def _an_afternoon():
    box = LiveBox()
    running = asyncio.create_task(box.host.run())
    await box.clock.settle()
    await box.say("every day at 9 water the plants")
    await box.command("group.add", folder="garden", name="Garden", trigger="@Barnacle")
    await box.clock.advance(1500)
    await box.say("just chatter", "console:garden")
    await box.say("@Barnacle what is next?", "console:garden")
    await box.command("task.add", folder="garden", prompt="look at the pond", kind="interval", value="20000")
    await box.say("anybody there?", "nobody@x")
    await box.command("task.pause", id="no-such-task")
    await box.clock.advance(61000)
    made = next(task["id"] for task in box.store.state.tasks.values() if task["folder"] == "main")
    await box.command("task.pause", id=made)
    await box.say("what is next?")
    await box.clock.advance(3000)
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        pass
    return box.finish()


@pytest.fixture(scope="module")
def timeline():
    return asyncio.run(_an_afternoon())


def judge(timeline, where=DESKTOP):
    return judge_own(timeline, play([timeline], where)[0], "x")


@pytest.mark.parametrize("where", [DESKTOP, BOX])
def test_a_recorded_afternoon_replays_with_the_same_replies_decisions_and_state(timeline, where):
    check(timeline, "x")
    verdict = judge(timeline, where)
    assert (verdict.verdict, verdict.differences) == (PASSED, [])
    expected = timeline["phases"][0]["expected"]
    assert len(expected["out"]) >= 5 and len(expected["runs"]) >= 5
    assert [record["decision"] for record in expected["audit"]].count("deny") == 2


@pytest.mark.parametrize("part", ["runs", "out", "audit", "groups", "tasks"])
def test_a_replay_that_lacks_something_recorded_differs(timeline, part):
    phase = timeline["phases"][0]
    fewer = {**phase["expected"], part: phase["expected"][part][:-1]}
    verdict = judge({**timeline, "phases": [{**phase, "expected": fewer}]})
    assert verdict.verdict == FAILED
    assert verdict.differences[0].where.startswith(part)


def test_a_reply_in_another_zone_differs(timeline):
    phase = timeline["phases"][0]
    settings = {**phase["settings"], "zone": "Asia/Tokyo", "rule": "JST-9"}
    assert judge({**timeline, "phases": [{**phase, "settings": settings}]}).verdict == FAILED


@dataclass
class Event:
    kind: str
    body: dict[str, Any]


class FakeClient:
    """A host with the group main and one reply."""

    def __init__(self, events):
        self._events = events

    async def request(self, name, /, **args):
        group = {"folder": "main", "jid": "console:main", "name": "Main", "trigger": "@Otto", "requires_trigger": False}
        answers = {
            "status": {"host": {"zone": "UTC"}, "queue": {"slots": {"used": 0, "max": 3}}},
            "groups": [{**group, "paused": False, "added_ms": 1, "cursor": 4, "state": "idle"}],
            "tasks": [],
            "messages": [],
        }
        return answers[name]

    async def events(self):
        for event in self._events:
            yield event
        await asyncio.Event().wait()


async def test_a_recording_ends_after_its_time_and_knows_settings_and_cursors():
    sent = {"jid": "console:main", "id": "a", "sender": "s", "sender_name": "S", "text": "hi", "ts_ms": 5}
    stored = Event("msg.stored", {**sent, "from_me": False, "n": 5, "folder": "main"})
    timeline = await record(FakeClient([stored, Event("tele.queue", {})]), 0.05)
    phase = timeline["phases"][0]
    assert phase["settings"] == {"assistant": "Otto", "zone": "UTC", "slots": 3, "rule": "UTC0"}
    assert phase["initial"]["cursors"] == [{"folder": "main", "n": 4}]
    assert [event["body"]["text"] for event in phase["events"]] == ["hi"]
    check(timeline, "x")


async def test_ctrl_c_ends_a_recording_and_keeps_it():
    task = asyncio.create_task(record(FakeClient([]), None))
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    assert (await task)["phases"][0]["events"] == []


async def test_a_recording_with_holes_is_refused():
    with pytest.raises(ProblemError) as caught:
        await record(FakeClient([Event("client.thinned", {"count": 3})]), 1)
    assert "lost" in caught.value.message
