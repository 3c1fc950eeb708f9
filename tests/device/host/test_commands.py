"""Device commands: who may, what is refused and with which code, once per id, and audited either way."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits
from device.host.errors import Refused
from tests.device.host.box import Box
from tests.device.portable_test import raises


class Screen:
    """A stand-in for the screen: remembers what it was asked and answers when told to."""

    def __init__(self, clock=None):
        self.asked = []
        self.clock = clock

    async def perform(self, name, args):
        self.asked.append((name, args))
        if name == "screen.tap" and "x" not in args:
            raise Refused("bad_value", "x is missing")
        if name == "screen.swipe":
            raise ValueError("the finger slipped")
        if self.clock is not None:
            await self.clock.sleep_ms(1000)
        return {"shot": 1}


def code(answer):
    return None if answer["ok"] else answer["error"]["code"]


async def test_every_command_leaves_an_audit_record_before_its_effect():
    box = await Box().start()
    await box.group("home")
    await box.command("group.add", folder="home", name="again")
    await box.command("no.such.command")
    found = [(a["what"], a["decision"], a["rule"]) for a in box.state.audit if a["actor"] == "owner:cli"]
    assert found == [
        ("group.add", "allow", "owner"),
        ("group.add", "deny", "duplicate"),
        ("no.such.command", "deny", "unsupported"),
    ]
    kinds = [kind for kind, body in box.up if kind in ("audit", "group.set", "cmd.result")]
    assert kinds[-7:-2] == ["audit", "group.set", "cmd.result", "audit", "cmd.result"]
    await box.stop()


async def test_a_repeated_command_answers_again_and_does_nothing():
    box = await Box().start()
    args = {"folder": "main", "prompt": "p", "kind": "interval", "value": "60000"}
    first = await box.command("task.add", id_="same", **args)
    second = await box.command("task.add", id_="same", **args)
    assert first == second and len(box.state.tasks) == 1
    assert len([r for r in box.kinds("cmd.result") if r["id"] == "same"]) == 2
    again = await Box(await box.stop()).start()
    third = await again.command("task.add", id_="same", **args)
    assert third == first and len(again.state.tasks) == 1
    await again.stop()


async def test_without_memory_of_ids_a_repeated_command_would_act_twice():
    """The planted bug "no dedup": the same question finds it."""
    box = await Box().start()
    args = {"folder": "main", "prompt": "p", "kind": "interval", "value": "60000"}
    await box.command("task.add", id_="same", **args)
    box.state.results = []
    await box.command("task.add", id_="same", **args)
    assert len(box.state.tasks) == 2
    await box.stop()


async def test_an_expired_command_is_refused():
    box = await Box().start()
    body = {"id": "late", "client": "cli", "name": "group.pause", "args": {"folder": "main"}}
    body["expires_ms"] = box.clock.now_ms() - 1
    await box.down("cmd", body)
    assert code(box.state.result("late")) == "expired" and box.state.groups["main"]["paused"] is False
    await box.stop()


async def test_tasks_are_checked_before_they_are_taken():
    box = await Box().start()
    good = {"folder": "main", "prompt": "p", "kind": "interval", "value": "60000"}
    for change, wanted in (
        ({"folder": "nowhere"}, "unknown_group"),
        ({"folder": 7}, "bad_value"),
        ({"prompt": ""}, "bad_value"),
        ({"prompt": "x" * (limits.PROMPT_BYTES + 1)}, "too_large"),
        ({"prompt": "\x01" * (limits.PROMPT_BYTES - 1)}, "too_large"),
        ({"kind": "sometimes"}, "bad_value"),
        ({"kind": "cron", "value": "every day"}, "bad_value"),
        ({"value": "x" * (limits.VALUE_BYTES + 1)}, "too_large"),
        ({"context": "shared"}, "bad_value"),
        ({"missed": "twice"}, "bad_value"),
    ):
        answer = await box.command("task.add", **dict(good, **change))
        assert code(answer) == wanted, (change, answer)
    assert box.state.tasks == {}
    assert (await box.command("task.add", **good))["ok"]
    await box.stop()


async def test_the_number_of_tasks_is_bounded():
    usual = limits.TASKS
    limits.TASKS = 5
    try:
        box = await Box().start()
        for _ in range(5):
            await box.task(kind="interval", value="60000")
        answer = await box.command("task.add", folder="main", prompt="p", kind="interval", value="60000")
        assert code(answer) == "full" and len(box.state.tasks) == 5
        await box.stop()
    finally:
        limits.TASKS = usual


async def test_the_number_of_groups_is_bounded():
    box = await Box().start()
    for n in range(limits.GROUPS - 1):
        assert (await box.command("group.add", folder="g%d" % n, name="g"))["ok"]
    assert code(await box.command("group.add", folder="more", name="g")) == "full"
    assert len(box.state.groups) == limits.GROUPS
    await box.stop()


async def test_a_task_may_be_named_by_a_part_of_its_id_that_is_unique():
    box = await Box().start()
    one = await box.task(kind="interval", value="60000")
    two = await box.task(kind="interval", value="60000")
    assert (await box.command("task.pause", id=one["id"][-6:]))["result"]["status"] == "paused"
    ambiguous = await box.command("task.pause", id="task-")
    assert code(ambiguous) == "bad_value"
    assert one["id"] in ambiguous["error"]["message"] and two["id"] in ambiguous["error"]["message"]
    assert code(await box.command("task.pause", id="nothing")) == "unknown_task"
    assert code(await box.command("task.pause")) == "bad_value"
    await box.stop()


async def test_an_edit_changes_the_next_time_and_wakes_a_completed_task():
    box = await Box().start()
    task = await box.task(kind="once", value="2025-11-24T17:00:01")
    await box.clock.advance(2000)
    assert box.state.tasks[task["id"]]["status"] == "completed"
    assert code(await box.command("task.resume", id=task["id"])) == "bad_value"
    answer = await box.command("task.edit", id=task["id"], kind="interval", value="5000", prompt="new words")
    assert answer["result"]["status"] == "active" and answer["result"]["prompt"] == "new words"
    await box.clock.advance(5000)
    assert box.answers.calls[-1] == ("main", "task", "new words")
    await box.stop()


async def test_main_stays_and_a_busy_group_is_not_removed():
    box = await Box().start()
    await box.group("home", requires_trigger=False)
    assert not (await box.command("group.remove", folder="main"))["ok"]
    box.answers.takes_ms = 1000
    await box.say("hi", "home")
    assert code(await box.command("group.remove", folder="home")) == "busy"
    await box.clock.advance(1000)
    await box.task(folder="home", kind="interval", value="60000")
    assert (await box.command("group.remove", folder="home"))["ok"]
    assert box.state.tasks == {} and "home" not in box.state.groups
    await box.say("hi", "console:home")
    assert box.kinds("msg.refused")[-1]["code"] == "unknown_group"
    await box.stop()


async def test_settings_are_checked():
    box = await Box().start()
    for args in (
        {"slots": 0},
        {"slots": limits.SLOTS + 1},
        {"slots": True},
        {"rule": "nonsense"},
        {"hue": "red"},
        {},
    ):
        assert code(await box.command("settings.set", **args)) == "bad_value", args
    assert (await box.command("settings.set", slots=4))["result"]["slots"] == 4
    assert box.host.queue()["slots"]["max"] == 4
    await box.stop()


async def test_a_group_neither_sees_nor_touches_the_tasks_of_another():
    box = await Box().start()
    await box.group("home")
    secret = await box.task(folder="main", kind="interval", value="60000")
    commands = box.host._commands
    actor = {"kind": "group", "folder": "home"}
    for name in ("task.pause", "task.resume", "task.run", "task.remove", "task.edit"):
        with raises(Refused) as refused:
            commands.perform(actor, name, {"id": secret["id"]})
        assert refused.error.code == "unknown_task", name
    for name, args in (
        ("task.add", {"folder": "main", "prompt": "p", "kind": "interval", "value": "60000"}),
        ("group.add", {"folder": "new"}),
        ("group.pause", {"folder": "main"}),
        ("settings.set", {"slots": 1}),
        ("screen.shot", {}),
        ("box.reboot", {}),
    ):
        with raises(Refused) as refused:
            commands.perform(actor, name, args)
        assert refused.error.code == "not_authorized", name
    assert box.state.tasks[secret["id"]] == secret
    mine = commands.perform(actor, "task.add", {"prompt": "p", "kind": "interval", "value": "60000"})
    assert mine["folder"] == "home"
    assert commands.perform({"kind": "group", "folder": "main"}, "task.pause", {"id": mine["id"]})
    await box.stop()


async def test_the_screen_is_asked_one_command_at_a_time_and_answers_later():
    box = Box(screen=Screen())
    await box.start()
    assert (await box.command("screen.shot"))["result"] == {"shot": 1}
    assert code(await box.command("screen.tap")) == "bad_value"
    assert code(await box.command("screen.swipe")) == "unsupported"
    await box.stop()


async def test_a_second_screen_command_at_the_same_time_is_refused():
    screen = Screen()
    box = Box(screen=screen)
    screen.clock = box.clock
    await box.start()
    assert await box.command("screen.shot", id_="one") is None
    assert code(await box.command("screen.shot", id_="two")) == "busy"
    await box.say("served meanwhile")
    assert box.replies() == [("main", "fine")]
    await box.clock.advance(1000)
    assert box.state.result("one")["ok"] and len(screen.asked) == 1
    await box.stop()


async def test_a_box_without_screen_says_so():
    box = await Box().start()
    assert code(await box.command("screen.shot")) == "unsupported"
    await box.stop()


async def test_a_malformed_command_is_passed_over_or_refused_not_fatal():
    box = await Box().start()
    await box.down("cmd", {"id": 5})
    await box.down("cmd", {"id": "x" * 500, "name": "group.pause"})
    await box.down("cmd", {"id": "a", "name": ["list"], "args": {}})
    await box.down("cmd", {"id": "b", "name": "task.add", "args": "text"})
    await box.down("unknown.kind", {})
    assert [code(box.state.result(i)) for i in ("a", "b")] == ["unsupported", "bad_value"]
    await box.down("msg.in", ["no", "object"])
    assert box.store.applied() == 6 and box.audits("record.fault")
    await box.say("still here")
    assert box.replies() == [("main", "fine")]
    await box.stop()


async def test_names_that_would_not_fit_are_refused():
    box = await Box().start()
    assert code(await box.command("group.add", folder="f" * 100, name="n")) == "too_large"
    assert code(await box.command("group.add", folder="ok", name="n" * 100)) == "too_large"
    assert code(await box.command("settings.set", assistant="a" * 100)) == "too_large"
    await box.stop()


async def test_a_chat_moves_to_another_folder_only_when_that_is_asked_for():
    box = await Box().start()
    groups = box.state.groups
    await box.command("group.add", folder="old", name="Old", jid="c@g")
    assert code(await box.command("group.add", folder="new", name="New", jid="c@g")) == "duplicate"
    assert code(await box.command("group.add", folder="a b", name="New", jid="c@g", move_chat=True)) == "bad_value"
    assert groups["old"]["jid"] == "c@g"
    assert (await box.command("group.add", folder="new", name="New", jid="c@g", move_chat=True))["ok"]
    assert (groups["new"]["jid"], groups["old"]["jid"]) == ("c@g", "console:old")
    mains = groups["main"]["jid"]
    assert code(await box.command("group.add", folder="x", name="X", jid=mains, move_chat=True)) == "reserved"
    await box.stop()


async def test_a_replay_may_name_what_is_made():
    box = await Box().start()
    box.host.name_with(lambda kind, now_ms: "%s-%d-abc123" % (kind, now_ms))
    task = await box.task(kind="interval", value="60000")
    assert task["id"] == "task-%d-abc123" % box.clock.now_ms()
    await box.stop()


async def test_a_group_with_many_waiting_runs_is_removed_once_however_full_the_spool_is():
    usual, limits.SPOOL_RECORDS = limits.SPOOL_RECORDS, 96
    try:
        box = await Box().start()
        await box.group("home")
        await box.command("settings.set", slots=1)
        box.answers.takes_ms = 60000
        await box.say("hold the slot")
        for _ in range(limits.MAILBOX_TASKS):
            task = await box.task(folder="home", kind="cron", value="0 18 * * *")
            await box.command("task.run", id=task["id"])
        box.auto_ack = False
        while box.store.has_room(limits.COMMAND_RECORDS + 1, limits.COMMAND_BYTES + 1024):
            box.store.put("audit", {"what": "x"})
            box.store.commit()
        assert (await box.command("group.remove", folder="home"))["ok"]
        assert "home" not in box.state.groups
        assert {r["state"] for r in box.state.runs if r["folder"] == "home"} == {"failed"}
        assert "home" not in box.host.queue()["waiting"]
        box.auto_ack = True
        for _ in range(30):
            box.take_up()
            await box.clock.settle()
        ended = {r["id"] for r in box.kinds("run.ended") if r["folder"] == "home"}
        assert len(ended) == limits.MAILBOX_TASKS
        await box.stop()
    finally:
        limits.SPOOL_RECORDS = usual
