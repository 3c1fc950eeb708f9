"""The audit log's promises to those who append: durable before it answers, one sync for many, and clear refusals."""

import asyncio
import errno
import json
import multiprocessing
import resource
import threading
from pathlib import Path

import pytest

from broker.audit import limits
from broker.audit.chain import read_lines
from broker.audit.errors import AuditUnavailable
from broker.audit.log import AuditLog
from broker.audit.writer import ChainWriter, Sizes
from tests.broker.audit.disks import FailingSyncDisk, RefusingDisk, WatchedDisk
from tests.broker.audit.rig import KEY, SMALL, check, event, files_of, kinds, witness_of, write_log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def events_in(folder: Path) -> list[dict]:
    lines = [line for path in files_of(folder) for line in read_lines(path)]
    return [line.record.event for line in lines if line.record and line.record.event]


def told(folder: Path) -> list[str]:
    return [one["what"] for one in events_in(folder) if one["what"].startswith("audit.")]


async def test_an_append_answers_with_number_and_hash_and_is_in_the_file(folder: Path) -> None:
    log = await AuditLog.open(folder, KEY)
    head = await log.append(event(1))
    assert head == log.head and head.n == 2
    assert events_in(folder) == [event(1)]
    well = {"state": "ok", "message": "", "remedy": "", "chain": log.chain, "n": 2, "head": head.hash}
    assert log.describe() == well
    await log.close()
    assert check(folder).head_hash == head.hash


async def answers_before_the_sync(folder: Path, make: type[ChainWriter], patience_s: float) -> bool:
    """Hold the sync back, and see whether the append answers all the same."""
    reached, held = threading.Event(), threading.Event()
    held.set()

    def before_sync() -> None:
        reached.set()
        held.wait(30)

    log = AuditLog(make(folder, KEY, disk=WatchedDisk(before_sync)), asyncio.get_running_loop().time)
    await log.append(event(0))
    reached.clear()
    held.clear()
    task = asyncio.create_task(log.append(event(1)))
    await asyncio.to_thread(reached.wait, 30)
    answered, _ = await asyncio.wait({task}, timeout=patience_s)
    held.set()
    assert (await task).n == 3
    await log.close()
    return bool(answered)


async def test_nothing_is_answered_before_it_is_synced(folder: Path) -> None:
    assert not await answers_before_the_sync(folder, ChainWriter, 0.2)


async def test_an_answer_before_the_sync_would_be_caught(folder: Path) -> None:
    """The planted bug: a writer that answers when it has written, and syncs afterwards."""

    threads: list[threading.Thread] = []

    def late(sync, handle: int) -> None:
        threads.append(threading.Thread(target=sync, args=(handle,)))
        threads[-1].start()

    class Hasty(ChainWriter):
        def close(self) -> None:
            for thread in threads:
                thread.join()
            super().close()

        def _write(self, events):
            disk = self._files._disk
            self._files._disk = RefusingDisk()
            self._files._disk.sync = lambda handle: late(disk.sync, handle)
            heads = super()._write(events)
            self._files._disk = disk
            return heads

    assert await answers_before_the_sync(folder, Hasty, 10)


async def test_appends_at_the_same_time_share_syncs_and_keep_their_order(folder: Path) -> None:
    log = await AuditLog.open(folder, KEY)
    before = log.syncs
    heads = await asyncio.gather(*(log.append(event(i)) for i in range(200)))
    assert [head.n for head in heads] == list(range(2, 202))
    assert log.syncs - before < 20
    assert [one["ts_ms"] for one in events_in(folder)] == list(range(200))
    await log.close()
    assert check(folder).ok


async def test_more_appends_than_may_wait_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING", 5)
    monkeypatch.setattr(limits, "TOGETHER", 2)
    log = await AuditLog.open(folder, KEY)
    before = log.syncs
    outcomes = await asyncio.gather(*(log.append(event(i)) for i in range(9)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, AuditUnavailable)]
    assert len(refused) == 4 and "wait" in refused[0].message
    assert log.syncs - before == 3  # five, two at a time
    await log.close()


async def test_a_closed_log_refuses_and_a_new_one_goes_on(folder: Path) -> None:
    log = await AuditLog.open(folder, KEY)
    head = await log.append(event(1))
    await log.close()
    with pytest.raises(AuditUnavailable):
        await log.append(event(2))
    again = await AuditLog.open(folder, KEY)
    assert again.head == head and again.chain == log.chain
    await again.append(event(2))
    await again.close()
    assert [one["ts_ms"] for one in events_in(folder)] == [1, 2]
    assert check(folder).ok


