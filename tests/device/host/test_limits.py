"""Bounds that no other test goes beyond, one by one. tests/device/test_limits.py says which test is whose."""

# pyright: reportOptionalSubscript=false, reportOptionalOperand=false, reportAttributeAccessIssue=false
import asyncio
import gc

from device.hardware import Hardware
from device.host import bounded, limits, portable, schedule, tz
from device.host.clock import ManualClock
from device.host.envelope import EnvelopeError, open_envelope, seal
from device.host.journal import Journal
from device.host.mqtt import MqttClient, MqttRefused
from device.host.state import State
from device.host.store import SpoolFull, Store
from device.host.supervisor import Supervisor
from device.host.telemetry import Telemetry
from tests.device.host.box import START_MS, Box
from tests.device.host.memory_files import MemoryFiles
from tests.device.host.smaller import smaller
from tests.device.portable_test import raises


def opened():
    store = Store(Journal(MemoryFiles()), ManualClock(START_MS))
    store.recover()
    return store


def gaps(values):
    return [values[i + 1] - values[i] for i in range(len(values) - 1)]


# --- messages and tasks ---


async def test_a_text_that_grows_beyond_its_bound_in_json_is_refused_or_cut():
    box = await Box().start()
    await box.say("\n" * (limits.TEXT_ENCODED_BYTES // 2))
    (refused,) = box.kinds("msg.refused")
    assert refused["code"] == "too_large"
    await box.say("\n" * (limits.TEXT_ENCODED_BYTES // 2 - 1))
    assert len(box.kinds("msg.stored")) == 1
    assert bounded.encoded_bytes(bounded.reply("\n" * limits.MESSAGE_BYTES)) <= limits.TEXT_ENCODED_BYTES
    await box.stop()


async def test_a_prompt_that_grows_beyond_its_bound_in_json_is_refused():
    box = await Box().start()
    prompt = '"' * (limits.PROMPT_ENCODED_BYTES // 2)
    answer = await box.command("task.add", folder="main", prompt=prompt, kind="interval", value="60000")
    assert answer["error"]["code"] == "too_large"
    answer = await box.command("task.add", folder="main", prompt=prompt[:-1], kind="interval", value="60000")
    assert answer["ok"]
    await box.stop()


async def test_a_due_time_missed_by_more_than_late_is_reported_and_one_within_runs():
    for late_ms, runs in ((limits.LATE_MS, 1), (limits.LATE_MS + 1, 0)):
        box = await Box().start()
        await box.task(kind="once", value="2025-11-24T17:10:00", missed="skip")
        box.clock.set_utc_ms(START_MS + 600000 + late_ms)
        box.host._scheduler.changed()
        await box.clock.settle()
        assert len(box.kinds("run.queued")) == runs
        assert len(box.audits("task.missed")) == 1 - runs
        await box.stop()


async def test_the_scheduler_never_sleeps_longer_than_its_bound():
    box = await Box().start()
    await box.task(kind="once", value="2026-11-24T17:10:00")
    assert box.host._scheduler.next_ms() - START_MS > limits.SLEEP_MAX_MS
    assert box.host._scheduler.wait_ms() == limits.SLEEP_MAX_MS
    await box.stop()


def test_an_interval_below_the_least_is_refused():
    zone = tz.Zone("UTC0")
    with raises(schedule.ScheduleError):
        schedule.first("interval", str(limits.INTERVAL_MIN_MS - 1), START_MS, zone)
    assert schedule.first("interval", str(limits.INTERVAL_MIN_MS), START_MS, zone) == START_MS + limits.INTERVAL_MIN_MS


async def test_without_a_setting_no_more_runs_go_on_than_the_default():
    box = await Box().start()
    assert State().settings["slots"] == limits.SLOTS_DEFAULT
    box.answers.takes_ms = 1000
    for n in range(limits.SLOTS_DEFAULT + 1):
        await box.group("g%d" % n, requires_trigger=False)
        await box.say("go", "g%d" % n)
    assert len(box.host._runs.running) == limits.SLOTS_DEFAULT
    await box.clock.advance(2000)
    assert len(box.replies()) == limits.SLOTS_DEFAULT + 1
    await box.stop()


async def test_results_and_reasons_are_cut_to_what_a_record_keeps():
    box = await Box().start()
    box.answers.script = ["é" * limits.RESULT_BYTES]
    await box.say("hi")
    (run,) = [r for r in box.state.runs if r["state"] == "done"]
    assert len(run["result"].encode()) <= limits.RESULT_BYTES < len(box.replies()[0][1].encode())
    assert run["result"].endswith(bounded.MARK)
    await box.stop()


# --- envelopes and commands ---


def test_an_envelope_id_beyond_its_bound_is_refused():
    fields = {"v": 1, "src": "host", "boot": "ab", "seq": 1, "ack": 0, "ts": 1, "kind": "cmd", "body": {}}
    fits = dict(fields, id="x" * limits.ENVELOPE_ID_BYTES)
    assert open_envelope(b"k" * 32, seal(b"k" * 32, fits))["id"] == fits["id"]
    with raises(EnvelopeError):
        open_envelope(b"k" * 32, seal(b"k" * 32, dict(fields, id="x" * (limits.ENVELOPE_ID_BYTES + 1))))


async def test_a_command_waits_when_its_records_would_not_fit():
    box = await Box(auto_ack=False).start()
    reserved = limits.COMMAND_RECORDS + limits.AUDIT_RESERVE_RECORDS
    while box.store.has_room(limits.COMMAND_RECORDS, limits.COMMAND_BYTES):
        box.store.put("audit", {"what": "filler"})
    before = len(box.state.tasks)
    with raises(SpoolFull):
        box.host.perform("task.add", {"folder": "main", "prompt": "x", "kind": "interval", "value": "60000"})
    assert len(box.state.tasks) == before
    assert limits.SPOOL_RECORDS - box.store.spool_size >= reserved - 2
    await box.stop()


async def test_no_command_needs_more_room_than_is_kept_for_it():
    box = await Box().start()
    await box.group("lab")
    text = "é" * (limits.PROMPT_BYTES // 2)
    commands = [
        ("task.add", {"folder": "lab", "prompt": text, "kind": "cron", "value": "0 8 * * *"}),
        ("group.set", {"folder": "lab", "name": "n" * limits.NAME_BYTES}),
        ("group.pause", {"folder": "lab"}),
        ("settings.set", {"slots": 3}),
        ("group.remove", {"folder": "lab"}),
    ]
    sizes = []
    box.store.observers.append(lambda kind, body: sizes.append(len(portable.dumps(body).encode()) + 64))
    for name, args in commands:
        sizes.clear()
        await box.command(name, **args)
        assert 2 <= len(sizes) <= limits.COMMAND_RECORDS, name
        assert sum(sizes) <= limits.COMMAND_BYTES, name
    await box.stop()


# --- the spool's reserves ---


async def test_a_run_waits_until_the_bytes_of_its_outcome_are_sure_to_fit():
    store = opened()
    filler = {"what": "x" * 1500}
    while store.has_room(limits.RUN_RESERVE_RECORDS, limits.RUN_RESERVE_BYTES):
        store.put("audit", filler)
    assert store.spool_size + limits.RUN_RESERVE_RECORDS < limits.SPOOL_RECORDS // 2  # it is the bytes that are short
    waiting = asyncio.create_task(store.reserve())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    store.commit()
    store.acked(store.next_out() - 1)
    await waiting
    assert store._reserved_bytes == limits.RUN_RESERVE_BYTES


def test_a_spool_without_room_for_new_work_still_has_room_to_say_so():
    for filler in ({"what": "x"}, {"what": "x" * 1500}):
        store = opened()
        while store.has_room(1, 1600):
            store.put("audit", filler)
        with raises(SpoolFull):
            store.require(1, 1600)
        store.commit()
        last = store.spool_after(0, 1000)[-1]
        assert last[3]["what"] == "spool.full"
        assert len(store.spool_after(0, 1000)) <= limits.SPOOL_RECORDS - limits.AUDIT_RESERVE_RECORDS + 2
        assert store._spool_bytes <= limits.SPOOL_BYTES - limits.AUDIT_RESERVE_BYTES + 1600


# --- time ---


def test_a_growing_text_is_told_no_more_often_than_its_bound():
    clock, told = ManualClock(START_MS), []
    telemetry = Telemetry(None, clock, lambda kind, body: told.append(body["text"]), None, None)
    run = {"id": "r", "folder": "main"}
    for n in range(5):
        telemetry.say(run, "text %d" % n)
        clock._move_to(clock.ticks_ms() + limits.TEXT_NEWS_MS // 2)
    assert told == ["text 0", "text 2", "text 4"]


async def test_a_part_that_fails_again_and_again_is_restarted_ever_more_rarely_up_to_a_bound():
    clock, starts = ManualClock(), []

    async def fail():
        starts.append(clock.ticks_ms())
        raise ValueError("again")

    supervisor = Supervisor(clock, lambda name, error: None)
    supervisor.start("part", fail)
    for _ in range(120):
        await clock.advance(1000)
    waits = gaps(starts)
    assert waits[:3] == [limits.RESTART_MS, 2 * limits.RESTART_MS, 4 * limits.RESTART_MS]
    assert waits[-1] == limits.RESTART_MAX_MS
    assert max(waits) == limits.RESTART_MAX_MS
    supervisor.stop()


async def test_a_reboot_waits_until_its_answer_has_left():
    clock, reboots = ManualClock(), []
    hardware = Hardware(clock, lambda: reboots.append(clock.ticks_ms()), ("no screen", "none"))
    assert (await hardware.perform("box.reboot", {})) == {"rebooting": True}
    await clock.advance(limits.REBOOT_AFTER_MS - 1)
    assert reboots == []
    await clock.advance(1)
    assert reboots == [limits.REBOOT_AFTER_MS]


async def test_a_small_step_of_the_clock_is_taken_quietly_and_a_larger_one_audited():
    box = await Box().start()
    box.host.welcome({"utc_ms": box.clock.now_ms() + limits.CLOCK_STEP_MS})
    assert box.audits("clock.set") == []
    box.host.welcome({"utc_ms": box.clock.now_ms() + limits.CLOCK_STEP_MS + 1})
    assert len(box.audits("clock.set")) == 1
    await box.stop()


async def test_a_clock_before_the_bound_was_never_set():
    for start_ms, trusted in ((limits.CLOCK_UNSET_MS - 1, False), (limits.CLOCK_UNSET_MS, True)):
        first = Box()
        first.store.commit()
        again = Box(first.files.survivors(), start_ms=start_ms)
        assert (again.clock.now_ms() == start_ms) is trusted
        await first.stop()
        await again.stop()


# --- the journal ---


def test_however_large_the_state_a_snapshot_is_due_when_the_log_reaches_its_most():
    with smaller(COMPACT_BYTES=2000, COMPACT_MOST_BYTES=5000):
        journal = Journal(MemoryFiles())
        journal.recover(lambda payload: None)
        journal.snapshot(lambda: [b"s" * 6000])
        while journal.log_bytes <= limits.COMPACT_MOST_BYTES:
            assert not journal.wants_snapshot
            journal.append(b"r" * 300)
            journal.commit()
        assert journal.wants_snapshot
        assert not journal.overdue_snapshot


async def test_old_files_go_no_faster_than_one_in_its_time():
    with smaller(COMPACT_BYTES=4000, COMPACT_MOST_BYTES=4000):
        box = Box()
        removed = []
        remove = box.files.remove
        box.files.remove = lambda name: (removed.append(box.clock.ticks_ms()), remove(name))
        await box.start()
        for _ in range(60):
            await box.say("hello")
            await box.clock.advance(1000)
        assert len(removed) > 10
        assert min(gaps(removed)) >= limits.DROP_MS
        await box.stop()


def test_the_write_buffer_is_no_larger_than_its_bound_whatever_is_written():
    writes = []

    class Counting(MemoryFiles):
        def write(self, name, data):
            writes.append(len(data))
            return MemoryFiles.write(self, name, data)

    journal = Journal(Counting())
    journal.recover(lambda payload: None)
    for _ in range(40):
        journal.append(b"x" * 1000)
    journal.commit()
    assert sum(writes) > 8 * limits.WRITE_BUFFER_BYTES
    assert max(writes) <= limits.WRITE_BUFFER_BYTES


def test_garbage_is_collected_before_it_has_grown_beyond_its_bound():
    portable.collect_often(limits.GARBAGE_BYTES)
    assert gc.isenabled()
    if portable.MICROPYTHON:
        gc.collect()
        before, most = gc.mem_alloc(), 0  # pyright: ignore
        for _ in range(10 * limits.GARBAGE_BYTES // 4096):
            bytearray(4096)
            most = max(most, gc.mem_alloc() - before)  # pyright: ignore
        assert most <= limits.GARBAGE_BYTES + 16 * 1024


# --- MQTT ---


class Refusing(MqttClient):
    """Each connection ends at once, after `lasts_ms`; `began` keeps when each began."""

    lasts_ms = 0
    refuse = False

    async def _serve(self):
        self.began.append(self._clock.ticks_ms())
        if self.lasts_ms:
            await self._clock.sleep_ms(self.lasts_ms)
        if self.refuse:
            raise MqttRefused("bad password")
        return "gone"


async def pauses(lasts_ms=0, refuse=False, minutes=10):
    clock = ManualClock()
    client = Refusing("127.0.0.1", 1, "box", clock, None, None, None)
    client.began, client.lasts_ms, client.refuse = [], lasts_ms, refuse
    task = asyncio.create_task(client.run())
    for _ in range(minutes * 6):
        await clock.advance(10000)
    task.cancel()
    return [gap - lasts_ms for gap in gaps(client.began)]


async def test_an_absent_broker_is_asked_ever_more_rarely_up_to_a_bound():
    waits = await pauses()
    assert waits[0] <= 1.5 * limits.MQTT_RETRY_MS
    assert waits[2] > waits[0]
    assert max(waits) <= 1.5 * limits.MQTT_RETRY_MAX_MS
    assert waits[-1] >= 0.5 * limits.MQTT_RETRY_MAX_MS


async def test_refused_credentials_wait_for_their_own_time():
    waits = await pauses(refuse=True)
    assert len(waits) > 3
    assert min(waits) >= 0.5 * limits.MQTT_REFUSED_MS


async def test_a_connection_that_lasted_starts_the_pauses_anew():
    waits = await pauses(limits.MQTT_STABLE_MS + limits.MQTT_ANSWER_MS)
    assert max(waits) <= 1.5 * limits.MQTT_RETRY_MS
    assert max(await pauses(limits.MQTT_STABLE_MS // 2)) > 4 * limits.MQTT_RETRY_MS


async def test_a_socket_that_takes_nothing_holds_publishers_back():
    client = MqttClient("127.0.0.1", 1, "box", ManualClock(), None, None, None)
    client._online = True
    for _ in range(limits.MQTT_OUT_PACKETS):
        await client.publish("t", b"x")
    more = asyncio.create_task(client.publish("t", b"y"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not more.done()
    assert len(client._out) == limits.MQTT_OUT_PACKETS
    client._out.pop(0)
    client._room.set()
    await more
