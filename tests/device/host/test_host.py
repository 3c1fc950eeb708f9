"""The host end to end, from a record that comes down to the records that go up."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits
from device.host.store import SpoolFull
from tests.device.host.box import Box, canonical
from tests.device.portable_test import raises


def with_a_small_spool(test):
    """Run the test with a spool of 96 records: its journal then fits into the test's memory."""

    async def smaller():
        usual = limits.SPOOL_RECORDS
        limits.SPOOL_RECORDS = 96
        try:
            await test()
        finally:
            limits.SPOOL_RECORDS = usual

    return smaller


async def test_the_first_boot_makes_the_group_main():
    box = await Box().start()
    assert box.state.groups["main"]["jid"] == "console:main"
    assert box.state.groups["main"]["requires_trigger"] is False
    again = Box(await box.stop())
    assert canonical(again.state) == canonical(box.state)
    assert again.store.next_out() == box.store.next_out()


async def test_a_message_is_stored_answered_and_settled_in_order():
    box = await Box().start()
    await box.say("hello")
    kinds = [kind for kind, _ in box.up if not kind.startswith("audit")]
    assert kinds[-5:] == ["msg.stored", "run.started", "msg.out", "cursor.set", "run.ended"]
    assert box.replies() == [("main", "fine")]
    assert box.state.pending("main") == [] and box.state.runs[-1]["state"] == "done"
    await box.stop()


async def test_the_console_reaches_a_group_that_serves_another_chat():
    box = await Box().start()
    await box.group("family", jid="fam@g.us", requires_trigger=False)
    box.answers.script = ["at your service"]
    await box.say("from the desk", "console:family")
    assert box.replies() == [("family", "at your service")]
    await box.stop()


async def test_the_box_tells_everything_unasked_when_it_is_told_to():
    box = await Box().start()
    box.up = []
    box.host.tell_everything()
    await box.clock.settle()
    kinds = [kind for kind, _ in box.up]
    assert kinds[0] == "sync.begin" and kinds[-1] == "sync.end" and "group.set" in kinds
    await box.stop()


async def test_a_box_whose_store_is_older_than_the_laptop_remembers_tells_everything():
    box = await Box().start()
    box.up = []
    box.host.note("link.rewound", "the peer has applied 10")
    await box.clock.settle()
    kinds = [kind for kind, _ in box.up]
    assert kinds[:2] == ["audit", "sync.begin"] and kinds[-1] == "sync.end"
    await box.stop()


async def test_a_message_to_nobody_is_refused_with_a_reason():
    box = await Box().start()
    await box.say("hello", folder="tg:unknown")
    (refused,) = box.kinds("msg.refused")
    assert refused["code"] == "unknown_group"
    assert box.audits("message.send")[-1]["decision"] == "deny"
    await box.stop()


async def test_malformed_and_too_large_messages_are_refused():
    box = await Box().start()
    await box.say("x" * (limits.MESSAGE_BYTES + 1))
    await box.say("\n" * limits.MESSAGE_BYTES)
    await box.down("msg.in", {"jid": "console:main", "id": 5})
    assert [r["code"] for r in box.kinds("msg.refused")] == ["too_large", "too_large", "bad_value"]
    assert box.answers.calls == []
    await box.stop()


async def test_a_message_that_comes_twice_is_answered_once():
    box = await Box().start()
    await box.say("hello", id_="same")
    await box.say("hello", id_="same")
    assert len(box.answers.calls) == 1 and len(box.kinds("msg.stored")) == 1
    again = await Box(await box.stop()).start()
    await again.say("hello", id_="same")
    assert again.answers.calls == [] and again.store.applied() == 3
    await again.stop()


async def test_messages_without_trigger_wait_as_context_for_one_that_has_it():
    box = await Box().start()
    await box.group("home")
    await box.say("one", "home")
    await box.say("two", "home")
    assert box.answers.calls == []
    await box.say("@Barnacle three", "home")
    assert box.answers.calls == [("home", "messages", ["one", "two", "@Barnacle three"])]
    await box.stop()


async def test_chatter_beyond_the_mailbox_expires_and_the_trigger_still_gets_through():
    box = await Box().start()
    await box.group("home")
    for n in range(3 * limits.MAILBOX_MESSAGES):
        await box.say("chatter %d" % n, "home")
    assert len(box.state.pending("home")) <= limits.MAILBOX_MESSAGES
    await box.say("@Barnacle now", "home")
    assert box.answers.calls[-1][2][-1] == "@Barnacle now"
    assert box.kinds("msg.refused") == []
    await box.stop()


async def test_a_full_mailbox_of_waiting_work_refuses_with_a_reason():
    box = await Box().start()
    await box.command("group.pause", folder="main")
    for n in range(limits.MAILBOX_MESSAGES + 2):
        await box.say("work %d" % n)
    assert [r["code"] for r in box.kinds("msg.refused")] == ["full", "full"]
    assert box.audits("message.send")[-1]["rule"] == "full"
    await box.command("group.resume", folder="main")
    assert len(box.answers.calls[0][2]) == limits.MAILBOX_MESSAGES
    await box.stop()


