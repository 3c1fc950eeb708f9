# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
import asyncio

from device.host import call_parts, limits
from device.host.calls import CallFailed
from tests.device.host.call_world import Laptop, read_all
from tests.device.portable_test import raises


async def failure(call):
    with raises(CallFailed) as failed:
        await read_all(call)
    return failed.error.code  # pyright: ignore[reportOptionalMemberAccess]


def whats(laptop):
    return [kind for kind, _ in laptop.control]


async def test_a_request_goes_out_items_come_in_and_the_result_ends_it():
    laptop = Laptop()
    call, name = await laptop.begin({"run": "r", "messages": ["Grüße"]})
    assert laptop.requests == [(name, "llm", {"run": "r", "messages": ["Grüße"]})]
    reading = asyncio.create_task(read_all(call))
    laptop.item(name, {"t": "text", "text": "Hel"})
    laptop.item(name, {"t": "text", "text": "lo"})
    laptop.end(name, {"stop": "end"})
    await laptop.settle()
    assert reading.done()
    assert await reading == ([{"t": "text", "text": "Hel"}, {"t": "text", "text": "lo"}], {"stop": "end"})
    assert await call.next() is None and laptop.control == []
    call.cancel()
    await laptop.settle()
    assert laptop.control == [] and call.result == {"stop": "end"}


async def test_an_item_is_there_as_soon_as_it_has_come():
    laptop = Laptop()
    call, name = await laptop.begin()
    reading = asyncio.create_task(call.next())
    await laptop.settle()
    assert not reading.done()
    laptop.item(name, {"t": "text", "text": "a"})
    await laptop.settle()
    assert (await reading) == {"t": "text", "text": "a"} and laptop.clock.ticks_ms() == 0


