"""The journal: a prefix of what was committed survives a cut at any byte, and a crash at any step of a snapshot."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits
from device.host.journal import Journal, JournalError
from tests.device.host.memory_files import MemoryFiles, PowerLost
from tests.device.host.smaller import smaller
from tests.device.portable_test import raises


def recovered(files):
    got = []
    journal = Journal(files)
    journal.recover(got.append)
    return journal, got


def written(batches, files=None):
    """A journal holding these batches, each one commit."""
    journal, _ = recovered(files or MemoryFiles())
    for batch in batches:
        for payload in batch:
            journal.append(payload)
        journal.commit()
    return journal


def drop_all(journal):
    while journal.drop_old():
        pass


BATCHES = [[b"one"], [b"two", b"three"], [b"x" * 40], [b"four", b"five", b"six"], [b"seven"]]


def prefixes(batches):
    whole, seen = [], [[]]
    for batch in batches:
        whole = whole + batch
        seen.append(whole)
    return seen


def test_what_was_committed_comes_back_in_order():
    files = MemoryFiles()
    written(BATCHES, files)
    assert recovered(MemoryFiles(files.survivors()))[1] == [p for b in BATCHES for p in b]


def test_what_was_not_committed_is_not_there():
    files = MemoryFiles()
    journal = written(BATCHES[:1], files)
    journal.append(b"never")
    assert recovered(MemoryFiles(files.survivors()))[1] == [b"one"]


def test_a_cut_at_every_byte_leaves_a_prefix_of_whole_batches_and_no_damage():
    files = MemoryFiles()
    written(BATCHES, files)
    (name,) = files.names()
    data, good = bytes(files.contents[name]), prefixes(BATCHES)
    lengths = set()
    for cut in range(len(data) + 1):
        journal, got = recovered(MemoryFiles({name: data[:cut]}))
        assert got in good, cut
        assert journal.damage == "", cut
        lengths.add(len(got))
    assert lengths == {0, 1, 3, 4, 7, 8}


def test_after_a_torn_tail_the_journal_goes_on():
    files = MemoryFiles()
    written(BATCHES, files)
    (name,) = files.names()
    files = MemoryFiles({name: bytes(files.contents[name])[:-3]})
    journal, got = recovered(files)
    journal.append(b"eight")
    journal.commit()
    again, after = recovered(MemoryFiles(files.survivors()))
    assert after == got + [b"eight"] and again.damage == ""


def test_where_an_append_is_whole_or_not_there_a_torn_tail_is_damage():
    class Whole(MemoryFiles):
        appends_whole = True

    files = MemoryFiles()
    written(BATCHES, files)
    (name,) = files.names()
    whole = bytes(files.contents[name])
    files = Whole({name: whole[:-3]})
    journal, got = recovered(files)
    assert got == [p for b in BATCHES[:-1] for p in b]
    assert "cannot be read" in journal.damage
    assert whole[:-3] in [bytes(v) for k, v in files.contents.items() if k.endswith(".bad")]
    assert recovered(Whole({name: whole}))[0].damage == ""


def test_a_zeroed_tail_is_a_torn_tail():
    files = MemoryFiles()
    written(BATCHES, files)
    (name,) = files.names()
    journal, got = recovered(MemoryFiles({name: bytes(files.contents[name]) + bytes(700)}))
    assert len(got) == 8 and journal.damage == "" and journal.torn_bytes == 700


def test_a_flipped_bit_anywhere_is_never_passed_over():
    files = MemoryFiles()
    written(BATCHES, files)
    (name,) = files.names()
    data, good = bytes(files.contents[name]), prefixes(BATCHES)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        journal, got = recovered(MemoryFiles({name: flipped}))
        assert got in good and len(got) < 8, at
        if at < len(data) - 16:
            assert journal.damage or journal.torn_bytes, at


def test_damage_before_the_tail_is_reported_and_kept_aside():
    files = MemoryFiles()
    written(BATCHES, files)
    (name,) = files.names()
    data = bytearray(files.contents[name])
    data[9] ^= 1
    files = MemoryFiles({name: data})
    journal, got = recovered(files)
    assert got == [] and "cannot be read" in journal.damage
    assert bytes(data) in [bytes(v) for k, v in files.contents.items() if k.endswith(".bad")]
    assert recovered(MemoryFiles(files.survivors()))[0].damage == ""


def test_a_missing_segment_stops_there_and_keeps_the_rest_aside():
    files = MemoryFiles()
    for batch in BATCHES:
        written([batch], files)
    files.remove("00000003.log")
    journal, got = recovered(files)
    assert got == [b"one", b"two", b"three"] and "segment 3" in journal.damage
    assert len([n for n in files.names() if n.endswith(".bad")]) == 2
    journal.append(b"on")
    journal.commit()
    assert recovered(MemoryFiles(files.survivors()))[1] == [b"one", b"two", b"three", b"on"]


def test_segments_are_closed_when_they_have_grown():
    files = MemoryFiles()
    written([[b"y" * 500]] * 20, files)
    assert len(files.names()) == 7  # of three commits each
    names = sorted(files.names())[:6]
    assert all(limits.SEGMENT_BYTES <= files.size(name) < limits.SEGMENT_BYTES + 508 for name in names)
    assert len(recovered(MemoryFiles(files.survivors()))[1]) == 20


def test_a_batch_larger_than_the_buffer_is_whole():
    files = MemoryFiles()
    batch = [bytes([65 + i]) * 3000 for i in range(5)] + [b"z" * limits.RECORD_BYTES]
    written([batch], files)
    assert recovered(MemoryFiles(files.survivors()))[1] == batch


def test_a_record_beyond_the_bound_is_refused():
    journal = written([])
    with raises(JournalError):
        journal.append(b"x" * (limits.RECORD_BYTES + 1))
    assert journal.pending == 0


def test_a_snapshot_replaces_the_log():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    journal.snapshot(lambda: [b"state", b"more"])
    drop_all(journal)
    journal.append(b"after")
    journal.commit()
    journal.snapshot(lambda: [b"state2"])
    drop_all(journal)
    journal.append(b"after2")
    journal.commit()
    assert recovered(MemoryFiles(files.survivors()))[1] == [b"state2", b"after2"]
    assert "00000001.log" not in files.names()


def test_an_unreadable_snapshot_falls_back_to_the_one_before_and_its_log():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    journal.snapshot(lambda: [b"state"])
    drop_all(journal)
    journal.append(b"after")
    journal.commit()
    journal.snapshot(lambda: [b"state2"])
    drop_all(journal)
    journal.append(b"after2")
    journal.commit()
    newest = sorted(n for n in files.names() if n.endswith(".snap"))[-1]
    files.contents[newest][10] ^= 1
    again, got = recovered(files)
    assert got == [b"state", b"after", b"after2"]
    assert "snapshot" in again.damage and any(n.endswith(".bad") for n in files.names())


def test_a_crash_at_every_step_of_a_snapshot_leaves_old_or_new():
    old = [p for b in BATCHES for p in b]
    steps = 0
    for torn in (0, 1000):
        fail_at, outcomes = 1, set()
        while True:
            files = MemoryFiles()
            journal = written(BATCHES, files)
            files.operations, files.fail_at, files.torn = 0, fail_at, torn
            try:
                journal.snapshot(lambda: [b"state", b"n" * 5000])
                drop_all(journal)
                crashed = False
            except (JournalError, PowerLost):
                crashed = True
            journal, got = recovered(MemoryFiles(files.survivors()))
            assert got in (old, [b"state", b"n" * 5000]), (fail_at, got)
            assert journal.damage == ""
            outcomes.add(len(got))
            if not crashed:
                break
            fail_at += 1
            steps += 1
        assert outcomes == {2, 8}
    assert steps > 6


def test_a_crash_at_every_step_of_a_workload_keeps_what_was_committed():
    fail_at = 1
    while True:
        files = MemoryFiles(fail_at=fail_at, torn=fail_at % 7)
        done, crashed = [], False
        try:
            journal, _ = recovered(files)
            for batch in BATCHES:
                for payload in batch:
                    journal.append(payload)
                journal.commit()
                done = done + batch
        except (JournalError, PowerLost):
            crashed = True
        _, got = recovered(MemoryFiles(files.survivors()))
        assert got[: len(done)] == done and got in prefixes(BATCHES)
        if not crashed:
            break
        fail_at += 1
    assert fail_at > 10


def test_a_crash_during_recovery_loses_nothing():
    source = MemoryFiles()
    written(BATCHES, source)
    (name,) = source.names()
    data = bytearray(source.contents[name])
    data[30] ^= 1
    wanted = recovered(MemoryFiles({name: data}))[1]
    fail_at = 1
    while True:
        files = MemoryFiles({name: data}, fail_at=fail_at)
        try:
            recovered(files)
            break
        except PowerLost:
            assert recovered(MemoryFiles(files.survivors()))[1] == wanted
        fail_at += 1
    assert fail_at > 4


def test_an_error_on_any_write_keeps_the_batch_for_the_next_commit():
    for fail_at in range(1, 4):
        files = MemoryFiles()
        journal = written(BATCHES[:2], files)
        files.operations, files.fail_at, files.crash = 0, fail_at, False
        journal.append(b"late")
        try:
            journal.commit()
        except JournalError:
            assert journal.pending == 1
            journal.commit()
        assert recovered(MemoryFiles(files.survivors()))[1] == [b"one", b"two", b"three", b"late"]


def test_fifty_boots_in_a_row_without_a_clean_end_keep_everything():
    contents, expected = {}, []
    for boot in range(50):
        files = MemoryFiles(contents, torn=boot % 5)
        journal, got = recovered(files)
        assert got == expected and journal.damage == ""
        journal.append(b"boot %d" % boot)
        journal.commit()
        expected.append(b"boot %d" % boot)
        journal.append(b"lost")
        contents = files.survivors()


def test_a_snapshot_is_wanted_by_size_and_amplification_stays_low():
    files = MemoryFiles()
    journal, _ = recovered(files)
    state, logged, snapshots = [b"s" * 1000] * 20, 0, 0
    with smaller(COMPACT_BYTES=64 * 1024, COMPACT_MOST_BYTES=64 * 1024):
        for _ in range(500):
            journal.append(b"r" * 400)
            journal.commit()
            logged += 408
            if journal.wants_snapshot:
                journal.snapshot(lambda: state)
                drop_all(journal)
                snapshots += 1
    assert snapshots >= 2
    assert journal.bytes_written < 1.5 * logged


def test_many_small_segments_want_a_snapshot_too():
    files = MemoryFiles()
    for _ in range(limits.SEGMENTS + 2):
        written([[b"b"]], files)
        files = MemoryFiles(files.survivors())
    assert recovered(files)[0].wants_snapshot


def test_a_storage_too_full_for_a_third_generation_gives_up_the_oldest():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    journal.snapshot(lambda: [b"s" * 3000])
    drop_all(journal)
    journal.append(b"after")
    journal.commit()
    files.capacity = sum(files.size(name) for name in files.names()) + 2900
    journal.snapshot(lambda: [b"t" * 3000])
    drop_all(journal)
    assert "00000001.log" not in files.names() and "snap.tmp" not in files.names()
    assert recovered(MemoryFiles(files.survivors()))[1] == [b"t" * 3000]


def test_a_storage_too_full_for_another_batch_gives_up_the_previous_generation():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    journal.snapshot(lambda: [b"s" * 300])
    drop_all(journal)
    journal.append(b"after")
    journal.commit()
    files.capacity = sum(files.size(name) for name in files.names())
    journal.append(b"and on")
    journal.commit()
    assert "00000001.log" not in files.names()
    assert recovered(MemoryFiles(files.survivors()))[1] == [b"s" * 300, b"after", b"and on"]


def test_a_batch_that_does_not_fit_at_all_stays_pending():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    files.capacity = sum(files.size(name) for name in files.names())
    journal.append(b"later")
    with raises(JournalError):
        journal.commit()
    assert journal.pending == 1
    files.capacity += 1000
    journal.commit()
    assert recovered(MemoryFiles(files.survivors()))[1] == [p for b in BATCHES for p in b] + [b"later"]


def test_far_too_many_segments_make_a_snapshot_overdue():
    files = MemoryFiles()
    journal = written([[b"y" * limits.SEGMENT_BYTES]] * (limits.SEGMENTS + 2), files)
    assert journal.wants_snapshot and not journal.overdue_snapshot
    for _ in range(limits.SEGMENTS // 8):
        journal.append(b"y" * limits.SEGMENT_BYTES)
        journal.commit()
    assert journal.overdue_snapshot


def test_a_snapshot_in_steps_lets_others_commit_and_loses_nothing_at_any_crash():
    old = [p for b in BATCHES for p in b]
    state = [b"state", b"n" * 5000, b"m" * 5000]
    outcomes, fail_at, crashed = set(), 0, True
    journal, between = written([]), []
    while crashed:
        fail_at += 1
        files = MemoryFiles()
        journal, between = written(BATCHES, files), []
        files.operations, files.fail_at = 0, fail_at
        crashed = False
        try:
            for _ in journal.snapshot_steps(lambda: state):
                journal.append(b"between %d" % len(between))
                journal.commit()
                between.append(b"between %d" % len(between))
            drop_all(journal)
        except (JournalError, PowerLost):
            crashed = True
        again, got = recovered(MemoryFiles(files.survivors()))
        base = state if got[0] == b"state" else old
        assert got[: len(base)] == base and got[len(base) :][: len(between)] == between, fail_at
        assert again.damage == "", fail_at
        outcomes.add(got[0])
    assert len(between) == 3 and outcomes == {b"state", b"one"}
    assert journal.log_bytes == sum(8 + len(p) for p in between)


def test_a_snapshot_in_steps_is_of_the_moment_when_it_began():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    journal.append(b"eight")
    steps = journal.snapshot_steps(lambda: [b"with eight"])
    next(steps)
    journal.append(b"nine")
    for _ in steps:
        pass
    journal.commit()
    assert recovered(MemoryFiles(files.survivors()))[1] == [b"with eight", b"nine"]


def test_a_snapshot_that_does_not_fit_at_all_leaves_everything_as_it_was():
    files = MemoryFiles()
    journal = written(BATCHES, files)
    files.capacity = sum(files.size(name) for name in files.names()) + 500
    with raises(JournalError):
        journal.snapshot(lambda: [b"t" * 3000])
    journal.append(b"on")
    journal.commit()
    assert recovered(MemoryFiles(files.survivors()))[1] == [p for b in BATCHES for p in b] + [b"on"]


def test_a_commit_that_runs_out_of_memory_half_way_is_written_once_by_the_next():
    files = MemoryFiles()
    journal = Journal(files)
    journal.recover(lambda payload: None)
    journal.append(b"first")
    journal.commit()
    write = files.write
    left = [1]

    def write_once(name, data):
        if not left.pop():
            raise MemoryError
        left.append(0)
        return write(name, data)

    batch = [bytes([65 + at]) * 3000 for at in range(4)]
    for payload in batch:
        journal.append(payload)
    files.write = write_once
    with raises(JournalError):
        journal.commit()
    files.write = write
    journal.commit()
    found = []
    Journal(MemoryFiles(files.survivors())).recover(found.append)
    assert found == [b"first"] + batch
