"""The operators' door: keys, topics, numbers, answers in parts, events. Operators are played by hand."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest

from app.host import limits
from app.host.answers import pieces
from app.host.device_core import ENVELOPE_BYTES, open_envelope, seal, system_clock
from app.host.events import EventFeed
from app.host.operators import OperatorServer
from app.host.pending_answer import PendingAnswer
from app.host.refusal import RequestRefused
from device.host.clock import ManualClock

KEYS = {"tui": b"t" * 32, "cli": b"c" * 32}


class Desk:
    """A server with a recorded outside."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, dict[str, Any], str, str]] = []
        self.sent: list[tuple[str, bytes]] = []
        self.audited: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.result: Any = "fine"
        self.gate: asyncio.Event | None = None
        self.server = OperatorServer(
            KEYS,
            {"version": "1", "device": "d"},
            "b0",
            system_clock(),
            self.handle,
            self.publish,
            self.spawn,
            self.audit,
        )

    async def handle(self, name: str, args: dict[str, Any], request_id: str, client: str) -> Any:
        self.handled.append((name, args, request_id, client))
        if self.gate:
            await self.gate.wait()
        if name == "no":
            raise RequestRefused("bad_value", "no", "do not ask")
        return self.result

    async def publish(self, client: str, data: bytes) -> None:
        self.sent.append((client, data))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.add(asyncio.create_task(work))

    def audit(self, what: str, detail: str, actor: str) -> None:
        self.audited.append(f"{what} {detail} {actor}")

    async def send(
        self, client: str, kind: str, id_: str, body: dict[str, Any], key: bytes = b"", src: str = ""
    ) -> bytes:
        fields = {"src": src or f"op:{client}", "boot": "ab", "seq": 0, "ack": 0, "ts": 1, "id": id_, "kind": kind}
        data = seal(key or KEYS[client], fields | {"body": body})
        await self.receive(client, data)
        return data

    async def receive(self, client: str, data: bytes) -> None:
        await self.server.receive(client, data)
        if not self.gate and self.tasks:
            await asyncio.wait(self.tasks)

    def opened(self) -> list[dict[str, Any]]:
        return [open_envelope(KEYS[client], data) for client, data in self.sent]

    async def hello(self, client: str = "tui", nonce: str = "0123456789abcdef") -> str:
        await self.send(client, "op.hello", "h", {"nonce": nonce})
        welcome = self.opened()[-1]
        assert (welcome["kind"], welcome["body"]["nonce"]) == ("op.welcome", nonce)
        return welcome["body"]["sid"]

    async def ask(self, sid: str, n: int, id_: str, name: str = "status", client: str = "tui") -> bytes:
        return await self.send(client, "req", id_, {"sid": sid, "n": n, "name": name, "args": {}})

    def answer(self) -> Any:
        return json.loads(self.opened()[-1]["body"]["text"])


async def test_a_request_is_answered_to_its_client_only() -> None:
    desk = Desk()
    await desk.ask(await desk.hello(), 1, "q1")
    assert desk.answer() == {"ok": True, "result": "fine"}
    assert {client for client, _ in desk.sent} == {"tui"}
    await desk.ask(await desk.hello(nonce="x" * 16), 1, "q2", "no")
    assert desk.answer()["error"] == {"code": "bad_value", "message": "no", "remedy": "do not ask"}


async def test_a_replayed_request_is_carried_out_once() -> None:
    desk = Desk()
    sid = await desk.hello()
    data = await desk.ask(sid, 1, "q1", "task.run")
    for number in range(limits.ANSWERS_KEPT + 1):
        await desk.ask(sid, 2 + number, f"other{number}")
    before = len(desk.sent)
    await desk.receive("tui", data)
    assert [h[2] for h in desk.handled].count("q1") == 1
    assert len(desk.sent) == before
    assert desk.server.dropped == {"replayed": 1}


async def test_a_request_sent_again_in_a_new_session_gets_the_kept_answer() -> None:
    desk = Desk()
    await desk.ask(await desk.hello(), 1, "q1", "task.run")
    await desk.ask(await desk.hello(nonce="n" * 16), 1, "q1", "task.run")
    assert len(desk.handled) == 1
    assert desk.answer() == {"ok": True, "result": "fine"}