async def test_what_is_larger_than_an_envelope_goes_in_parts_that_fit_one():
    laptop = Laptop()
    for filler in ("x", "é", '"', "\n"):
        text = filler * (40000 // len(filler.encode()) // 2)
        call, name = await laptop.begin({"text": text})
        assert laptop.requests[-1][2] == {"text": text}
        laptop.item(name, {"t": "tool", "input": text[:9000]})
        laptop.end(name, {"text": text})
        items, result = await read_all(call)
        assert items == [{"t": "tool", "input": text[:9000]}] and result == {"text": text}
    assert 5000 < laptop.largest <= limits.CALL_PART_BYTES


async def test_a_request_or_an_answer_beyond_the_bound_is_refused():
    laptop = Laptop()
    fits = "x" * (limits.CALL_BYTES - len('{"x":""}'))
    call, name = await laptop.begin({"x": fits})
    assert len(laptop.requests) == 1
    laptop.end(name, {"x": fits})
    assert (await read_all(call))[1] == {"x": fits}
    call, _ = await laptop.begin({"x": fits + "x"})
    assert await failure(call) == "too_large"
    assert len(laptop.requests) == 1
    call, name = await laptop.begin()
    for n in range(11):
        laptop.calls.receive("call.end", {"c": name, "n": n, "p": "x" * 6800, "m": True})
    assert await failure(call) == "too_large"
    await laptop.settle()
    assert set(whats(laptop)) == {"call.cancel"}


async def test_what_json_cannot_carry_is_refused_before_it_is_sent():
    laptop = Laptop()
    deep = {"x": 1}
    for _ in range(limits.CALL_DEPTH):
        deep = {"x": deep}
    for body in ({"x": object()}, {1: 2}, {"x": float("nan")}, deep):
        call, _ = await laptop.begin(body)
        assert await failure(call) == "bad_value"
    assert laptop.requests == []
    call, _ = await laptop.begin(deep["x"])
    assert len(laptop.requests) == 1
    call.cancel()


async def test_no_more_calls_at_a_time_than_the_bound():
    laptop = Laptop()
    calls = []
    for _ in range(limits.CALLS):
        calls.append(await laptop.begin())
    beyond, _ = await laptop.begin()
    assert await failure(beyond) == "busy" and len(laptop.requests) == limits.CALLS
    laptop.end(calls[0][1], {})
    again, name = await laptop.begin()
    laptop.end(name, {"ok": True})
    assert (await read_all(again))[1] == {"ok": True}


async def test_a_failure_of_the_service_comes_with_its_words_and_after_what_came_before():
    laptop = Laptop()
    call, name = await laptop.begin()
    laptop.item(name, {"t": "text", "text": "par"})
    long = "m" * (2 * limits.CALL_TEXT_CHARS)
    laptop.say(name, "call.fail", {"code": "no_key", "message": long, "remedy": "set it"})
    assert await call.next() == {"t": "text", "text": "par"}
    with raises(CallFailed) as failed:
        await call.next()
    assert failed.error.as_dict() == {"code": "no_key", "message": long[: limits.CALL_TEXT_CHARS], "remedy": "set it"}


async def test_a_lost_session_ends_every_call_and_the_next_one_forgets_them():
    laptop = Laptop()
    calls = []
    for _ in range(3):
        calls.append(await laptop.begin())
    laptop.item(calls[0][1], {"t": "text", "text": "a"})
    laptop.up = False
    laptop.calls.live(False)
    assert await calls[0][0].next() == {"t": "text", "text": "a"}
    for call, _ in calls:
        assert await failure(call) == "offline"
    call, _ = await laptop.begin()
    assert await failure(call) == "offline"
    laptop.up = True
    laptop.calls.live(True)
    await laptop.settle()
    assert laptop.control == [("call.reset", {})]
    laptop.end(calls[0][1], {})  # an answer to what is forgotten has no effect
    laptop.calls.live(False)
    laptop.calls.live(True)
    await laptop.settle()
    assert laptop.control == [("call.reset", {})]


async def test_a_laptop_that_was_away_unnoticed_ends_every_call():
    laptop = Laptop()
    call, name = await laptop.begin()
    laptop.calls.receive("call.begun", {"c": name})
    laptop.calls.receive("call.lost", {})
    assert await failure(call) == "offline"
    call, name = await laptop.begin()
    laptop.end(name, {})
    assert (await read_all(call))[1] == {}


async def test_a_request_that_the_laptop_never_had_is_sent_once_more_under_the_same_name():
    laptop = Laptop()
    call, name = await laptop.begin({"x": "y" * 20000})
    for n in range(3):
        laptop.calls.receive("call.lost", {})
        await laptop.settle()
        assert laptop.requests == [(name, "llm", {"x": "y" * 20000})] * (n + 2)
    laptop.item(name, {"t": "text", "text": "a"})  # a sign of life like any other
    laptop.calls.receive("call.lost", {})
    await laptop.settle()
    assert len(laptop.requests) == 4
    assert await call.next() == {"t": "text", "text": "a"}
    assert await failure(call) == "offline"


async def test_a_request_that_acts_outside_is_never_sent_twice():
    laptop = Laptop()
    call = laptop.calls.open("http", {"method": "POST"}, 100000)
    await laptop.settle()
    laptop.calls.receive("call.lost", {})
    await laptop.settle()
    assert len(laptop.requests) == 1
    assert await failure(call) == "offline"


async def test_a_laptop_that_does_not_say_that_it_has_begun_is_given_up_soon():
    for begun, patience in ((False, limits.CALL_BEGUN_MS), (True, 100000)):
        laptop = Laptop()
        call, name = await laptop.begin(timeout_ms=100000)
        if begun:
            laptop.calls.receive("call.begun", {"c": name})
        ending = asyncio.create_task(failure(call))
        await laptop.clock.advance(patience - 1)
        assert not ending.done()
        await laptop.clock.advance(2)
        assert ending.done()
        assert await ending == "timeout"


async def test_a_session_lost_while_the_request_goes_out_ends_the_call():
    laptop = Laptop()
    laptop.up = False
    call, _ = await laptop.begin({"x": "y" * 30000})
    assert await failure(call) == "offline" and laptop.requests == []


async def test_a_missing_doubled_or_swapped_part_interrupts_the_call():
    for numbers in ((1,), (0, 0), (0, 2), (1, 0)):
        laptop = Laptop()
        call, name = await laptop.begin()
        for n in numbers:
            laptop.say(name, "call.item", {"t": "text", "text": "x"}, n)
        assert await failure(call) == "interrupted", numbers
        await laptop.settle()
        assert "call.cancel" in whats(laptop)
    laptop = Laptop()
    call, name = await laptop.begin()
    for n in (0, 1):
        laptop.say(name, "call.item", {"t": "text", "text": "x"}, n)
    laptop.end(name, {})
    assert (await read_all(call))[1] == {}


async def test_silence_ends_a_call_and_the_laptop_is_told():
    laptop = Laptop()
    call, name = await laptop.begin(timeout_ms=1000)
    reading = asyncio.create_task(failure(call))
    await laptop.clock.advance(900)
    laptop.calls.receive("call.item", {"c": name, "n": 0, "p": '{"t":', "m": True})  # half an item is no silence
    await laptop.clock.advance(900)
    assert not reading.done()
    await laptop.clock.advance(200)
    assert reading.done() and await reading == "timeout"
    assert laptop.control == [("call.cancel", {"c": name})]


async def test_a_cancelled_call_tells_the_laptop_once_and_leaves_nothing():
    laptop = Laptop()
    call, name = await laptop.begin()
    laptop.item(name, {"t": "text", "text": "never read"})
    call.cancel()
    call.cancel()
    assert await failure(call) == "cancelled"
    await laptop.settle()
    assert laptop.control == [("call.cancel", {"c": name})] and laptop.calls._open == {}
    laptop.item(name, {"t": "text", "text": "late"})  # it crossed our word: said again, no harm
    laptop.end(name, {})
    await laptop.settle()
    assert laptop.control == [("call.cancel", {"c": name})] * 2


async def test_cancelling_stops_a_request_that_is_still_going_out():
    laptop = Laptop()
    call = laptop.calls.open("llm", {"x": "y" * 60000}, 1000)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    await laptop.settle()
    assert laptop.requests == [] and whats(laptop) == ["call.cancel"]


async def test_the_window_opens_when_half_of_it_was_read_and_few_words_are_needed():
    laptop = Laptop()
    call, name = await laptop.begin()
    text = "x" * 60
    for _ in range(50):
        laptop.item(name, {"t": "text", "text": text})
    await laptop.settle()
    assert laptop.control == []
    for _ in range(50):
        await call.next()
    await laptop.settle()
    assert whats(laptop) == ["call.taken"] and laptop.control[0][1] == {"c": name, "n": 49}
    for _ in range(500):
        laptop.item(name, {"t": "text", "text": text})
        await call.next()
    await laptop.settle()
    assert len(laptop.control) < 14


async def test_a_laptop_that_ignores_the_window_is_stopped():
    laptop = Laptop()
    call, name = await laptop.begin()
    kept = 0
    while laptop.calls._open:
        laptop.item(name, {"t": "text", "text": "x" * 1000})
        kept += 1000
    assert kept <= limits.CALL_WINDOW_BYTES + limits.CALL_PART_BYTES + 1000
    assert await failure(call) == "too_large"


async def test_attack_parts_without_end_that_weigh_nothing_are_stopped():
    for kind in ("call.item", "call.end"):
        laptop = Laptop()
        call, name = await laptop.begin()
        count = 0
        while laptop.calls._open and count < 10000:
            laptop.calls.receive(kind, {"c": name, "n": count, "p": "", "m": True})
            count += 1
        assert count <= limits.CALL_BYTES // limits.CALL_PIECE_BYTES + 1
        assert await failure(call) == "too_large"


async def test_attack_items_that_weigh_little_are_counted():
    laptop = Laptop()
    call, name = await laptop.begin()
    count = 0
    while laptop.calls._open and count < 10000:
        laptop.calls.receive("call.item", {"c": name, "n": count, "p": "{}", "m": False})
        count += 1
    assert count == limits.CALL_ITEMS + 1
    for _ in range(limits.CALL_ITEMS):
        assert await call.next() == {}
    assert await failure(call) == "too_large"


async def test_attack_a_flood_for_calls_that_are_over_is_answered_a_few_times():
    laptop = Laptop()
    room = asyncio.Event()
    told = []

    async def slow(kind, body):
        await room.wait()
        told.append(kind)
        return True

    laptop.calls._send = slow
    for n in range(1000):
        laptop.calls.receive("call.item", {"c": "old", "n": n, "p": "{}", "m": False})
    await laptop.settle()
    room.set()
    await laptop.settle()
    assert told == ["call.cancel"] * limits.CALLS
    laptop.calls.receive("call.item", {"c": "old", "n": 0, "p": "{}", "m": False})
    await laptop.settle()
    assert len(told) == limits.CALLS + 1


async def test_nothing_of_a_call_reaches_the_session_after_its_own():
    for late in (0, 1, 2, 3):
        laptop = Laptop()
        call = laptop.calls.open("http", {"x": "y" * 3 * limits.CALL_PART_BYTES}, 1000)
        for _ in range(late):
            await asyncio.sleep(0)
        laptop.calls.live(False)
        laptop.parts = {}  # another session, another laptop
        laptop.calls.live(True)
        before = laptop.largest
        laptop.largest = 0
        await laptop.settle()
        assert laptop.requests == [] and laptop.largest == 0 and before >= 0
        assert await failure(call) == "offline"
        again, name = await laptop.begin()
        assert [request[0] for request in laptop.requests] == [name]
        again.cancel()


async def test_hostile_parts_end_their_call_and_never_raise():
    hostile = (
        {"p": "{}", "m": 1},
        {"p": 5, "m": False},
        {"p": "[]", "m": False},
        {"p": "nonsense", "m": False},
        {"p": '{"a":"\\ud800"}', "m": False},
        {"p": '{"a":' * 60 + "1" + "}" * 60, "m": False},
        {},
    )
    for part in hostile:
        for kind in ("call.item", "call.end", "call.taken", "call.strange"):
            laptop = Laptop()
            call, name = await laptop.begin()
            laptop.calls.receive(kind, dict(part, c=name, n=0))
            assert await failure(call) in ("bad_value", "interrupted"), (kind, part)
            assert await failure(call) in ("bad_value", "interrupted")
    laptop = Laptop()
    long = "x" * (limits.CALL_ID_CHARS + 1)
    for body in ({}, {"c": 5}, {"c": None}, {"c": "strange", "n": 0}, {"c": long}):
        laptop.calls.receive("call.item", body)
    await laptop.settle()
    assert laptop.control == [("call.cancel", {"c": "strange"}), ("call.cancel", {"c": long[:-1]})]


async def test_without_memory_the_call_ends_and_the_next_one_works():
    def no_memory(*_):
        raise MemoryError

    kept = call_parts.decode, call_parts.Assembly.add, call_parts.encode
    for name in ("decode", "add", "encode"):
        laptop = Laptop()
        if name == "encode":
            call_parts.encode = no_memory
        call, call_id = await laptop.begin()
        call_parts.encode = kept[2]
        if name == "decode":
            call_parts.decode = no_memory
        elif name == "add":
            call_parts.Assembly.add = no_memory
        if name != "encode":
            laptop.calls.receive("call.item", {"c": call_id, "n": 0, "p": "{}", "m": False})
        try:
            assert await failure(call) == "no_memory"
        finally:
            call_parts.decode, call_parts.Assembly.add, call_parts.encode = kept
        call, call_id = await laptop.begin()
        laptop.end(call_id, {"fine": True})
        assert (await read_all(call))[1] == {"fine": True}


def test_text_is_cut_without_loss_whatever_is_in_it():
    for text in ("", "x" * 7000, "\x01" * 5000, 'ä"\\' * 9000, "😀" * 4000):
        pieces = list(call_parts.cut(text))
        assert "".join([piece for piece, _ in pieces]) == text
        assert [more for _, more in pieces] == [True] * (len(pieces) - 1) + [False]
        assert max([call_parts.escaped_bytes(piece) for piece, _ in pieces]) <= limits.CALL_PART_BYTES
