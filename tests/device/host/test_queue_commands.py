"""What waits can be tried again at once, or let go of without an answer, by those who may."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false
from device.host import limits
from device.host.errors import Refused
from tests.device.host.box import Box
from tests.device.portable_test import raises


async def _failing():
    box = await Box().start()
    box.answers.script = [ValueError("no model")]
    await box.say("hello", id_="first")
    assert box.host.queue()["groups"]["main"]["state"] == "retrying"
    return box


async def _waiting(*texts):
    """A box whose group `home` has a run going on, and these messages behind it."""
    box = await Box().start()
    await box.group("home", requires_trigger=False)
    box.answers.takes_ms = 60000
    await box.say("in hand", "home", id_="in-hand")
    for number, text in enumerate(texts):
        await box.say(text, "home", id_="waits-%d" % number)
    return box


async def test_a_retry_is_brought_forward_and_counts_as_the_try_that_it_is():
    box = await _failing()
    answer = await box.command("queue.retry", folder="main")
    assert answer["ok"] and answer["result"] == {"folder": "main"}
    await box.clock.settle()
    assert box.replies() == [("main", "fine")]
    assert box.state.runs[-1]["attempt"] == 2 and box.audits("queue.retry")[-1]["decision"] == "allow"
    await box.clock.advance(600000)
    assert len(box.answers.calls) == 2
    await box.stop()


async def test_where_no_retry_waits_none_is_brought_forward():
    box = await Box().start()
    for args in ({"folder": "main"}, {"folder": "gone"}, {"folder": 3}, {}):
        answer = await box.command("queue.retry", **args)
        assert answer["error"]["code"] in ("bad_value", "unknown_group")
    assert box.answers.calls == []
    await box.stop()


async def test_a_paused_group_tries_again_only_when_it_goes_on():
    box = await _failing()
    await box.command("group.pause", folder="main")
    await box.command("queue.retry", folder="main")
    assert len(box.answers.calls) == 1
    await box.command("group.resume", folder="main")
    await box.clock.settle()
    assert box.replies() == [("main", "fine")]
    await box.stop()


async def test_a_dropped_message_is_never_answered_and_the_others_are():
    box = await _waiting("one", "two", "three")
    answer = await box.command("queue.drop", folder="home", id="waits-1")
    assert answer["result"] == {"folder": "home", "messages": 1, "runs": 0}
    assert box.host.queue()["groups"]["home"]["depth"] == 2
    box.answers.takes_ms = 0
    await box.clock.advance(60000)
    assert [call[2] for call in box.answers.calls] == [["in hand"], ["one", "three"]]
    assert box.kinds("queue.dropped")[-1]["by"] == "owner:cli"
    assert "waits-1" in box.audits("queue.drop")[-1]["detail"]
    await box.stop()


async def test_a_dropped_message_that_comes_again_is_still_known():
    box = await _waiting("one")
    await box.command("queue.drop", folder="home", id="waits-0")
    await box.say("one", "home", id_="waits-0")
    assert box.state.pending("home")[-1]["id"] == "in-hand"
    await box.stop()


async def test_what_is_being_answered_is_not_dropped():
    box = await _waiting()
    for args in ({"id": "in-hand"}, {"all": True}, {}, {"id": ""}, {"id": 3}, {"id": "nothing"}):
        assert (await box.command("queue.drop", folder="home", **args))["error"]["code"] == "bad_value"
    await box.clock.advance(60000)
    assert box.replies() == [("home", "fine")]
    await box.stop()


async def test_a_part_of_an_id_is_enough_unless_it_fits_two():
    box = await _waiting("one", "two")
    refused = await box.command("queue.drop", folder="home", id="waits")
    assert refused["error"]["message"] == "waits fits 2 that wait"
    assert (await box.command("queue.drop", folder="home", id="s-1"))["ok"]
    assert [m["id"] for m in box.state.pending("home")] == ["in-hand", "waits-0"]
    await box.stop()


async def test_all_that_waits_is_dropped_and_a_run_that_fails_keeps_only_its_own():
    box = await _waiting("one", "two")
    box.answers.script = [ValueError("no model")]
    assert (await box.command("queue.drop", folder="home", all=True))["result"]["messages"] == 2
    await box.clock.advance(60000)
    assert box.host.queue()["groups"]["home"]["state"] == "retrying"
    box.answers.takes_ms = 0
    await box.clock.advance(limits.RETRY_BASE_MS)
    assert [call[2] for call in box.answers.calls] == [["in hand"], ["in hand"]]
    await box.stop()


async def test_dropping_what_waits_for_a_retry_ends_the_retry_and_the_count_of_tries():
    box = await _failing()
    assert (await box.command("queue.drop", folder="main", all=True))["ok"]
    assert box.host.queue()["groups"] == {}
    await box.clock.advance(600000)
    assert len(box.answers.calls) == 1
    await box.say("hello again")
    assert box.state.runs[-1]["attempt"] == 1 and box.replies() == [("main", "fine")]
    await box.stop()


async def test_a_dropped_task_run_is_settled_and_does_not_come_again():
    box = await _waiting()
    once = await box.task(folder="home", kind="once", value="2025-11-24T17:00:10")
    await box.clock.advance(11000)
    run = box.state.active_run(once["id"])
    assert run["state"] == "queued"
    assert (await box.command("queue.drop", folder="home", id=run["id"]))["result"]["runs"] == 1
    assert box.state.run(run["id"])["error"] == "dropped by owner:cli"
    assert box.state.tasks[once["id"]]["status"] == "completed"
    assert box.state.tasks[once["id"]]["last_result"] == "Error: dropped by owner:cli"
    await box.clock.advance(600000)
    assert [call[1] for call in box.answers.calls] == ["messages"]
    await box.stop()


async def test_a_repeating_task_goes_on_with_its_next_time():
    box = await _waiting()
    task = await box.task(folder="home", kind="interval", value="70000")
    await box.command("task.run", id=task["id"])
    await box.command("queue.drop", folder="home", all=True)
    assert box.state.tasks[task["id"]]["status"] == "active"
    await box.clock.advance(70000)
    assert [call[1] for call in box.answers.calls] == ["messages", "task"]
    await box.stop()


async def test_all_the_task_runs_that_a_mailbox_holds_are_dropped_at_once():
    box = await _waiting()
    for _ in range(limits.MAILBOX_TASKS):
        task = await box.task(folder="home", kind="interval", value="3600000")
        await box.command("task.run", id=task["id"])
    answer = await box.command("queue.drop", folder="home", all=True)
    assert answer["result"]["runs"] == limits.MAILBOX_TASKS
    assert box.host.queue()["groups"]["home"]["depth"] == 0
    await box.clock.advance(61000)
    assert len(box.answers.calls) == 1
    await box.stop()


async def test_a_group_drops_its_own_and_nobody_elses():
    box = await _waiting("one")
    with raises(Refused) as refused:
        box.host.perform("queue.drop", {"folder": "home", "all": True}, {"kind": "group", "folder": "work"})
    assert refused.error.code == "not_authorized" and len(box.state.pending("home")) == 2
    box.host.perform("queue.drop", {"folder": "home", "all": True}, {"kind": "group", "folder": "home"})
    assert len(box.state.pending("home")) == 1
    await box.stop()


async def test_what_was_dropped_stays_dropped_after_a_power_cut():
    box = await _waiting("one", "two")
    await box.command("queue.drop", folder="home", id="waits-0")
    box.store.commit()
    weight = box.state.ring_bytes
    contents = await box.stop()
    again = Box(contents)
    assert again.state.ring_bytes == weight
    assert [m["text"] for m in again.state.pending("home")] == ["in hand", "two"]
    again.store.snapshot()
    last = Box(await again.stop())
    assert [m["text"] for m in last.state.pending("home")] == ["in hand", "two"]
    await last.stop()