async def test_messages_that_come_during_a_run_are_a_run_of_their_own():
    box = await Box().start()
    box.answers.takes_ms = 1000
    await box.say("first")
    await box.say("second")
    await box.say("third")
    await box.clock.advance(1000)
    await box.clock.advance(1000)
    assert [call[2] for call in box.answers.calls] == [["first"], ["second", "third"]]
    assert len(box.replies()) == 2
    await box.stop()


async def test_two_groups_run_side_by_side_and_a_third_waits_for_a_slot():
    box = await Box().start()
    for folder in ("a", "b", "c"):
        await box.group(folder, requires_trigger=False)
    box.answers.takes_ms = 1000
    for folder in ("a", "b", "c"):
        await box.say("hi", folder)
    assert [call[0] for call in box.answers.calls] == ["a", "b"]
    queue = box.host.queue()
    assert queue["slots"] == {"used": 2, "max": 2} and queue["waiting"] == ["c"]
    assert queue["groups"]["c"]["depth"] == 1 and queue["groups"]["a"]["state"] == "running"
    await box.clock.advance(1000)
    assert [call[0] for call in box.answers.calls] == ["a", "b", "c"]
    await box.stop()


@with_a_small_spool
async def test_a_full_spool_holds_messages_back_and_lets_them_in_later():
    box = await Box(auto_ack=False).start()
    sent = 0
    with raises(SpoolFull):
        for sent in range(500):
            await box.say("hello %d" % sent)
    assert 5 < sent < 40
    assert box.store.spool_size <= limits.SPOOL_RECORDS
    assert "taken no records" in box.host.glance()["problem"]
    answered = len(box.answers.calls)
    box.auto_ack = True
    box.take_up()
    await box.clock.settle()
    await box.say("again")
    assert len(box.answers.calls) > answered and box.answers.calls[-1][2][-1] == "again"
    assert box.host.glance()["problem"] is None
    assert [a["what"] for a in box.state.audit].count("spool.full") == 1
    await box.stop()


@with_a_small_spool
async def test_a_full_spool_holds_due_tasks_back_and_runs_them_once_later():
    box = await Box(auto_ack=False).start()
    await box.task(kind="interval", value="3600000")
    with raises(SpoolFull):
        for n in range(500):
            await box.say("hello %d" % n)
    calls = len(box.answers.calls)
    await box.clock.advance(3 * 3600 * 1000)
    assert len(box.answers.calls) == calls
    box.auto_ack = True
    box.take_up()
    await box.clock.settle()
    assert [c[1] for c in box.answers.calls[calls:]] == ["task"]
    await box.stop()


async def test_the_whole_state_streams_through_the_spool():
    box = await Box().start()
    for n in range(8):
        await box.group("g%d" % n)
    for _ in range(25):
        await box.task(folder="g3", kind="interval", value="60000")
    await box.say("hello")
    box.up = []
    await box.down("sync.request", {})
    for _ in range(10):
        await box.clock.settle()
    kinds = [kind for kind, _ in box.up]
    assert kinds[0] == "sync.begin" and kinds[-1] == "sync.end"
    assert kinds.count("group.set") == 9 and kinds.count("task.set") == 25
    assert kinds.count("msg.stored") == 2 and kinds.count("settings.set") == 1
    await box.stop()


@with_a_small_spool
async def test_a_sync_waits_while_the_spool_is_half_full():
    box = await Box().start()
    for _ in range(60):
        await box.task(kind="interval", value="60000")
    box.auto_ack = False
    await box.down("sync.request", {})
    await box.clock.settle()
    assert limits.SPOOL_RECORDS // 3 < box.store.spool_size <= limits.SPOOL_RECORDS // 2
    await box.say("still answered")
    assert len(box.answers.calls) == 1
    box.auto_ack = True
    box.take_up()
    for _ in range(20):
        await box.clock.settle()
    assert box.up[-1][0] == "sync.end" or "sync.end" in [k for k, _ in box.up]
    await box.stop()


async def test_the_welcome_tells_how_the_language_model_is():
    box = await Box().start()
    for state, expected in (("ready", "ready"), ("no_key", "no_key"), ("nonsense", "none")):
        box.host.welcome({"model": {"state": state, "name": "m", "text": "", "groups": {}}})
        box.host.set_online(True)
        assert box.host.model.of("main")[0] == expected
        box.host.welcome({"utc_ms": box.clock.now_ms()})  # a laptop that does not say leaves it as it is
        assert box.host.model.of("main")[0] == expected
    await box.stop()


async def test_the_welcome_sets_clock_and_zone():
    box = await Box().start()
    box.host.welcome({"utc_ms": box.clock.now_ms() + 86400000, "zone": "Asia/Tokyo", "rule": "JST-9"})
    await box.clock.settle()
    assert box.state.settings["zone"] == "Asia/Tokyo"
    assert box.host.glance()["offset_s"] == 9 * 3600
    assert box.audits("clock.set")
    box.host.welcome({"utc_ms": 0, "zone": "X", "rule": "no rule at all!"})
    assert box.state.settings["zone"] == "Asia/Tokyo" and box.audits("zone.refused")
    await box.stop()