async def test_two_writers(folder: Path) -> None:
    """A second one is refused; also when the lock file was removed under the first."""
    log = await AuditLog.open(folder, KEY)
    for _ in range(2):
        second = await AuditLog.open(folder, KEY)
        assert second.state == "changed" and "another process" in second.message
        with pytest.raises(AuditUnavailable, match="another process"):
            await second.append(event(9))
        await second.close()
        (folder / "lock").unlink(missing_ok=True)
    await log.append(event(1))
    await log.close()
    assert events_in(folder) == [event(1)]
    third = await AuditLog.open(folder, KEY)
    assert third.state == "ok"
    await third.close()


@pytest.mark.parametrize("how", ["appended", "cut", "exchanged", "removed", "linked"])
async def test_a_file_that_somebody_else_touched_stops_the_log_until_the_next_start(
    folder: Path, tmp_path: Path, how: str
) -> None:
    log = await AuditLog.open(folder, KEY)
    await log.append(event(1))
    path = files_of(folder)[0]
    data = path.read_bytes()
    if how == "appended":
        path.write_bytes(data + b"x\n")
    elif how == "cut":
        path.write_bytes(data[:-10])
    elif how == "exchanged":
        path.rename(tmp_path / "old")
        path.write_bytes(data)
        path.chmod(0o600)
    elif how == "linked":
        (tmp_path / "name").hardlink_to(path)
    else:
        path.unlink()
    for _ in range(2):
        with pytest.raises(AuditUnavailable) as caught:
            await log.append(event(2))
        assert caught.value.state == log.state == "changed" and path.name in log.message
        assert "audit verify" in caught.value.remedy
    await log.close()


async def test_disk_full_stops_with_a_state_says_so_in_the_chain_and_goes_on_by_itself(folder: Path) -> None:
    disk = RefusingDisk()
    log = await AuditLog.open(folder, KEY, disk=disk)
    await log.append(event(1))
    disk.refuse, disk.room, disk.removing_helps = errno.ENOSPC, 100, True
    for _ in range(3):
        with pytest.raises(AuditUnavailable) as caught:
            await log.append(event(2))
        assert caught.value.state == log.state == "full"
        assert "No space left" in log.message and "make room" in caught.value.remedy
        disk.room, disk.removing_helps = 50, False
    assert not (folder / "reserve").exists() or (folder / "reserve").stat().st_size == 0
    assert told(folder) == ["audit.full"]
    await log.probe()
    assert log.state == "full"
    disk.refuse = None
    await log.append(event(3))
    assert log.state == "ok" and log.message == ""
    assert (folder / "reserve").stat().st_size == limits.RESERVE_BYTES
    await log.close()
    assert [one["ts_ms"] for one in events_in(folder) if one["what"] == "task.run"] == [1, 3]
    assert told(folder) == ["audit.full", "audit.writable"]
    assert check(folder).ok and check(folder).notes == []


async def test_the_state_comes_back_without_an_append(folder: Path) -> None:
    disk = RefusingDisk()
    log = await AuditLog.open(folder, KEY, disk=disk)
    disk.refuse = errno.ENOSPC
    with pytest.raises(AuditUnavailable):
        await log.append(event(1))
    disk.refuse = None
    await log.probe()
    assert log.state == "ok"
    await log.close()


async def test_while_the_disk_refuses_it_is_probed_no_more_often_than_its_bound(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = RefusingDisk()
    log = await AuditLog.open(folder, KEY, disk=disk)
    disk.refuse = errno.ENOSPC
    with pytest.raises(AuditUnavailable):
        await log.append(event(1))
    await log.probe()
    disk.refuse = None
    await log.probe()
    assert log.state == "full"  # too soon to try again
    monkeypatch.setattr(limits, "RETRY_MS", 0)
    await log.probe()
    assert log.state == "ok"
    await log.close()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO, errno.EACCES])
async def test_read_only_or_failing_disk_stops_with_a_state_and_goes_on_by_itself(folder: Path, code: int) -> None:
    disk = RefusingDisk()
    log = await AuditLog.open(folder, KEY, disk=disk)
    disk.refuse = code
    with pytest.raises(AuditUnavailable) as caught:
        await log.append(event(1))
    assert caught.value.state == "unwritable"
    disk.refuse = None
    await log.append(event(2))
    await log.close()
    assert [one["ts_ms"] for one in events_in(folder) if one["what"] == "task.run"] == [2]
    assert check(folder).ok


async def test_a_failed_sync_is_never_an_accepted_record(folder: Path) -> None:
    disk = FailingSyncDisk()
    log = await AuditLog.open(folder, KEY, disk=disk)
    disk.failing = True
    with pytest.raises(AuditUnavailable):
        await log.append(event(1))
    assert events_in(folder) == []
    disk.failing = False
    await log.append(event(2))
    await log.close()
    assert [one["ts_ms"] for one in events_in(folder) if one["what"] == "task.run"] == [2]
    assert check(folder).ok


