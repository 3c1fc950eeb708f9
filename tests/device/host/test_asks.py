"""What a run asks the owner: shown, answered once, by whom, and a no whenever nobody says yes in time."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false
import asyncio

from device.host import ask_text, audit, bounded, limits
from device.host.errors import Refused
from device.host.host import AT_THE_BOX
from tests.device.host.ask_world import URL, Request, asked, decisions, run, world
from tests.device.host.box import Box
from tests.device.portable_test import raises

FINGER = dict(AT_THE_BOX, presence=True)
FROM_AFAR = dict(AT_THE_BOX, presence=False)


async def test_an_ask_shows_who_what_where_and_why():
    box = await world()
    _, ask = await asked(box)
    shown = box.host.glance()
    assert (shown["asks"], shown["ask"]["name"], shown["ask"]["host"]) == (1, "home", "shop.example")
    assert shown["ask"]["tool"] == "http_fetch GET" and ask["tool"] == "http_fetch"
    assert (shown["ask"]["folder"], shown["ask"]["args"], shown["ask"]["left_ms"]) == (
        "home",
        "/cart?item=1",
        limits.ASK_MS,
    )
    assert shown["ask"]["a_while"] and "shop" in shown["ask"]["why"]
    assert (ask["url"], ask["method"], ask["port"], ask["folder"], ask["run"]) == (URL, "GET", 443, "home", "run-1")
    assert [a["state"] for a in box.kinds("ask.set")] == ["open"]


async def test_what_the_owner_saw_is_bound_to_the_request_and_on_record():
    box = await world()
    _, ask = await asked(box, method="POST", body='{"pay": "\u202e5\u202c"}')
    shown = box.host.glance()["ask"]["args"]
    assert shown == ask["args"] and '{"pay": "\ufffd5\ufffd"}' in shown and "\u202e" not in shown
    assert ask["digest"] == ask_text.digest("POST", URL, {}, '{"pay": "\u202e5\u202c"}')
    assert ask["digest"][:8] in shown
    opened = box.audits("ask.opened")[-1]["detail"]
    assert shown in opened and ask["digest"][:16] in opened


async def test_a_question_cannot_hide_what_it_says():
    box = await world()
    waiting = asyncio.create_task(box.host.asks.ask(run(), "ask_owner", "send\u200b \u202eyenom\u202c?", "", "x"))
    await box.clock.settle()
    assert box.host.glance()["ask"]["args"] == "send\ufffd \ufffdyenom\ufffd?"
    waiting.cancel()


async def test_a_host_that_no_override_may_open_has_no_fifteen_minutes():
    rules = [{"name": "own", "effect": "ask", "host": "localhost", "private": True, "scheme": "http", "ports": [8080]}]
    rules += [{"name": "lan", "effect": "ask", "host": "nas.example", "scheme": "http"}]
    box = await world(rules=rules)
    for address, a_while in (("http://localhost:8080/", False), ("http://nas.example/", True)):
        request, ask = await asked(box, url=address)
        assert box.host.glance()["ask"]["a_while"] is a_while, address
        answer = await box.command("ask.answer", id=ask["id"], answer="15min")
        assert answer["ok"] is a_while
        if not a_while:
            await box.command("ask.answer", id=ask["id"], answer="once")
        assert (await request.settle()).permit is not None


async def test_a_no_is_a_no():
    box = await world()
    request, ask = await asked(box)
    answer = await box.command("ask.answer", id=ask["id"], answer="deny")
    assert answer["result"]["state"] == "denied" and answer["result"]["by"] == "owner:cli"
    assert (await request.settle()).refused == "ask_denied"
    assert box.host.glance()["ask"] is None


async def test_fifteen_minutes_open_the_same_request_and_no_other():
    box = await world()
    request, ask = await asked(box)
    await box.command("ask.answer", id=ask["id"][-6:], answer="15min")
    assert (await request.settle()).permit.approval == ask["id"]
    (override,) = box.state.overrides.values()
    assert override["reason"] == "ask " + ask["id"] and override["end_ms"] - override["start_ms"] == 15 * 60000
    assert (await Request(box).settle()).permit.rule == "override"
    for other in ({"method": "POST"}, {"who": run("main")}, {"url": "https://shop.example:8443/"}):
        again = await Request(box, **other).settle()
        assert again.permit is None
        again.task.cancel()
    await box.clock.advance(limits.ASK_OVERRIDE_MINUTES * 60000)
    later, ask = await asked(box)
    assert ask["state"] == "open"
    later.task.cancel()


async def test_a_question_is_answered_and_opens_nothing():
    box = await world()
    task = asyncio.create_task(box.host.asks.ask(run(), "ask_owner", "Shall I order?", "", "the assistant asks"))
    await box.clock.settle()
    (ask,) = box.state.open_asks()
    assert not box.host.glance()["ask"]["a_while"]
    assert (await box.command("ask.answer", id=ask["id"], answer="15min"))["error"]["code"] == "bad_value"
    await box.command("ask.answer", id=ask["id"], answer="once")
    assert await task == "once" and box.state.overrides == {}


async def test_nobody_answering_in_time_is_a_no_by_the_clock_that_only_runs():
    for step_ms in (0, -86400000, 86400000, 3600000, -3600000):
        box = await world()
        request, ask = await asked(box)
        await box.clock.advance(limits.ASK_MS - 1000)
        box.clock.set_utc_ms(box.clock.now_ms() + step_ms)
        assert request.refused is None
        await box.clock.advance(1000)
        assert request.refused == "ask_denied"
        assert box.state.asks[ask["id"]]["state"] == "expired"
        assert box.audits("ask.ended")[-1]["decision"] == "deny"


async def test_attack_an_answer_after_the_ask_expired_opens_nothing():
    box = await world()
    request, ask = await asked(box)
    await box.clock.advance(limits.ASK_MS)
    for answer in ("once", "15min"):
        refused = await box.command("ask.answer", id=ask["id"], answer=answer)
        assert refused["error"]["code"] == "expired"
    assert request.refused == "ask_denied" and box.state.overrides == {}


async def test_attack_an_ask_answered_twice_keeps_its_first_answer():
    box = await world()
    request, ask = await asked(box)
    await box.command("ask.answer", id=ask["id"], answer="deny")
    refused = await box.command("ask.answer", id=ask["id"], answer="once")
    assert refused["error"]["code"] == "duplicate"
    assert (await request.settle()).refused == "ask_denied"
    assert box.state.asks[ask["id"]]["answer"] == "deny"


async def test_attack_an_ask_answered_by_a_run_is_refused():
    for folder in ("home", "main"):
        box = await world()
        request, ask = await asked(box)
        with raises(Refused) as caught:
            box.host.perform("ask.answer", {"id": ask["id"], "answer": "once"}, {"kind": "group", "folder": folder})
        assert caught.error.code == "not_authorized"
        assert box.audits("ask.answer")[-1]["decision"] == "deny"
        assert (await request.settle()).permit is None
        box.host.perform("ask.answer", {"id": ask["id"], "answer": "once"}, FINGER)
        assert (await request.settle()).permit is not None


async def test_attack_presence_cannot_be_claimed_only_a_finger_on_the_glass_has_it():
    box = await world()
    answers = []
    for actor in (FINGER, FROM_AFAR, AT_THE_BOX):
        request, ask = await asked(box)
        box.host.perform("ask.answer", {"id": ask["id"], "answer": "once", "presence": True}, actor)
        await request.settle()
        answers.append((box.state.asks[ask["id"]]["by"], box.state.asks[ask["id"]]["presence"]))
    request, ask = await asked(box)
    await box.command("ask.answer", id=ask["id"], answer="once", presence=True)
    answers.append((box.state.asks[ask["id"]]["by"], box.state.asks[ask["id"]]["presence"]))
    assert answers == [("owner:screen", True), ("owner:screen", False), ("owner:screen", False), ("owner:cli", False)]


async def test_attack_a_flood_of_asks_is_bounded():
    box = await world()
    requests = [Request(box, who=run("home", "run-%d" % n)) for n in range(limits.ASKS + 3)]
    for _ in requests:
        await box.clock.settle()
    refused = [r.refused for r in requests]
    assert (refused.count(None), refused.count("busy")) == (limits.ASKS, 3)
    assert box.host.glance()["asks"] == limits.ASKS
    assert box.host.glance()["ask"]["id"] == box.state.open_asks()[0]["id"]
    for request in requests:
        request.task.cancel()
    await box.clock.settle()
    assert box.state.open_asks() == []


async def test_attack_a_run_that_asks_again_and_again_is_stopped():
    box = await world()
    for _ in range(limits.ASKS_PER_RUN):
        _, ask = await asked(box)
        await box.command("ask.answer", id=ask["id"], answer="deny")
    assert (await Request(box).settle()).refused == "limited"
    assert (await Request(box, who=run("home", "run-2")).settle()).refused is None


async def test_a_run_that_ends_takes_its_ask_along():
    box = await world()
    request, ask = await asked(box)
    request.task.cancel()
    await box.clock.settle()
    closed = box.state.asks[ask["id"]]
    assert (closed["state"], closed["by"]) == ("denied", "box")
    _, other = await asked(box)
    box.host.asks.run_ended(run())
    assert box.state.asks[other["id"]]["state"] == "denied"


async def test_a_group_that_is_removed_takes_its_ask_along():
    box = await world()
    request, ask = await asked(box)
    await box.command("group.remove", folder="home")
    assert (await request.settle()).refused == "ask_denied"
    assert box.state.asks[ask["id"]]["state"] == "denied"


async def test_a_reboot_is_a_no_and_is_recorded():
    box = await world()
    _, ask = await asked(box)
    again = await Box(await box.stop()).start()
    assert again.state.asks[ask["id"]]["state"] == "expired"
    assert again.audits("ask.ended")[-1]["reason"] == "the box restarted"
    assert (await again.command("ask.answer", "again", id=ask["id"], answer="once"))["error"]["code"] == "expired"


async def test_texts_are_cut_and_few_ended_asks_are_kept():
    box = await world()
    for number in range(limits.ASKS_KEPT + 4):
        task = asyncio.create_task(
            box.host.asks.ask(run("home", "run-%d" % number), "ask_owner", "x" * 999, "", "y" * limits.ASK_TEXT_BYTES)
        )
        await box.clock.settle()
        (ask,) = box.state.open_asks()
        assert len(ask["args"].encode()) <= limits.ASK_TEXT_BYTES and ask["args"].endswith(bounded.MARK)
        await box.command("ask.answer", id=ask["id"], answer="deny")
        assert await task == "deny"
    assert len(box.state.asks) == limits.ASKS_KEPT


async def test_wrong_answers_and_unknown_asks_are_refused():
    box = await world()
    _, ask = await asked(box)
    for answer in ("yes", None, 1, ["once"], ""):
        assert (await box.command("ask.answer", id=ask["id"], answer=answer))["error"]["code"] == "bad_value"
    for id_, code in (("nope", "unknown_ask"), ("", "bad_value"), (None, "bad_value")):
        assert (await box.command("ask.answer", id=id_, answer="once"))["error"]["code"] == code
    assert box.state.asks[ask["id"]]["state"] == "open"


async def test_an_ask_that_cannot_be_recorded_is_refused():
    box = await world(auto_ack=False)
    while box.store.has_room(2, audit.RECORD_BYTES + limits.RECORD_BYTES):
        box.store.put("audit", dict(box.state.audit[0]))
    assert (await Request(box).settle()).refused == "busy"
    assert box.state.open_asks() == [] and decisions(box) == [("ask", "shop")]
