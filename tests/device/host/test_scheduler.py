"""When tasks fire: once per due time, whatever the clock, the power and the load do."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits
from tests.device.host.box import START_MS, Box

HOUR_MS = 3600 * 1000


def ran(box):
    return [c for c in box.answers.calls if c[1] == "task"]


async def test_an_interval_fires_at_each_due_time():
    box = await Box().start()
    await box.task(kind="interval", value="60000")
    await box.clock.advance(59999)
    assert ran(box) == []
    await box.clock.advance(1)
    assert ran(box) == [("main", "task", "look around")]
    await box.clock.advance(5 * 60000)
    assert len(ran(box)) == 6
    await box.stop()


async def test_cron_fires_in_the_local_zone():
    box = await Box().start()
    task = await box.task(kind="cron", value="0 18 * * *")
    assert task["next_ms"] == START_MS + HOUR_MS
    await box.clock.advance(HOUR_MS)
    assert len(ran(box)) == 1
    assert box.state.tasks[task["id"]]["next_ms"] == START_MS + 25 * HOUR_MS
    assert box.state.tasks[task["id"]]["last_result"] == "fine"
    await box.stop()


async def test_once_fires_once_and_is_completed():
    box = await Box().start()
    task = await box.task(kind="once", value="2025-11-24T17:30")
    await box.clock.advance(24 * HOUR_MS)
    assert len(ran(box)) == 1
    done = box.state.tasks[task["id"]]
    assert done["status"] == "completed" and done["next_ms"] is None
    await box.stop()


async def test_the_claim_is_durable_before_the_run_begins():
    box = await Box().start()
    task = await box.task(kind="interval", value="60000")
    claimed = []

    async def looks(run, prompt, api):
        later = Box(box.files.survivors())
        claimed.append((later.state.tasks[task["id"]]["next_ms"], later.state.run(run["id"])["state"]))
        return "ok"

    box.answers.script = [looks]
    await box.clock.advance(60000)
    assert claimed == [(START_MS + 120000, "queued")]
    await box.stop()


async def test_after_a_power_cut_a_run_under_way_is_taken_up_with_the_same_id():
    box = await Box().start()
    await box.task(kind="once", value="2025-11-24T17:30")
    box.answers.takes_ms = 1000
    await box.clock.advance(HOUR_MS // 2)
    assert box.state.runs[-1]["state"] == "running"
    again = await Box(await box.stop(), start_ms=box.clock.now_ms()).start()
    assert len(ran(again)) == 1
    (run,) = again.state.runs
    assert run["id"] == box.state.runs[-1]["id"] and run["attempt"] == 2 and run["state"] == "done"
    assert [t["status"] for t in again.state.tasks.values()] == ["completed"]
    await again.stop()


async def test_a_run_that_restarts_the_box_each_time_is_given_up():
    box = await Box().start()
    task = await box.task(kind="once", value="2025-11-24T17:30")
    box.answers.takes_ms = 1000
    await box.clock.advance(HOUR_MS // 2)
    boots = 0
    while box.state.active_run(task["id"]) is not None and boots < 20:
        contents, now_ms = await box.stop(), box.clock.now_ms()
        box = Box(contents, start_ms=now_ms)
        box.answers.takes_ms = 1000
        await box.start()
        boots += 1
    assert boots == limits.RETRIES + 1
    assert box.state.runs[-1]["state"] == "interrupted"
    assert box.state.tasks[task["id"]]["status"] == "completed"
    await box.stop()


async def test_due_times_missed_while_off_are_made_up_for_once_or_reported():
    box = await Box().start()
    once = await box.task(kind="interval", value="60000")
    skip = await box.task(kind="interval", value="60000", missed="skip", prompt="skipped")
    again = await Box(await box.stop(), start_ms=START_MS + 10 * 60000).start()
    assert ran(again) == [("main", "task", "look around")]
    (report,) = again.audits("task.missed")
    assert report["detail"].startswith(skip["id"])
    assert again.state.tasks[once["id"]]["next_ms"] == START_MS + 11 * 60000
    assert again.state.tasks[skip["id"]]["next_ms"] == START_MS + 11 * 60000
    await again.stop()


async def test_setting_the_clock_forward_fires_once_and_back_never_again():
    box = await Box().start()
    task = await box.task(kind="cron", value="0 18 * * *")
    box.host.welcome({"utc_ms": START_MS + HOUR_MS + 5000})
    await box.clock.settle()
    assert len(ran(box)) == 1
    box.host.welcome({"utc_ms": START_MS})
    await box.clock.advance(2 * HOUR_MS)
    assert len(ran(box)) == 1
    assert box.state.tasks[task["id"]]["next_ms"] == START_MS + 25 * HOUR_MS
    box.host.welcome({"utc_ms": 0})
    box.host.welcome({"utc_ms": 1000})
    await box.clock.advance(HOUR_MS)
    assert len(ran(box)) == 1
    await box.stop()


async def test_a_long_task_never_overlaps_itself():
    box = await Box().start()
    await box.task(kind="interval", value="60000")
    box.answers.takes_ms = 150000
    await box.clock.advance(60000)
    await box.clock.advance(140000)
    assert len(ran(box)) == 1
    await box.clock.advance(10000)
    assert len(ran(box)) == 1  # an interval counts from the end of the run
    await box.clock.advance(60000)
    assert len(ran(box)) == 2
    assert len([r for r in box.state.runs if r["state"] == "running"]) == 1
    await box.stop()


async def test_a_pause_drops_a_waiting_run_and_a_resume_fires_late():
    box = await Box().start()
    box.answers.takes_ms = 10000
    await box.say("busy")
    task = await box.task(kind="once", value="2025-11-24T17:00:05")
    await box.clock.advance(5000)
    assert box.state.active_run(task["id"])["state"] == "queued"
    await box.command("task.pause", id=task["id"])
    dropped = [r for r in box.state.runs if r["kind"] == "task"][-1]
    assert dropped["state"] == "failed" and "paused" in dropped["error"]
    await box.clock.advance(HOUR_MS)
    assert ran(box) == []
    await box.command("task.resume", id=task["id"])
    await box.clock.advance(10000)
    assert len(ran(box)) == 1
    await box.stop()


async def test_a_removed_task_does_not_run_any_more():
    box = await Box().start()
    box.answers.takes_ms = 10000
    await box.say("busy")
    task = await box.task(kind="interval", value="5000")
    await box.clock.advance(5000)
    await box.command("task.remove", id=task["id"])
    await box.clock.advance(HOUR_MS)
    assert ran(box) == [] and box.state.runs[-1]["state"] == "failed"
    await box.stop()


async def test_run_now_leaves_the_next_due_time():
    box = await Box().start()
    task = await box.task(kind="interval", value="60000")
    answer = await box.command("task.run", id=task["id"][-5:])
    assert answer["ok"] and len(ran(box)) == 1
    assert box.state.tasks[task["id"]]["next_ms"] == task["next_ms"]
    await box.stop()


async def test_tasks_of_a_paused_group_wait():
    box = await Box().start()
    await box.group("home")
    await box.task(folder="home", kind="interval", value="60000")
    await box.command("group.pause", folder="home")
    await box.clock.advance(10 * 60000)
    assert ran(box) == []
    await box.command("group.resume", folder="home")
    assert len(ran(box)) == 1
    await box.stop()


async def test_more_due_tasks_than_a_mailbox_holds_are_reported_not_lost_in_silence():
    box = await Box().start()
    for _ in range(limits.MAILBOX_TASKS + 4):
        await box.task(kind="interval", value="60000")
    box.answers.takes_ms = 1000
    await box.clock.advance(60000)
    missed = len(box.audits("task.missed"))
    await box.clock.advance(40000)
    assert missed == 3 and len(ran(box)) == limits.MAILBOX_TASKS + 1
    await box.stop()


async def test_another_zone_moves_the_due_times_of_cron_tasks():
    box = await Box().start()
    task = await box.task(kind="cron", value="0 18 * * *")
    await box.command("settings.set", zone="Europe/London", rule="GMT0BST,M3.5.0/1,M10.5.0")
    assert box.state.tasks[task["id"]]["next_ms"] == START_MS + 2 * HOUR_MS
    await box.stop()


async def test_another_zone_moves_every_cron_task_though_the_spool_is_too_full_for_all_at_once():
    usual, limits.SPOOL_RECORDS = limits.SPOOL_RECORDS, 48
    try:
        box = await Box().start()
        tasks = []
        for _ in range(60):
            tasks.append(await box.task(kind="cron", value="0 18 * * *"))
        box.auto_ack = False
        box.host.welcome({"utc_ms": box.clock.now_ms(), "zone": "Europe/London", "rule": "GMT0BST,M3.5.0/1,M10.5.0"})
        await box.clock.settle()
        assert box.store.spool_size <= limits.SPOOL_RECORDS
        box.auto_ack = True
        for _ in range(10):
            box.take_up()
            await box.clock.settle()
        assert {box.state.tasks[task["id"]]["next_ms"] for task in tasks} == {START_MS + 2 * HOUR_MS}
        await box.stop()
    finally:
        limits.SPOOL_RECORDS = usual


async def test_a_failed_task_says_so_and_keeps_its_schedule():
    box = await Box().start()
    task = await box.task(kind="interval", value="60000")
    box.answers.script = [ValueError("broken")]
    await box.clock.advance(60000)
    assert box.state.tasks[task["id"]]["last_result"] == "Error: ValueError: broken"
    await box.clock.advance(60000)
    assert box.state.tasks[task["id"]]["last_result"] == "fine"
    await box.stop()


async def test_a_clock_that_was_lost_with_the_power_goes_on_from_the_last_record():
    box = await Box().start()
    await box.task(kind="interval", value="60000")
    again = await Box(await box.stop(), start_ms=946684800000).start()
    assert START_MS <= again.clock.now_ms() <= START_MS + 60000
    await again.clock.advance(60000)
    assert len(ran(again)) == 1
    again.host.welcome({"utc_ms": START_MS + 10 * HOUR_MS})
    await again.clock.settle()
    assert len(ran(again)) == 2
    await again.stop()


async def test_events_of_a_clock_that_is_right_are_left_alone():
    box = await Box(start_ms=START_MS + HOUR_MS).start()
    again = await Box(await box.stop(), start_ms=START_MS).start()
    assert again.clock.now_ms() == START_MS
    await again.stop()


async def test_a_run_that_waited_when_the_power_went_waits_again_under_its_name():
    box = await Box().start()
    box.answers.takes_ms = 10000
    await box.say("busy")
    task = await box.task(kind="interval", value="5000")
    await box.clock.advance(5000)
    waiting = box.state.active_run(task["id"])
    again = await Box(await box.stop(), start_ms=box.clock.now_ms()).start()
    assert len(ran(again)) == 1
    run = again.state.run(waiting["id"])
    assert run["state"] == "done" and run["attempt"] == 1
    await again.stop()
