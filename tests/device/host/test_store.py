"""The store: durable before visible, atomic per cause, bounded, and the same state after every recovery."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
import asyncio

from device.host import limits
from device.host.clock import ManualClock
from device.host.journal import Journal, JournalError
from device.host.store import RecordTooLarge, SpoolFull, Store
from tests.device.host.box import canonical
from tests.device.host.memory_files import MemoryFiles
from tests.device.host.smaller import smaller
from tests.device.portable_test import raises

GROUP = {"folder": "main", "jid": "console:main", "name": "Main", "trigger": "@B", "requires_trigger": False}


def opened(files):
    store = Store(Journal(files), ManualClock(1000))
    store.recover()
    return store


def message(n, text="hello", folder="main"):
    return {
        "n": n,
        "id": "m%d" % n,
        "jid": "console:" + folder,
        "folder": folder,
        "sender": "ann",
        "sender_name": "Ann",
        "text": text,
        "ts_ms": 1000 + n,
        "from_me": False,
    }


def filled(files):
    """A store with something of everything in it."""
    store = opened(files)
    store.put("group.set", dict(GROUP, added_ms=1, paused=False))
    store.commit()
    for n in range(1, 6):
        store.put("msg.stored", message(n), in_seq=n)
        store.put("cursor.set", {"folder": "main", "n": n - 1})
        store.commit()
    store.put("cmd.result", {"id": "c1", "ok": True, "result": {"id": "t"}, "error": None}, in_seq=6)
    store.put("task.set", {"id": "t1", "folder": "main", "prompt": "p", "created_ms": 1})
    store.put("run.started", {"id": "r1", "task": "t1", "state": "running", "folder": "main"})
    store.put("audit", {"ts_ms": 1, "what": "x"})
    store.commit()
    store.acked(4)
    store.put("task.remove", {"id": "t1", "folder": "main"}, up=False)
    store.commit()
    return store


def test_recovery_gives_the_same_state_spool_and_numbers():
    files = MemoryFiles()
    store = filled(files)
    again = opened(MemoryFiles(files.survivors()))
    assert canonical(again.state) == canonical(store.state)
    assert again.spool_after(0, 99) == store.spool_after(0, 99)
    assert (again.next_out(), again.applied()) == (store.next_out(), 6)
    assert again.boot != store.boot


def test_recovery_from_a_snapshot_gives_the_same_too():
    files = MemoryFiles()
    store = filled(files)
    store.snapshot()
    store.put("msg.stored", message(9), in_seq=7)
    store.commit()
    again = opened(MemoryFiles(files.survivors()))
    assert canonical(again.state) == canonical(store.state)
    assert again.spool_after(0, 99) == store.spool_after(0, 99)
    assert (again.next_out(), again.applied()) == (store.next_out(), 7)


async def test_records_put_during_a_snapshot_in_steps_are_there_after_a_boot():
    files = MemoryFiles()
    store = filled(files)
    for n in range(20, 50):
        store.put("audit", {"what": "x" * 500, "n": n}, up=False)
    writing = asyncio.create_task(store.snapshot_in_steps())
    for n in range(9, 14):
        await asyncio.sleep(0)
        assert not writing.done()
        store.put("msg.stored", message(n), in_seq=n)
        store.acked(1)
        store.commit()
    await writing
    while store.drop_old():
        pass
    assert not store.wants_snapshot
    again = opened(MemoryFiles(files.survivors()))
    assert canonical(again.state) == canonical(store.state)
    assert again.spool_after(0, 99) == store.spool_after(0, 99)
    assert (again.next_out(), again.applied()) == (store.next_out(), 13)


async def test_a_snapshot_in_steps_that_finds_no_room_gives_up_the_oldest_generation():
    files = MemoryFiles()
    store = filled(files)
    store.snapshot()
    store.put("msg.stored", message(9), in_seq=7)
    store.commit()
    snapshot_bytes = sum(files.size(name) for name in files.names() if name.endswith(".snap"))
    files.capacity = sum(files.size(name) for name in files.names()) + snapshot_bytes
    await store.snapshot_in_steps()
    assert "00000001.log" not in files.names()
    assert store.problem is None
    again = opened(MemoryFiles(files.survivors()))
    assert canonical(again.state) == canonical(store.state)


async def test_a_snapshot_for_which_there_is_no_room_at_all_takes_none_from_the_log():
    files = MemoryFiles()
    store = filled(files)
    files.capacity = sum(files.size(name) for name in files.names()) + 400
    for _ in range(2):
        try:
            await store.snapshot_in_steps()
        except JournalError:
            continue
        raise AssertionError("there was room")
    assert "snap.tmp" not in files.names()
    store.put("settings.set", dict(store.state.settings, slots=3))
    store.commit()
    assert opened(MemoryFiles(files.survivors())).state.settings["slots"] == 3


def test_nothing_is_shown_or_acknowledged_before_it_is_durable():
    store = opened(MemoryFiles())
    store.put("group.set", dict(GROUP, added_ms=1, paused=False))
    store.put("msg.stored", message(1), in_seq=1)
    assert store.state.rings["main"] and store.next_out() == 3
    assert store.spool_after(0, 9) == [] and store.applied() == 0
    store.commit()
    assert [r[0] for r in store.spool_after(0, 9)] == [1, 2] and store.applied() == 1


def test_the_check_for_durability_can_fail():
    """The planted bug "ack before commit": a store that shows records at once is caught by the same question."""

    class Eager(Store):
        def put(self, kind, body, up=True, in_seq=None):
            seq = Store.put(self, kind, body, up, in_seq)
            self._durable_out, self._durable_in = self._next_out - 1, self._in_seq
            return seq

    files = MemoryFiles()
    store = Eager(Journal(files), ManualClock(1000))
    store.recover()
    store.put("audit", {"what": "x"}, in_seq=1)
    shown, after_power_loss = store.applied(), opened(MemoryFiles(files.survivors())).applied()
    assert shown > after_power_loss


def test_every_cut_of_the_log_is_a_prefix_and_keeps_what_was_acknowledged():
    files = MemoryFiles()
    with smaller(SEGMENT_BYTES=64 * 1024):
        filled(files)
    (name,) = files.names()
    data = bytes(files.contents[name])
    states = {}
    for cut in range(len(data) + 1):
        store = opened(MemoryFiles({name: data[:cut]}))
        states[store.applied()] = len(store.state.rings.get("main", ()))
    assert states == {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 5}


async def test_several_writers_share_one_commit():
    files = MemoryFiles()
    journal = Journal(files)
    store = Store(journal, ManualClock(1000))
    store.recover()

    async def write(n):
        store.put("audit", {"what": str(n)})
        await store.committed()

    await asyncio.gather(*[write(n) for n in range(10)])
    assert len(store.spool_after(0, 99)) == 10
    assert journal.commits == 1


async def test_a_failed_commit_is_reported_and_made_good_later():
    files = MemoryFiles()
    store = filled(files)
    files.operations, files.fail_at, files.crash = 0, 1, False
    store.put("audit", {"what": "late"}, in_seq=7)
    with raises(JournalError):
        await store.committed()
    assert store.applied() == 6 and "could not be written" in store.problem
    await store.committed()
    assert store.applied() == 7 and store.problem is None
    assert opened(MemoryFiles(files.survivors())).state.audit[-1] == {"what": "late"}


def test_the_spool_is_bounded_in_records():
    store = opened(MemoryFiles())
    count = 0
    while store.has_room(1, 10):
        store.put("audit", {"what": "x"})
        count += 1
    assert limits.SPOOL_RECORDS - 8 < count < limits.SPOOL_RECORDS
    with raises(SpoolFull):
        store.require(1, 10)
    assert "has taken no records" in store.problem and not store.room.is_set()
    assert store.state.audit[-1]["what"] == "spool.full"
    store.commit()
    with raises(SpoolFull):
        for _ in range(10):
            store.put("audit", {"what": "x"})
    assert store.spool_size == limits.SPOOL_RECORDS


def test_the_spool_is_bounded_in_bytes():
    store = opened(MemoryFiles())
    text = "y" * 4000
    with raises(SpoolFull):
        for _ in range(100):
            store.put("audit", {"what": text})
    assert store.spool_size * 4000 < limits.SPOOL_BYTES < (store.spool_size + 2) * 4100


def test_room_comes_back_with_an_acknowledgement_and_says_so():
    store = opened(MemoryFiles())
    while store.has_room(1, 10):
        store.put("audit", {"what": "x"})
    with raises(SpoolFull):
        store.require(1, 10)
    store.commit()
    store.acked(store.next_out() - 1)
    assert store.problem is None and store.room.is_set()
    assert store.state.audit[-1]["what"] == "spool.drained"
    assert [a["what"] for a in store.state.audit].count("spool.full") == 1


async def test_a_run_waits_for_room_and_is_promised_it():
    store = opened(MemoryFiles())
    await store.reserve()
    while store.has_room(1, 10):
        store.put("audit", {"what": "x"})
    for _ in range(limits.RUN_RESERVE_RECORDS):
        store.put("audit", {"what": "mine"})
    waiting = asyncio.create_task(store.reserve())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    store.release()
    store.commit()
    store.acked(store.next_out() - 1)
    await asyncio.wait_for(waiting, 5)


def test_a_record_that_fits_no_envelope_is_refused_and_not_applied():
    store = opened(MemoryFiles())
    with raises(RecordTooLarge):
        store.put("audit", {"what": "x" * limits.RECORD_BYTES})
    assert store.state.audit == [] and store.next_out() == 1


def test_renumbering_keeps_order_and_names_of_what_waits():
    files = MemoryFiles()
    store = filled(files)
    before = store.spool_after(0, 99)
    store.renumber(500)
    after = store.spool_after(0, 99)
    assert [r[0] for r in after] == list(range(500, 500 + len(before)))
    assert [r[1:] for r in after] == [r[1:] for r in before]
    again = opened(MemoryFiles(files.survivors()))
    assert again.spool_after(0, 99) == after and again.next_out() == store.next_out()
    store.snapshot()
    assert opened(MemoryFiles(files.survivors())).spool_after(0, 99) == after


def test_the_host_may_skip_what_it_lost():
    files = MemoryFiles()
    store = filled(files)
    store.skip_in(40)
    assert store.applied() == 40
    assert opened(MemoryFiles(files.survivors())).applied() == 40


def test_snapshots_keep_the_log_short():
    usual = limits.COMPACT_BYTES
    limits.COMPACT_BYTES = 16 * 1024
    try:
        _write_and_compact()
    finally:
        limits.COMPACT_BYTES = usual


def _write_and_compact():
    files = MemoryFiles()
    journal = Journal(files)
    store = Store(journal, ManualClock(1000))
    store.recover()
    store.put("group.set", dict(GROUP, added_ms=1, paused=False))
    for n in range(1, 300):
        store.put("msg.stored", message(n, "w" * 200), up=False)
        store.put("cursor.set", {"folder": "main", "n": n}, up=False)
        store.commit()
        if store.wants_snapshot:
            store.snapshot()
            while store.drop_old():
                pass
    total = sum(files.size(name) for name in files.names())
    assert total < 7 * limits.COMPACT_BYTES  # two generations of snapshot and log
    assert canonical(opened(MemoryFiles(files.survivors())).state) == canonical(store.state)


def test_while_the_storage_refuses_only_so_much_is_taken():
    files = MemoryFiles()
    store = filled(files)
    files.fail_at, files.crash, files.dead = 1, True, True
    count = 0
    with raises(JournalError):
        for count in range(limits.PENDING_RECORDS + 2):  # noqa: B007
            store.put("audit", {"what": "x"}, up=False)
    assert count == limits.PENDING_RECORDS