async def test_the_queue_is_told_at_most_four_times_a_second():
    box = await Box().start()
    await box.clock.advance(1000)
    box.told = []
    for n in range(20):
        await box.say("hello %d" % n)
        await box.clock.advance(50)
    assert 3 <= len([k for k, _ in box.told if k == "tele.queue"]) <= 5
    await box.stop()


async def test_health_is_told_on_connection_and_every_half_minute():
    box = await Box().start()
    box.host.set_online(True)
    await box.clock.advance(limits.HEALTH_AGAIN_MS)
    box.told = []
    await box.clock.advance(65000)
    assert [k for k, _ in box.told].count("tele.health") == 2
    await box.stop()


async def test_what_a_host_hears_first_is_told_once_more_when_it_listens():
    box = await Box().start()
    box.told = []
    box.host.set_online(True)
    await box.clock.advance(limits.HEALTH_AGAIN_MS - 1)
    first = [k for k, _ in box.told]
    await box.clock.advance(limits.QUEUE_NEWS_MS + 1)
    assert first.count("tele.health") == first.count("tele.queue") == 1
    assert [k for k, _ in box.told].count("tele.health") == 2
    assert [k for k, _ in box.told].count("tele.queue") == 2
    await box.stop()


async def test_a_failed_part_of_the_box_is_restarted_and_reported():
    box = await Box().start()
    failures = []

    async def part():
        failures.append(1)
        raise ValueError("broken")

    box.host.start("part", part)
    await box.clock.advance(1000)
    assert 2 <= len(failures) <= 5
    assert box.audits("task.restarted")[0]["reason"] == "ValueError: broken"
    await box.clock.advance(30000)
    assert box.told[-1][1]["task_restarts"] == len(failures)
    await box.stop()


async def test_the_glance_shows_what_is_next_and_running():
    box = await Box().start()
    await box.task(kind="interval", value="60000")
    box.answers.takes_ms = 500
    await box.say("hello")
    glance = box.host.glance()
    assert glance["running"][0]["folder"] == "main" and glance["next"][0]["kind"] == "interval"
    assert glance["groups"] == 1 and glance["tasks"] == 1 and glance["online"] is False
    await box.clock.advance(500)
    assert box.host.glance()["reply"]["text"] == "fine"
    await box.stop()


async def test_waiting_messages_of_all_groups_together_are_bounded():
    usual = limits.RING_BYTES
    limits.RING_BYTES = 20 * 1024
    try:
        box = await Box().start()
        for folder in ("a", "b"):
            await box.group(folder, requires_trigger=False)
            await box.command("group.pause", folder=folder)
        for _ in range(4):
            await box.say("x" * 3000, "a")
            await box.say("y" * 3000, "b")
        assert [r["code"] for r in box.kinds("msg.refused")] == ["full", "full"]
        assert box.state.ring_bytes <= limits.RING_BYTES
        await box.command("group.resume", folder="a")
        await box.say("there is room again", "b")
        assert len(box.kinds("msg.refused")) == 2
        await box.stop()
    finally:
        limits.RING_BYTES = usual


async def test_a_message_from_the_owners_other_device_is_kept_and_wakes_nobody():
    box = await Box().start()
    await box.say("I wrote this myself", from_me=True)
    assert box.answers.calls == [] and box.state.rings["main"][0]["from_me"] is True
    await box.say("hello")
    assert box.answers.calls[-1][2] == ["hello"]
    await box.stop()


async def test_a_long_life_keeps_journal_and_memory_within_bounds():
    usual = limits.COMPACT_BYTES
    limits.COMPACT_BYTES = 16 * 1024
    try:
        box = await Box().start()
        for n in range(150):
            await box.say("message number %d" % n)
        await box.clock.advance(10000)
        assert sum(box.files.size(name) for name in box.files.names()) < 12 * limits.COMPACT_BYTES
        assert any(name.endswith(".snap") for name in box.files.names())
        again = Box(await box.stop())
        assert canonical(again.state) == canonical(box.state)
    finally:
        limits.COMPACT_BYTES = usual


async def test_after_a_boot_the_group_that_waits_longest_comes_first():
    box = await Box().start()
    await box.command("settings.set", slots=1)
    box.answers.takes_ms = 60000
    for folder in ("zoo", "alps", "moor"):
        await box.group(folder, requires_trigger=False)
    await box.say("hold the slot")
    for folder in ("moor", "zoo", "alps"):
        await box.say("hello", folder=folder)
    box = await Box(await box.stop(), start_ms=box.clock.now_ms()).start()
    await box.clock.advance(0)
    for _ in range(3):
        await box.clock.advance(1)
    assert [call[0] for call in box.answers.calls] == ["main", "moor", "zoo", "alps"]
    await box.stop()