async def test_a_start_on_a_disk_that_refuses_is_a_state_and_ends_by_itself(folder: Path) -> None:
    disk = RefusingDisk()
    disk.refuse = errno.ENOSPC
    log = await AuditLog.open(folder, KEY, disk=disk)
    assert log.state == "full"
    with pytest.raises(AuditUnavailable):
        await log.append(event(1))
    disk.refuse = None
    await log.append(event(2))
    assert log.state == "ok"
    await log.close()
    assert check(folder).ok


@pytest.mark.parametrize("fail_at", range(12))
async def test_a_full_disk_while_a_file_is_begun_leaves_no_half_file(folder: Path, fail_at: int) -> None:
    disk = RefusingDisk()
    log = await AuditLog.open(folder, KEY, disk=disk, sizes=SMALL)
    accepted = []
    for i in range(20):
        if i == fail_at:
            disk.refuse, disk.room = errno.ENOSPC, 60
            with pytest.raises(AuditUnavailable):
                await log.append(event(1000))
            disk.refuse = None
        await log.append(event(i))
        accepted.append(i)
    await log.close()
    assert [one["ts_ms"] for one in events_in(folder) if one["what"] == "task.run"] == accepted
    assert check(folder).ok and check(folder).notes == []


def _fill(folder: str, result) -> None:
    """In a process of its own: files may not grow beyond a bound, as on a disk with a quota."""

    async def work() -> None:
        log = await AuditLog.open(Path(folder), KEY, sizes=Sizes(reserve=4096))
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))
        accepted, refused = 0, ""
        for i in range(100):
            try:
                await log.append(event(i))
                accepted = i + 1
            except AuditUnavailable as error:
                refused = f"{error.state}: {error.message}"
                break
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await log.append(event(500))
        result.put((accepted, refused, log.state))
        await log.close()

    asyncio.run(work())


