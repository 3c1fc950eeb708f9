"""Both ends of the calls together: the box's Calls and the laptop's CallServer over links whose wires may fail."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.host import calls, device_core, limits
from app.host.call_outbox import CallOutbox
from app.host.refusal import RequestRefused
from device.host.calls import CallFailed
from tests.device.host.link_world import World

Body = dict[str, Any]


class Laptop(calls.CallServer):
    """Ends calls when its own session is lost, as the host does."""

    def live(self, live: bool) -> None:
        if live:
            self.begin()
        else:
            self.end_all()


class Both:
    """A box and a laptop that offers a few services."""

    def __init__(self) -> None:
        self.world = World()
        host: Any = self.world.host
        self.server = Laptop(lambda kind, body: host.link.service(kind, body))
        host.service_taker = self.server
        self.use_box()
        self.cancelled: list[str] = []
        self.started: list[str] = []
        self.go_on = asyncio.Event()
        for handler in (self.echo, self.stream, self.wait, self.refuse, self.crash):
            self.server.register(handler.__name__, handler)

    def use_box(self) -> None:
        from device.host.calls import Calls

        box: Any = self.world.box
        self.calls: Any = Calls(box.link.service, self.world.clock)
        box.service_taker = self.calls

    async def echo(self, body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
        return body

    async def stream(self, body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
        self.started.append(context.call)
        for n in range(body["count"]):
            await send_item({"t": body.get("t", "text"), "text": f"{n},"})
        return {"done": True}

    async def wait(self, body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
        self.started.append(context.call)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.append(context.call)
            raise
        return {}

    async def refuse(self, body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
        await send_item({"t": "text", "text": "before"})
        raise RequestRefused("no_key", "there is no key", "store one")

    async def crash(self, body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
        raise RuntimeError("a secret place in the code")

    async def read(self, call: Any) -> tuple[list[Body], Any]:
        items: list[Body] = []
        while (item := await call.next()) is not None:
            items.append(item)
        return items, call.result

    async def outcome(self, service: str, body: Body, limit_ms: int = 30000) -> Any:
        """(items, result), or the code of the failure."""
        return await self.outcome_of(self.calls.open(service, body, 5000), limit_ms)

    async def outcome_of(self, call: Any, limit_ms: int = 30000) -> Any:
        reading = asyncio.create_task(self.read(call))
        assert await self.world.until(reading.done, limit_ms)
        try:
            return reading.result()
        except CallFailed as error:
            return error.code  # pyright: ignore


@asynccontextmanager
async def both() -> AsyncIterator[Both]:
    pair = Both()
    await pair.world.run(50)
    try:
        yield pair
    finally:
        await pair.server.close()
        await pair.world.close()


def failed_with(reading: "asyncio.Task[Any]") -> str:
    error: Any = reading.exception()
    return error.code


def text_of(items: list[Body]) -> str:
    return "".join(item["text"] for item in items)


async def test_a_large_request_comes_back_as_a_large_result() -> None:
    async with both() as pair:
        body = {"text": "Grüße \n" * 6000, "list": [1, {"deep": [None, True]}]}
        assert await pair.outcome("echo", body) == ([], body)
        assert pair.server.under_way == 0


async def test_items_stream_in_order_before_the_result() -> None:
    async with both() as pair:
        items, result = await pair.outcome("stream", {"count": 3000, "t": "note"})
        assert text_of(items) == "".join(f"{n}," for n in range(3000))
        assert result == {"done": True}


async def test_a_refusal_reaches_the_box_in_the_services_words_and_a_crash_without_its_own() -> None:
    async with both() as pair:
        call = pair.calls.open("refuse", {}, 5000)
        await pair.world.run(50)
        assert await call.next() == {"t": "text", "text": "before"}
        try:
            await call.next()
            raise AssertionError
        except CallFailed as error:
            refused: Any = error
            assert refused.as_dict() == {"code": "no_key", "message": "there is no key", "remedy": "store one"}
        assert await pair.outcome("crash", {}) == "internal"
        assert await pair.outcome("unheard.of", {}) == "unsupported"


async def test_a_slow_reader_holds_the_service_back_and_text_is_joined() -> None:
    async with both() as pair:
        call = pair.calls.open("stream", {"count": 100_000}, 60_000)
        await pair.world.run(500)
        assert sum(len(text) for text in call._items) <= device_core.CALL_WINDOW_BYTES
        assert pair.server._calls[call.id].outbox._under_way <= device_core.CALL_WINDOW_BYTES + 7000
        items, result = await pair.outcome_of(call, 120_000)
        assert text_of(items) == "".join(f"{n}," for n in range(100_000))
        assert result == {"done": True} and len(items) < 5_000
        assert max(len(item["text"]) for item in items) <= limits.CALL_JOIN_CHARS


async def test_a_reader_that_keeps_up_gets_every_item_as_it_was_sent() -> None:
    async with both() as pair:
        sent: list[Body] = []

        async def slow(body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
            for n in range(50):
                await pair.world.clock.sleep_ms(20)
                sent.append({"t": "text", "text": f"{n} "})
                await send_item(sent[-1])
            return {}

        pair.server.register("slow", slow)
        before = pair.world.host.link.counters["service"]
        items, _ = await pair.outcome("slow", {})
        assert items == sent
        assert pair.world.host.link.counters["service"] - before == 52  # and that it has begun
        assert pair.world.box.link.counters["service"] <= 2


async def test_a_cancelled_call_ends_the_handler_at_once() -> None:
    async with both() as pair:
        call = pair.calls.open("wait", {}, 60_000)
        await pair.world.run(20)
        assert pair.server.under_way == 1
        call.cancel()
        await pair.world.run(20)
        assert pair.cancelled == [call.id] and pair.server.under_way == 0
        stays = pair.calls.open("wait", {}, 60_000)
        await pair.world.run(1000)
        assert pair.server.under_way == 1
        pair.go_on.set()
        assert await pair.outcome_of(stays) == ([], {})


async def test_a_session_that_ends_ends_its_calls_on_both_sides_and_the_next_serves_new_ones() -> None:
    for name in ("box", "host"):
        async with both() as pair:
            call = pair.calls.open("wait", {}, 60_000)
            await pair.world.run(20)
            pair.world.disconnect(name)
            await pair.world.run(100)
            pair.world.connect(name)
            assert await pair.world.until(lambda: bool(pair.cancelled), 90_000), name
            assert await pair.outcome_of(call) == "offline"
            assert pair.cancelled == [call.id] and pair.server.under_way == 0
            assert await pair.outcome("echo", {"x": 1}) == ([], {"x": 1})


async def test_a_box_that_was_started_anew_shares_nothing_with_the_one_before() -> None:
    async with both() as pair:
        old = pair.calls.open("wait", {}, 60_000)
        await pair.world.run(20)
        pair.world.restart("box")
        pair.use_box()
        await pair.world.run(2000)
        pair.server.end_all()  # as the host does when it sees another boot
        assert await pair.outcome("stream", {"count": 5, "t": "note"}) == (
            [{"t": "note", "text": f"{n},"} for n in range(5)],
            {"done": True},
        )
        assert old.id in pair.cancelled


async def test_no_more_calls_at_a_time_than_the_bound_on_the_laptop_either() -> None:
    async with both() as pair:
        for n in range(device_core.CALLS + 1):
            pair.server.receive("call.open", {"c": f"c{n}", "n": 0, "s": "wait", "p": "{}", "m": False})
        assert pair.server.under_way == device_core.CALLS
        await pair.world.run(20)
        assert ("call.fail", "busy") in [(kind, body.get("code")) for kind, body in pair.world.box.services]


async def test_a_request_of_a_box_whose_session_began_before_the_laptops_is_served_once() -> None:
    async with both() as pair:
        pair.world.host.service_taker = None  # the laptop's half has not begun: it throws away what comes
        pair.server.register("llm", pair.echo)
        reading = asyncio.create_task(pair.outcome("llm", {"x": "y" * 20_000}))
        await pair.world.run(50)
        assert pair.world.box.link.counters["service"] >= 3 and not reading.done()
        pair.world.host.service_taker = pair.server
        pair.server.begin()
        assert await pair.world.until(reading.done, 1000)  # not after the silence that a model may need
        assert reading.result() == ([], {"x": "y" * 20_000})


async def test_a_request_that_comes_twice_is_served_once() -> None:
    async with both() as pair:
        part = {"c": "twice", "n": 0, "s": "stream", "p": '{"count": 1}', "m": False}
        pair.server.receive("call.open", part)
        pair.server.receive("call.open", part)
        await pair.world.run(100)
        pair.server.receive("call.open", part)
        await pair.world.run(100)
        assert pair.started == ["twice"]
        assert ("call.fail", "interrupted") in [(kind, body.get("code")) for kind, body in pair.world.box.services]


async def test_a_laptop_that_loses_a_request_costs_seconds_not_minutes() -> None:
    async with both() as pair:
        pair.world.host.service_taker = None
        reading = asyncio.create_task(pair.read(pair.calls.open("wait", {}, 180_000)))
        assert await pair.world.until(reading.done, device_core.CALL_BEGUN_MS + 1000)
        assert failed_with(reading) == "timeout"
        pair.world.host.service_taker = pair.server
        reading = asyncio.create_task(pair.read(pair.calls.open("wait", {}, 180_000)))
        assert not await pair.world.until(reading.done, 2 * device_core.CALL_BEGUN_MS)  # the allowed twin thinks longer
        pair.go_on.set()
        assert await pair.world.until(reading.done, 1000)


async def test_names_of_served_requests_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLS_REMEMBERED", 3)
    async with both() as pair:
        for n in range(5):
            assert await pair.outcome("echo", {"n": n}) == ([], {"n": n})
        assert len(pair.server._begun) == 3


async def test_requests_that_are_no_requests_are_refused_and_leave_nothing() -> None:
    async with both() as pair:
        good = {"c": "c", "n": 0, "s": "echo", "p": "{}", "m": False}
        for bad in ({"n": 1}, {"p": 5}, {"m": 1}, {"s": ["echo"]}, {"s": 5}, {"p": "[]"}, {"p": "{" * 50}, {"p": '"'}):
            pair.server.receive("call.open", good | bad)
            assert pair.server.under_way == 0, bad
        for body in ({}, {"c": 5}, {"c": ""}, {"c": "x" * 99}):
            pair.server.receive("call.open", good | {"c": None} | body)
            pair.server.receive("call.taken", body)
            pair.server.receive("call.cancel", body)
        assert pair.server.under_way == 0
        for n in range(11):
            pair.server.receive("call.open", good | {"n": n, "p": "x" * 6800, "m": True})
        assert pair.server.under_way == 0
        await pair.world.run(20)
        codes = [body["code"] for kind, body in pair.world.box.services if kind == "call.fail"]
        assert {"interrupted", "unsupported", "bad_value", "too_large"} <= set(codes)


async def test_an_answer_that_is_too_large_is_a_failure_in_words() -> None:
    async with both() as pair:

        async def large(body: Body, send_item: calls.SendItem, context: calls.CallContext) -> Body:
            return {"x": "x" * device_core.CALL_BYTES}

        pair.server.register("large", large)
        assert await pair.outcome("large", {}) == "too_large"


async def test_items_that_wait_for_the_wire_are_bounded() -> None:
    never = asyncio.Event()

    async def send(kind: str, body: Body) -> bool:
        await never.wait()
        return True

    outbox = CallOutbox("c", send)
    sending = asyncio.create_task(outbox.run())
    putting = asyncio.create_task(_put_many(outbox))
    await asyncio.sleep(0.01)
    assert not putting.done()
    assert len(outbox._waiting) == limits.CALL_ITEMS_WAITING
    for task in (sending, putting):
        task.cancel()
    await asyncio.gather(sending, putting, return_exceptions=True)


async def _put_many(outbox: CallOutbox) -> None:
    for n in range(100):
        await outbox.put({"t": "note", "text": str(n)})


async def test_whatever_the_wires_do_an_answer_is_whole_or_the_call_fails() -> None:
    """Loss, doubling, delays that reorder, cuts and restarts: each call ends, and what ends well is exactly right."""
    ended: dict[str, int] = {}
    for seed in range(25):
        rng = random.Random(seed)
        async with both() as pair:

            def faulty(data: bytes, rng: random.Random = rng) -> list[tuple[int, bytes]]:
                lost = rng.random() < 0.02
                copies = [] if lost else [(rng.choice((1, 1, 1, 1, 4)), data)]
                return copies + ([(rng.randint(1, 300), data)] if rng.random() < 0.05 else [])

            for wire in pair.world.wires.values():
                wire.fault = faulty
            for n in range(6):
                body = {"count": 40, "t": "note"} if n % 2 else {"x": f"{n}" * 20_000}
                call = pair.calls.open("stream" if n % 2 else "echo", body, 3000)
                if rng.random() < 0.2:
                    await pair.world.run(rng.randint(1, 10))
                    name = rng.choice(("box", "host"))
                    pair.world.disconnect(name)
                    await pair.world.run(rng.randint(1, 500))
                    pair.world.connect(name)
                outcome = await pair.outcome_of(call, 300_000)
                if isinstance(outcome, str):
                    ended[outcome] = ended.get(outcome, 0) + 1
                    await pair.world.run(3000)
                    continue
                ended["well"] = ended.get("well", 0) + 1
                wanted = "".join(f"{k}," for k in range(40))
                assert (text_of(outcome[0]) == wanted) if n % 2 else outcome == ([], body), (seed, n)
    assert set(ended) <= {"well", "offline", "interrupted", "timeout"}
    assert ended["well"] > 20
    assert ended["interrupted"] + ended["timeout"] + ended["offline"] > 10
