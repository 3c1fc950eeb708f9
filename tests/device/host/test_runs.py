"""Runs: errors, retries, cursors, output before an error, and what a run may ask for."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits, run_records
from device.host.errors import Refused
from tests.device.host.box import Box
from tests.device.portable_test import raises


async def test_an_error_keeps_the_messages_and_tries_again_with_backoff():
    box = await Box().start()
    box.answers.script = [ValueError("no"), ValueError("no"), "at last"]
    await box.say("hello")
    assert box.state.runs[-1]["state"] == "failed" and len(box.state.pending("main")) == 1
    assert box.host.queue()["groups"]["main"]["state"] == "retrying"
    assert box.host.queue()["groups"]["main"]["retry_ms"] == box.clock.now_ms() + 5000
    await box.clock.advance(4999)
    assert len(box.answers.calls) == 1
    await box.clock.advance(1)
    assert len(box.answers.calls) == 2
    await box.clock.advance(10000)
    assert box.replies() == [("main", "at last")] and box.state.pending("main") == []
    assert [r["attempt"] for r in box.state.runs] == [1, 2, 3]
    await box.stop()


async def test_when_all_tries_fail_the_group_is_told_and_the_next_message_tries_again():
    box = await Box().start()
    box.answers.script = [ValueError("down")] * (1 + limits.RETRIES)
    await box.say("hello")
    await box.clock.advance(limits.RETRY_BASE_MS << limits.RETRIES)
    assert len(box.answers.calls) == 1 + limits.RETRIES
    (reply,) = box.replies()
    assert "could not answer" in reply[1] and "down" in reply[1]
    assert box.audits("run.gave_up") and len(box.state.pending("main")) == 1
    await box.say("again")
    assert box.answers.calls[-1][2] == ["hello", "again"]
    assert box.state.pending("main") == []
    await box.stop()


async def test_an_error_after_output_is_not_tried_again():
    box = await Box().start()

    async def sends_then_fails(run, prompt, api):
        await api.send("half of it")
        raise ValueError("broke off")

    box.answers.script = [sends_then_fails]
    await box.say("hello")
    await box.clock.advance(60000)
    assert len(box.answers.calls) == 1 and box.replies() == [("main", "half of it")]
    assert box.state.pending("main") == []
    assert box.state.runs[-1]["state"] == "failed" and box.state.runs[-1]["result"] == "half of it"
    await box.stop()


async def test_out_of_memory_in_a_run_is_an_error_like_any_other():
    box = await Box().start()
    box.answers.script = [MemoryError("heap"), "fine again"]
    await box.say("hello")
    await box.clock.advance(5000)
    assert box.replies() == [("main", "fine again")]
    await box.stop()


async def test_a_reply_is_cut_at_its_bound_and_says_so():
    box = await Box().start()
    box.answers.script = ["ä" * 5000, '"\n' * 4000]
    await box.say("one")
    await box.say("two")
    for _, text in box.replies():
        assert len(text.encode()) <= limits.MESSAGE_BYTES and text.endswith("(cut)")
    await box.stop()


async def test_internal_parts_never_leave_and_an_empty_reply_sends_nothing():
    box = await Box().start()
    box.answers.script = ["<internal>thinking</internal> hello", "<internal>only</internal>"]
    await box.say("one")
    await box.say("two")
    assert box.replies() == [("main", "hello")]
    assert box.state.pending("main") == []
    await box.stop()


async def test_a_run_acts_as_its_group_and_nobody_else():
    box = await Box().start()
    await box.group("home", requires_trigger=False)
    seen = {}

    async def tries(run, prompt, api):
        seen["own"] = api.perform("task.add", {"folder": "home", "prompt": "p", "kind": "interval", "value": "60000"})
        with raises(Refused) as refused:
            api.perform("task.add", {"folder": "main", "prompt": "p", "kind": "interval", "value": "60000"})
        seen["code"] = refused.error.code
        with raises(Refused):
            api.perform("settings.set", {"slots": 8})
        return "done"

    box.answers.script = [tries]
    await box.say("go", "home")
    assert seen["own"]["folder"] == "home" and seen["code"] == "not_authorized"
    assert [t["folder"] for t in box.state.tasks.values()] == ["home"]
    denied = [a for a in box.state.audit if a["decision"] == "deny"]
    assert [a["what"] for a in denied] == ["task.add", "settings.set"] and denied[0]["actor"] == "group:home"
    await box.stop()


async def test_after_a_power_cut_in_a_run_its_messages_are_answered_once():
    box = await Box().start()
    box.answers.takes_ms = 1000
    await box.say("hello")
    again = await Box(await box.stop(), start_ms=box.clock.now_ms()).start()
    assert again.answers.calls == [("main", "messages", ["hello"])]
    assert again.replies() == [("main", "fine")]
    assert [r["state"] for r in again.state.runs] == ["interrupted", "done"]
    await again.stop()


async def test_after_a_power_cut_with_output_nothing_is_repeated():
    box = await Box().start()

    async def sends_then_hangs(run, prompt, api):
        await api.send("half")
        await box.clock.sleep_ms(100000)
        return ""

    box.answers.script = [sends_then_hangs]
    await box.say("hello")
    again = await Box(await box.stop()).start()
    assert again.answers.calls == [] and again.state.pending("main") == []
    assert again.state.runs[-1]["state"] == "interrupted" and again.audits("run.interrupted")
    await again.stop()


async def test_storage_that_fails_in_a_run_does_not_block_the_group():
    box = await Box().start()
    box.answers.takes_ms = 1000
    await box.say("hello")
    box.files.operations, box.files.fail_at, box.files.crash = 0, 1, False
    await box.clock.advance(1000)
    await box.clock.advance(10000)
    await box.say("again")
    await box.clock.advance(2000)
    assert box.answers.calls[-1][2][-1] == "again"
    assert box.state.pending("main") == [] and box.store.problem is None
    await box.stop()


async def test_a_task_that_comes_once_is_settled_though_the_storage_refuses_the_start_of_its_run():
    box = await Box().start()
    task = await box.task(kind="once", value="2030-01-01T00:00:00")
    put = box.store.put

    def put_and_fill(kind, body, *rest, **more):
        put(kind, body, *rest, **more)
        if kind == "run.started":
            box.files.operations, box.files.fail_at, box.files.crash = 0, 1, False

    box.store.put = put_and_fill
    put("task.set", dict(task, next_ms=None))
    put("run.queued", run_records.queued_task(task, box.clock.now_ms(), task["next_ms"]))
    await box.clock.advance(10000)
    box.store.put = put
    settled = box.state.tasks[task["id"]]
    assert [run["state"] for run in box.state.runs] == ["failed"]
    assert settled["status"] == "completed" and settled["last_result"].startswith("Error: ")
    await box.stop()


async def test_messages_are_read_in_the_order_they_were_sent_and_settled_in_the_order_they_came():
    box = await Box().start()
    box.answers.takes_ms = 1000
    await box.say("first")
    now_ms = box.clock.now_ms()
    for text, ts_ms in (("newer", now_ms + 9000), ("older", now_ms + 4000), ("of the same moment", now_ms + 4000)):
        body = {"jid": "console:main", "id": text, "sender": "ann", "sender_name": "Ann", "text": text}
        await box.down("msg.in", dict(body, ts_ms=ts_ms, from_me=False))
    await box.clock.advance(1000)
    assert box.answers.calls[1][2] == ["older", "of the same moment", "newer"]
    await box.clock.advance(1000)
    assert box.state.pending("main") == [] and len(box.answers.calls) == 2
    await box.stop()


async def test_an_error_that_is_written_for_people_is_told_as_it_is():
    box = await Box().start()
    box.answers.script = [Refused("busy", "the model is resting")] * (1 + limits.RETRIES)
    await box.say("hello")
    await box.clock.advance(limits.RETRY_BASE_MS << limits.RETRIES)
    assert box.state.runs[-1]["error"] == "the model is resting"
    await box.stop()


async def test_the_result_of_a_task_is_what_it_sent_when_it_returns_nothing():
    box = await Box().start()

    async def sends(run, prompt, api):
        await api.send("found it")
        return ""

    box.answers.script = [sends]
    task = await box.task(kind="interval", value="60000")
    await box.clock.advance(60000)
    assert box.state.tasks[task["id"]]["last_result"] == "found it"
    await box.stop()


async def test_a_stop_begins_nothing_in_the_place_of_what_it_ends():
    box = await Box().start()
    await box.command("settings.set", slots=1)
    await box.group("garden", requires_trigger=False)
    box.answers.takes_ms = 60000
    await box.say("hello")
    await box.say("hello", folder="garden")
    await box.stop()
    await box.clock.settle()
    assert [call[0] for call in box.answers.calls] == ["main"]
    assert [run["folder"] for run in box.state.runs] == ["main"]


async def test_a_task_that_waits_for_room_outlasts_a_storage_that_refuses():
    usual, limits.SPOOL_RECORDS = limits.SPOOL_RECORDS, 48
    try:
        box = await Box().start()
        task = await box.task(kind="cron", value="0 18 * * *")
        box.auto_ack = False
        while box.store.has_room(limits.COMMAND_RECORDS, limits.COMMAND_BYTES):
            box.store.put("audit", {"what": "x"})
        box.store.commit()
        usual_bytes, box.files.capacity = box.files.capacity, 0
        box.store.put("run.queued", run_records.queued_task(task, box.clock.now_ms(), None))
        await box.clock.settle()
        assert "could not be written" in box.host.glance()["problem"]
        box.files.capacity = usual_bytes
        await box.clock.advance(limits.RESTART_MAX_MS)
        box.auto_ack = True
        box.take_up()
        await box.clock.advance(limits.RESTART_MAX_MS)
        assert [run["state"] for run in box.state.runs] == ["done"]
        await box.stop()
    finally:
        limits.SPOOL_RECORDS = usual


async def test_a_task_that_is_paused_as_its_run_begins_is_due_again_when_it_is_resumed():
    box = await Box().start()
    task = await box.task(kind="once", value="2030-01-01T00:00:00")
    due_ms = task["next_ms"]
    box.store.put("task.set", dict(task, next_ms=None))
    box.store.put("run.queued", run_records.queued_task(task, box.clock.now_ms(), due_ms))
    box.host.perform("task.pause", {"id": task["id"]})  # before the run has had its first turn
    await box.clock.settle()
    assert box.answers.calls == []
    await box.command("task.resume", id=task["id"])
    assert box.state.tasks[task["id"]]["next_ms"] == due_ms
    await box.stop()