async def test_numbers_that_go_back_are_refused() -> None:
    desk = Desk()
    sid = await desk.hello()
    await desk.ask(sid, 5, "q1")
    for number, n in enumerate((5, 4, 0, -1)):
        await desk.ask(sid, n, f"later{number}")
    assert len(desk.handled) == 1
    assert desk.server.dropped == {"replayed": 4}


async def test_keys_topics_and_sessions_of_others_open_nothing() -> None:
    desk = Desk()
    sid = await desk.hello()
    body = {"sid": sid, "n": 1, "name": "status", "args": {}}
    before = len(desk.sent)
    await desk.send("tui", "req", "q1", body, key=KEYS["cli"])
    await desk.send("tui", "req", "q2", body, src="op:cli")
    await desk.send("tui", "req", "q3", body, src="host")
    await desk.server.receive("stranger", b"x" * 100)
    await desk.server.receive("tui", b"x" * 9000)
    await desk.server.receive("tui", b"")
    assert desk.handled == []
    assert len(desk.sent) == before
    assert desk.server.dropped == {"bad_mac": 2, "wrong_src": 2, "unknown_client": 1, "too_large": 1}
    await desk.send("cli", "req", "q4", body)  # a session of another client
    assert desk.answer()["error"]["code"] == "no_session"
    assert desk.handled == []


async def test_a_session_that_is_no_text_is_answered_like_an_unknown_one() -> None:
    desk = Desk()
    await desk.hello()
    for number, sid in enumerate(([], {}, None, 7)):  # an exception would bring the message again and again
        await desk.send("tui", "req", f"q{number}", {"sid": sid, "n": 1, "name": "status", "args": {}})
        assert desk.answer()["error"]["code"] == "no_session"
    assert not desk.handled


async def test_forgeries_are_audited_at_a_bounded_rate() -> None:
    desk = Desk()
    for _ in range(100):
        await desk.server.receive("tui", b"x" * 100)
    assert len(desk.audited) == limits.FORGERIES_AUDITED_PER_MINUTE
    assert desk.server.dropped == {"bad_mac": 100}


async def test_each_session_is_audited_once_from_its_first_request_on() -> None:
    desk = Desk()
    first = await desk.hello()
    assert desk.audited == []  # a greeting alone may be a recording
    for number in (1, 2):
        await desk.ask(first, number, f"q{number}")
    assert desk.audited == ["operator.session began op:tui"]
    second = await desk.hello(nonce="x" * 16)
    await desk.ask(second, 1, "q3")
    await desk.ask(first, 3, "q4")
    assert desk.audited == ["operator.session began op:tui"] * 2


async def test_the_sessions_that_are_known_to_be_audited_are_bounded() -> None:
    desk = Desk()
    for number in range(limits.SESSIONS_NOTED + 1):
        await desk.ask(await desk.hello(nonce=f"{number:016d}"), 1, f"q{number}")
    assert len(desk.server._noted) == limits.SESSIONS_NOTED


async def test_a_replayed_hello_opens_no_second_session_and_the_longest_idle_one_goes_first() -> None:
    desk = Desk()
    first = await desk.hello(nonce="a" * 16)
    assert await desk.hello(nonce="a" * 16) == first
    second = await desk.hello(nonce="b" * 16)
    await desk.ask(first, 1, "q1")
    for number in range(limits.SESSIONS_PER_CLIENT - 1):
        await desk.hello(nonce=f"{number:016}")
    await desk.ask(second, 1, "q2")
    assert desk.answer()["error"]["code"] == "no_session"
    await desk.ask(first, 2, "q3")
    assert desk.answer()["ok"]


async def test_too_many_requests_at_a_time_are_answered_busy() -> None:
    desk = Desk()
    sid = await desk.hello()
    desk.gate = asyncio.Event()
    for number in range(limits.REQUESTS_AT_A_TIME + 1):
        await desk.ask(sid, number + 1, f"q{number}")
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(desk.handled) == limits.REQUESTS_AT_A_TIME
    assert desk.answer()["error"]["code"] == "busy"
    desk.gate.set()
    await asyncio.wait(desk.tasks)


