"""Groups, tasks and messages brought from another assistant: the owner's only, once, bounded, and starting nothing."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits
from device.host.errors import Refused
from tests.device.host.box import START_MS, Box, canonical
from tests.device.portable_test import raises

FAMILY = {"folder": "family", "name": "Family", "trigger": "@Andy", "added_ms": 1700000000000, "paused": True}
TASK = {
    "id": "task-1-abc",
    "folder": "family",
    "prompt": "water the plants",
    "kind": "interval",
    "value": "3600000",
    "context": "group",
    "status": "active",
    "next_ms": START_MS + 1000,
    "last_ms": START_MS - 3599000,
    "last_result": "watered",
    "created_ms": 1700000000001,
}


def message(id_, text="hi", from_me=False):
    made = {"id": id_, "sender": "1", "sender_name": "Ann", "text": text, "ts_ms": 1700000000002}
    return dict(made, from_me=from_me)


def code(answer):
    return None if answer["ok"] else answer["error"]["code"]


def without_audit(state):
    return [record for record in canonical(state) if record[0] not in ("audit", "cmd.result", "!recent")]


async def with_family():
    box = await Box().start()
    assert (await box.command("import.group", **FAMILY))["ok"]
    return box


async def bring(box, messages, settled, folder="family"):
    return await box.command("import.messages", folder=folder, messages=messages, settled=settled)


async def test_a_group_comes_with_its_day_and_paused():
    box = await with_family()
    family = box.state.groups["family"]
    assert (family["added_ms"], family["paused"], family["jid"]) == (1700000000000, True, "console:family")
    assert box.audits("import.group")[-1]["rule"] == "owner"
    await box.stop()


async def test_a_session_comes_with_its_group_survives_a_boot_and_goes_with_it():
    box = await with_family()
    assert (await box.command("import.session", folder="family", session="s-1"))["result"]["known"] is False
    assert (await box.command("import.session", folder="family", session="s-1"))["result"]["known"] is True
    assert code(await box.command("import.session", folder="nobody", session="s")) == "unknown_group"
    assert (
        code(await box.command("import.session", folder="family", session="x" * (limits.ID_BYTES + 1))) == "too_large"
    )
    assert code(await box.command("import.session", folder="family", session=7)) == "bad_value"
    box = await Box(await box.stop()).start()
    assert box.state.sessions == {"family": "s-1"}
    assert ("session.set", {"folder": "family", "session": "s-1"}) in list(box.state.snapshot_records())
    assert (await box.command("group.remove", "after the boot", folder="family"))["ok"]
    assert box.state.sessions == {}
    await box.stop()


async def test_a_task_comes_with_its_id_phase_and_last_run_and_fires_when_it_would_have():
    box = await with_family()
    assert (await box.command("import.task", **TASK))["result"] == {"id": "task-1-abc", "known": False}
    task = box.state.tasks["task-1-abc"]
    assert dict(TASK, jid="console:family", missed="once") == task
    await box.clock.advance(5000)
    assert box.answers.calls == []
    await box.command("group.resume", folder="family")
    await box.clock.settle()
    assert box.answers.calls == [("family", "task", "water the plants")]
    await box.stop()


async def test_a_paused_task_does_not_fire_and_a_completed_one_has_no_next_run():
    box = await with_family()
    await box.command("group.resume", folder="family")
    await box.command("import.task", **dict(TASK, id="p", status="paused"))
    await box.command("import.task", **dict(TASK, id="c", status="completed"))
    await box.clock.advance(5000)
    assert box.answers.calls == []
    assert (box.state.tasks["p"]["next_ms"], box.state.tasks["c"]["next_ms"]) == (TASK["next_ms"], None)
    await box.stop()


async def test_a_task_without_id_and_next_run_gets_both_unless_it_is_for_a_single_time():
    box = await with_family()
    given = {key: TASK[key] for key in ("folder", "prompt", "kind", "value")}
    id_ = (await box.command("import.task", **given))["result"]["id"]
    assert box.state.tasks[id_]["next_ms"] == box.clock.now_ms() + 3600000
    once = dict(given, kind="once", value="2026-02-14T10:00")
    assert code(await box.command("import.task", **once)) == "bad_value"
    await box.stop()


async def test_what_is_no_task_is_refused_with_a_code():
    box = await with_family()
    for change, wanted in (
        ({"value": "-5000"}, "bad_value"),
        ({"kind": "cron", "value": "often"}, "bad_value"),
        ({"folder": "nowhere"}, "unknown_group"),
        ({"folder": None}, "unknown_group"),
        ({"id": ""}, "bad_value"),
        ({"id": "two\nlines"}, "bad_value"),
        ({"id": "x" * (limits.ID_BYTES + 1)}, "too_large"),
        ({"prompt": "x" * (limits.PROMPT_BYTES + 1)}, "too_large"),
        ({"status": "weird"}, "bad_value"),
        ({"next_ms": "soon"}, "bad_value"),
        ({"last_ms": -1}, "bad_value"),
        ({"created_ms": True}, "bad_value"),
        ({"last_result": 5}, "bad_value"),
        ({"colour": "red"}, "bad_value"),
    ):
        answer = await box.command("import.task", **dict(TASK, **change))
        assert code(answer) == wanted, (change, answer)
    assert box.state.tasks == {}
    await box.command("import.task", **dict(TASK, last_result="x" * 2000))
    assert len(box.state.tasks["task-1-abc"]["last_result"].encode()) <= limits.RESULT_BYTES
    await box.stop()


async def test_what_is_no_group_is_refused_with_a_code():
    box = await Box().start()
    for change, wanted in (
        ({"folder": "../up"}, "bad_value"),
        ({"folder": "global"}, "reserved"),
        ({"folder": 5}, "bad_value"),
        ({"added_ms": "once"}, "bad_value"),
        ({"paused": 1}, "bad_value"),
        ({"name": "n" * 100}, "too_large"),
        ({"jid": "console:main"}, "duplicate"),
        ({"colour": "red"}, "bad_value"),
    ):
        assert code(await box.command("import.group", **dict(FAMILY, **change))) == wanted, change
    assert list(box.state.groups) == ["main"]
    for n in range(limits.GROUPS - 1):
        await box.command("import.group", folder="g%d" % n)
    assert code(await box.command("import.group", **FAMILY)) == "full"
    await box.stop()


async def test_messages_keep_their_order_and_the_cursor_stands_behind_the_settled_ones():
    box = await with_family()
    given = [message("m1"), message("m2", "hello Ann", True), message("m3", "@Andy and now?")]
    assert (await bring(box, given, 2))["result"] == {"stored": 3, "known": 0, "left": 0}
    ring = box.state.rings["family"]
    assert [(m["id"], m["from_me"]) for m in ring] == [("m1", False), ("m2", True), ("m3", False)]
    assert box.state.cursors["family"] == ring[1]["n"]
    assert [m["id"] for m in box.state.pending("family")] == ["m3"]
    await box.stop()


async def test_imported_messages_start_no_run_until_the_group_is_resumed_not_even_by_a_reboot():
    box = await with_family()
    await bring(box, [message("m1", "@Andy first"), message("m2", "@Andy second")], 1)
    await box.clock.advance(60000)
    box = await Box(await box.stop()).start()
    await box.clock.advance(60000)
    assert box.answers.calls == []
    await box.command("group.resume", id_="after the reboot", folder="family")
    await box.clock.settle()
    assert box.answers.calls == [("family", "messages", ["@Andy second"])]
    assert box.state.pending("family") == []
    await box.stop()


async def test_messages_that_wait_are_not_taken_for_a_group_that_is_served():
    box = await Box().start()
    assert code(await bring(box, [message("m1")], 0, "main")) == "busy"
    assert (await bring(box, [message("m1")], 1, "main"))["result"]["stored"] == 1
    assert box.state.pending("main") == [] and box.answers.calls == []
    assert (await bring(box, [message("m1")], 0, "main"))["result"]["known"] == 1
    await box.stop()


async def test_the_same_import_again_changes_nothing():
    box = await with_family()
    await box.command("import.task", **TASK)
    await bring(box, [message("m1"), message("m1"), message("m2")], 2)
    before = without_audit(box.state)
    assert (await box.command("import.group", **dict(FAMILY, name="Other")))["result"]["known"]
    assert (await box.command("import.task", **dict(TASK, prompt="other")))["result"]["known"]
    again = await bring(box, [message("m1", "other"), message("m2"), message("m2")], 1)
    assert again["result"] == {"stored": 0, "known": 3, "left": 0}
    assert without_audit(box.state) == before
    await box.stop()


async def test_settled_messages_never_stand_behind_what_waits_nor_push_newer_ones_out():
    box = await with_family()
    await bring(box, [message("w1")], 0)
    assert (await bring(box, [message("m1")], 1))["result"] == {"stored": 0, "known": 0, "left": 1}
    assert [m["id"] for m in box.state.pending("family")] == ["w1"]
    for n in range(limits.RING_MESSAGES):
        assert (await bring(box, [message("h%d" % n)], 1, "main"))["result"]["stored"] == 1
    assert (await bring(box, [message("older")], 1, "main"))["result"]["left"] == 1
    assert len(box.state.rings["main"]) == limits.RING_MESSAGES
    await box.stop()


async def test_no_more_wait_than_a_group_may_have():
    box = await with_family()
    for n in range(limits.MAILBOX_MESSAGES):
        assert (await bring(box, [message("w%d" % n)], 0))["ok"]
    assert code(await bring(box, [message("more")], 0)) == "full"
    assert len(box.state.pending("family")) == limits.MAILBOX_MESSAGES
    await box.stop()


async def test_what_comes_in_one_command_is_bounded():
    box = await with_family()
    before = box.store.next_out()
    assert (await bring(box, [message("m%d" % n) for n in range(limits.IMPORT_MESSAGES)], 1))["ok"]
    assert box.store.next_out() - before == limits.COMMAND_RECORDS
    assert code(await bring(box, [message("n%d" % n) for n in range(limits.IMPORT_MESSAGES + 1)], 1)) == "too_large"
    large = [message("x" * (limits.ID_BYTES + 1)), message("x", "x" * (limits.MESSAGE_BYTES + 1))]
    large.append(message("y", "\n" * (limits.TEXT_ENCODED_BYTES // 2)))
    for each in large:
        assert code(await bring(box, [each], 0)) == "too_large"
    await box.stop()


async def test_what_is_no_list_of_messages_is_refused():
    box = await with_family()
    for messages, settled in (
        (None, 0),
        ([], 0),
        ("text", 0),
        ([5], 0),
        ([message("")], 0),
        ([dict(message("m"), ts_ms=None)], 0),
        ([dict(message("m"), from_me=0)], 0),
        ([dict(message("m"), text=None)], 0),
        ([message("m")], 2),
        ([message("m")], True),
        ([message("m")], -1),
    ):
        assert code(await bring(box, messages, settled)) == "bad_value", (messages, settled)
    assert code(await bring(box, [message("m")], 0, "nowhere")) == "unknown_group"
    assert box.state.rings["family"] == []
    await box.stop()


async def test_only_the_owner_imports_not_even_main():
    box = await with_family()
    for folder in ("main", "family"):
        actor = {"kind": "group", "folder": folder}
        for name, args in (
            ("import.group", {"folder": "new"}),
            ("import.task", dict(TASK, folder=folder)),
            ("import.messages", {"folder": folder, "messages": [message("m")], "settled": 1}),
        ):
            with raises(Refused) as refused:
                box.host._commands.perform(actor, name, args)
            assert refused.error.code == "not_authorized", name
            assert (box.audits(name)[-1]["decision"], box.audits(name)[-1]["rule"]) == ("deny", "box_is_the_owners")
    assert box.state.tasks == {} and sorted(box.state.groups) == ["family", "main"]
    await box.stop()