def test_disk_full_for_real_a_file_that_may_not_grow(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    result = context.Queue()
    process = context.Process(target=_fill, args=(str(folder), result))
    process.start()
    accepted, refused, state = result.get(timeout=60)
    process.join()
    assert 5 < accepted < 40 and refused.startswith("full: ") and state == "ok"
    found = [one["ts_ms"] for one in events_in(folder) if one["what"] == "task.run"]
    assert found == [*range(accepted), 500]
    assert check(folder).ok


def test_a_torn_tail_is_a_crash_cut_off_and_told(folder: Path) -> None:
    write_log(folder, 5)
    path = files_of(folder)[0]
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for kept in range(1, len(last)):
        path.write_bytes(whole[: len(whole) - len(last) + kept])
        before = check(folder)
        assert before.ok and [note.kind for note in before.notes] == ["torn"]
        if kept % 40 == 1:
            writer = write_log(folder, 1, start=50)
            assert check(folder, witness_of(writer)).ok and check(folder).notes == []
            assert events_in(folder)[4]["what"] == "audit.torn"
    path.write_bytes(whole)
    assert check(folder).ok and check(folder).notes == []


def test_a_file_that_was_being_begun_is_begun_anew(folder: Path) -> None:
    write_log(folder, 20, SMALL)
    newest = files_of(folder)[-1]
    header = newest.read_bytes().splitlines(keepends=True)[0]
    write_log(folder, 0)
    nxt = folder / "audit-000009.log"
    for size in (0, 10, len(header) - 1):
        target = folder / f"audit-{len(files_of(folder)) + 1:06d}.log"
        target.write_bytes(header[:size])
        target.chmod(0o600)
        assert check(folder).ok and (check(folder).notes or size == 0)
        write_log(folder, 1, SMALL, start=70 + size)
        assert check(folder).ok and check(folder).notes == []
    assert not nxt.exists()
    assert told(folder) == ["audit.torn"] * 3


async def test_events_of_a_source_that_come_again_are_written_once_also_after_a_restart(folder: Path) -> None:
    def fed(seq: int, source: str = "mirror-1") -> dict:
        return event(seq, feed={"id": source, "seq": seq})

    log = await AuditLog.open(folder, KEY, sizes=SMALL)
    for i in range(1, 12):
        await log.append(fed(i))
    head = log.head
    heads = await log.append_all([fed(10), fed(11), fed(12), fed(12)])
    assert [one.n for one in heads] == [head.n, head.n, head.n + 1, head.n + 1]
    await log.close()
    again = await AuditLog.open(folder, KEY, sizes=SMALL)
    assert len(files_of(folder)) > 2
    await again.append_all([fed(12), fed(13), fed(1, "mirror-2")])
    await again.close()
    assert [one["feed"]["seq"] for one in events_in(folder)] == [*range(1, 14), 1]


async def test_sources_are_remembered_up_to_their_bound(folder: Path) -> None:
    log = await AuditLog.open(folder, KEY)
    for i in range(limits.FEEDS + 1):
        await log.append(event(i, feed={"id": f"source-{i}", "seq": 1}))
    before = log.head
    assert await log.append(event(0, feed={"id": f"source-{limits.FEEDS}", "seq": 1})) == before
    assert await log.append(event(0, feed={"id": "source-0", "seq": 1})) != before  # forgotten: written again
    await log.append(event(0, feed={"id": "x" * 200 + "a", "seq": 1}))
    now = log.head
    assert await log.append(event(0, feed={"id": "x" * 200 + "b", "seq": 1})) == now  # names count up to FEED_CHARS
    await log.close()


async def test_secrets_in_nested_or_key_fields(folder: Path) -> None:
    """Wherever a known secret hides in an event, it is not in the file; what is no secret is."""
    secret = "not-a-real-secret-1234"
    digits = 987654321012345

    def scrub(text: str) -> str:
        return text.replace(secret, "[redacted]").replace(str(digits), "[redacted]")

    log = await AuditLog.open(folder, KEY, scrub=scrub)
    await log.append(
        event(1, reason=f"key {secret} refused")
        | {
            "nested": {"list": [{"deep": f"x{secret}y"}], secret: "as a name"},
            f"field {secret}": 1,
            "number": digits,
            "hidden": secret[:5] + "\x00" + secret[5:9] + "\x1b" + secret[9:],
            "late": "x" * (limits.TEXT_CHARS - 10) + secret,
            "object": Path(f"/{secret}"),
            "harmless": "stays",
        }
    )
    await log.close()
    text = files_of(folder)[0].read_text()
    assert secret not in text and str(digits) not in text and secret[:9] not in text
    assert "stays" in text and text.count("[redacted]") >= 7
    unscrubbed = await AuditLog.open(folder, KEY)  # the twin that knows no secrets
    await unscrubbed.append(event(2, reason=secret))
    await unscrubbed.close()
    assert secret in files_of(folder)[0].read_text()


async def test_events_are_bounded_and_free_of_controls(folder: Path) -> None:
    log = await AuditLog.open(folder, KEY)
    deep: dict = {}
    at = deep
    for _ in range(50):
        at["x"] = {}
        at = at["x"]
    wide = {f"f{i}": i for i in range(100)}
    await log.append(event(1, deep=deep, wide=wide, long="x" * 100_000, many=list(range(1000))))
    await log.append(event(2, **{f"t{i}": "ü" * 2000 for i in range(20)}))
    await log.append(event(3, reason="a\x1b[31mb\n\u202ec\ud800", number=float("nan"), big=10**400))
    await log.close()
    data = files_of(folder)[0].read_bytes()
    assert all(len(line) <= limits.LINE_BYTES for line in data.splitlines())
    assert len(data.splitlines()) == 4 and all(32 <= byte < 127 for byte in data.replace(b"\n", b""))
    first, second, third = events_in(folder)
    assert len(json.dumps(first["deep"])) < 200
    assert len(first["wide"]) == limits.FIELDS + 1 and len(first["many"]) == limits.ITEMS + 1
    assert len(first["long"]) == limits.TEXT_CHARS
    assert second["cut"].endswith("bytes") and len(json.dumps(second)) <= limits.EVENT_BYTES + 200
    assert third["reason"] == "a[31mb c" and third["number"] == "nan"
    assert check(folder).ok


def test_a_line_beyond_its_bound_is_no_record(folder: Path) -> None:
    write_log(folder, 2)
    path = files_of(folder)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, b"x" * (limits.LINE_BYTES * 40) + b"\n"]))
    assert kinds(check(folder)) == {"unreadable"}


def test_files_are_closed_at_their_size_and_dropped_beyond_what_is_kept(folder: Path) -> None:
    writer = ChainWriter(folder, KEY)
    assert writer._sizes == Sizes(limits.FILE_BYTES, limits.KEPT_BYTES, limits.RESERVE_BYTES)
    write_log(folder, 100, Sizes(file=2000, kept=9000, reserve=4096))
    sizes = [path.stat().st_size for path in files_of(folder)]
    assert all(2000 <= size < 2000 + limits.LINE_BYTES for size in sizes[:-1])
    assert sum(sizes) <= 9000 + 2000 + limits.LINE_BYTES
    assert "audit.dropped" in told(folder)