@pytest.mark.parametrize("prompt", ["plain words " * 100, '"\\' * 700, "ü€😀" * 400, "\n" * 2000])
async def test_a_large_answer_comes_in_parts_that_fit_and_in_any_order(prompt: str) -> None:
    desk = Desk()
    desk.result = [{"id": f"task-{number}", "prompt": prompt} for number in range(200)]
    await desk.ask(await desk.hello(), 1, "q1", "tasks")
    parts = [envelope["body"] for envelope in desk.opened() if envelope["kind"] == "res"]
    assert len(parts) == parts[0]["parts"] > 20
    assert all(len(data) <= ENVELOPE_BYTES for _, data in desk.sent)
    pending = PendingAnswer("tasks", {})
    answers = [pending.take(part) for part in reversed(parts)]
    assert answers[-1] == {"ok": True, "result": desk.result}
    assert answers[:-1] == [None] * (len(parts) - 1)


async def test_an_answer_beyond_the_bound_is_refused() -> None:
    desk = Desk()
    desk.result = "x" * (limits.ANSWER_BYTES + 1)
    await desk.ask(await desk.hello(), 1, "q1")
    assert desk.answer()["error"]["code"] == "too_large"


async def test_parts_that_make_no_sense_are_passed_over() -> None:
    pending = PendingAnswer("x", {})
    good = {"part": 0, "parts": 1, "text": "{}"}
    for change in (
        {"part": 1},
        {"part": -1},
        {"parts": limits.CLIENT_PARTS + 1},
        {"parts": "1"},
        {"text": None},
        {"text": "["},
    ):
        assert pending.take(good | change) is None
    assert pending.take(good) == {}
    assert pieces("") == [""]


class Feed:
    """An EventFeed under a clock moved by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock(0)
        self.batches: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.feed = EventFeed(b"e" * 32, "b0", self.clock, self.publish)

    async def publish(self, data: bytes) -> None:
        self.sizes.append(len(data))
        self.batches.append(open_envelope(b"e" * 32, data))


async def test_events_go_out_in_batches_at_a_bounded_rate() -> None:
    feed = Feed()
    task = asyncio.create_task(feed.feed.run())
    for number in range(300):
        feed.feed.add("msg.out", {"id": number, "text": "x" * 200})
    await feed.clock.advance(1000)
    assert len(feed.batches) <= 11
    await feed.clock.advance(10_000)
    ids = [event["body"]["id"] for batch in feed.batches for event in batch["body"]["events"]]
    assert ids == list(range(300))
    assert [batch["seq"] for batch in feed.batches] == list(range(1, len(feed.batches) + 1))
    assert max(feed.sizes) <= ENVELOPE_BYTES
    assert sum(batch["body"]["thinned"] for batch in feed.batches) == 0
    task.cancel()


async def test_under_load_telemetry_goes_first_and_what_went_is_said() -> None:
    feed = Feed()
    for number in range(limits.EVENTS_WAITING):
        feed.feed.add("tele.text" if number % 2 else "msg.out", {"id": number})
    for number in range(limits.EVENTS_WAITING // 2 + 10):
        feed.feed.add("audit", {"id": 10_000 + number})
    task = asyncio.create_task(feed.feed.run())
    await feed.clock.advance(60_000)
    kinds = [event["kind"] for batch in feed.batches for event in batch["body"]["events"]]
    assert "tele.text" not in kinds
    assert kinds.count("msg.out") == limits.EVENTS_WAITING // 2 - 10
    assert sum(batch["body"]["thinned"] for batch in feed.batches) == limits.EVENTS_WAITING // 2 + 10
    task.cancel()


async def test_only_the_newest_state_of_the_queue_waits_and_oversized_events_are_counted() -> None:
    feed = Feed()
    for number in range(5):
        feed.feed.add("tele.queue", {"id": number})
    feed.feed.add("msg.out", {"text": "\x01" * 3000})
    task = asyncio.create_task(feed.feed.run())
    await feed.clock.advance(1000)
    assert [batch["body"]["events"] for batch in feed.batches] == [[{"kind": "tele.queue", "body": {"id": 4}}]]
    assert feed.batches[0]["body"]["thinned"] == 1
    task.cancel()
