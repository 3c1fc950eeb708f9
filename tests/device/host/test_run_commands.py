"""Ending a run before its time: it stays ended, is not tried again, and only who may has it done."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false
from device.host.errors import Refused
from tests.device.host.box import Box
from tests.device.portable_test import raises


async def _running(folder="main"):
    box = await Box().start()
    if folder != "main":
        await box.group(folder, requires_trigger=False)
    box.answers.takes_ms = 60000
    await box.say("hello", folder)
    return box


async def test_a_cancelled_run_ends_as_failed_with_who_did_it_and_is_not_tried_again():
    box = await _running()
    answer = await box.command("run.cancel", folder="main")
    assert answer["ok"] and answer["result"]["run"] == box.state.runs[-1]["id"]
    assert box.state.runs[-1]["state"] == "failed" and box.state.runs[-1]["error"] == "cancelled by owner:cli"
    assert box.state.pending("main") == [] and box.replies() == []
    await box.clock.advance(600000)
    assert len(box.answers.calls) == 1 and box.audits("run.cancel")[-1]["decision"] == "allow"
    box.answers.takes_ms = 0
    await box.say("again")
    assert box.replies() == [("main", "fine")]
    await box.stop()


async def test_a_group_ends_its_own_run_by_id_and_no_others():
    box = await _running("home")
    run = box.state.runs[-1]["id"]
    with raises(Refused) as refused:
        box.host.perform("run.cancel", {"run": run}, {"kind": "group", "folder": "work"})
    assert refused.error.code == "not_authorized"
    assert box.state.runs[-1]["state"] == "running"
    box.host.perform("run.cancel", {"run": run}, {"kind": "group", "folder": "home"})
    await box.clock.settle()
    assert box.state.runs[-1]["error"] == "cancelled by group:home"
    await box.stop()


async def test_where_nothing_runs_there_is_nothing_to_cancel():
    box = await Box().start()
    for args in ({"folder": "main"}, {"run": "run-1"}, {"folder": 3}, {}):
        answer = await box.command("run.cancel", **args)
        assert answer["error"]["code"] in ("unknown_run", "bad_value")
    await box.stop()


async def test_a_cancelled_task_is_settled():
    box = await Box().start()
    task = await box.task(kind="once", value="2025-11-24T17:00:10")
    box.answers.takes_ms = 60000
    await box.clock.advance(10000)
    await box.command("run.cancel", folder="main")
    assert box.state.tasks[task["id"]]["status"] == "completed"
    assert box.state.tasks[task["id"]]["last_result"] == "Error: cancelled by owner:cli"
    await box.stop()


async def test_a_power_cut_right_after_the_cancel_does_not_bring_the_run_back():
    box = await _running()
    box.host.perform("run.cancel", {"folder": "main"})
    box.store.commit()
    contents = box.files.survivors()
    await box.stop()
    again = await Box(contents).start()
    assert again.answers.calls == [] and again.state.pending("main") == []
    assert again.state.runs[-1]["error"] == "cancelled by owner:screen"
    await again.stop()


async def test_a_run_that_asks_for_its_own_end_goes_on_to_it():
    box = await Box().start()

    async def asks(run, prompt, api):
        api.perform("run.cancel", {"folder": "main"})
        return "too late"

    box.answers.script = [asks]
    await box.say("hello")
    assert box.replies() == [] and box.state.runs[-1]["error"] == "cancelled by group:main"
    await box.stop()
