"""What was audited reaches the chain in order and once, whatever dies or fills up in between."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.host import limits, run_events
from app.host.audit_feed import AuditFeed
from app.host.database import Database
from app.host.mirror import Mirror
from broker.audit.log import AuditLog
from broker.audit.search import read_events
from broker.errors import Unavailable

KEY = b"not a real key, only for tests!!"


class LogChain:
    """The credential broker without its process: `down` while it cannot be reached."""

    def __init__(self, log: AuditLog) -> None:
        self.log = log
        self.down = False
        self.refused = asyncio.Event()
        self.dies_after = False
        self.batches: list[int] = []

    async def append_audit(self, events: list[dict]) -> dict:
        if self.down:
            self.refused.set()
            raise Unavailable("audit_unavailable", "the audit log is full", "make room")
        self.batches.append(len(events))
        head = (await self.log.append_all(events))[-1]
        if self.dies_after:
            raise Unavailable("unreachable", "the connection was lost", "")
        return {"n": head.n, "hash": head.hash}


class HastyClock:
    """Real time, in which every wait is over at once; it remembers how long they should have been."""

    def __init__(self) -> None:
        self.waits: list[int] = []
        self.enough: asyncio.Event | None = None

    def now_ms(self) -> int:
        return 1_764_000_000_000

    def ticks_ms(self) -> int:
        return 0

    async def sleep_ms(self, ms: int) -> None:
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, timeout_ms: int | None) -> bool:
        self.waits.append(timeout_ms or 0)
        if self.enough is not None and len(self.waits) > 10:
            self.enough.set()
        if timeout_ms is None:
            await event.wait()
        await asyncio.sleep(0)
        return event.is_set()


class Rig:
    def __init__(self, folder: Path, database: Database, log: AuditLog) -> None:
        self.folder = folder
        self.database = database
        self.mirror = Mirror(database)
        self.chain = LogChain(log)
        self.clock = HastyClock()
        self.heads: list[dict] = []
        self.seq = 0
        self.more = asyncio.Event()
        self.feed = self.new_feed()

    def new_feed(self) -> AuditFeed:
        return AuditFeed(self.database, self.chain, self.clock, self._written)

    def _written(self, head: dict) -> None:
        self.heads.append(head)
        self.more.set()

    async def written_up_to(self, count: int) -> None:
        while len(self.written()) < count:
            await self.more.wait()
            self.more.clear()

    async def device(self, *details: str) -> None:
        for detail in details:
            self.seq += 1
            body = {
                "ts_ms": self.seq,
                "what": "task.run",
                "actor": "owner:local",
                "folder": "main",
                "decision": "allow",
            }
            body |= {"rule": "owner", "reason": "", "detail": detail}
            assert await self.mirror.apply(self.seq, "audit", body, 0, 0)

    def written(self) -> list[tuple[str, str]]:
        return [(one.event["src"], one.event["detail"]) for one in read_events(self.folder) if "feed" in one.event]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    database = await Database.open(tmp_path / "mirror.db")
    log = await AuditLog.open(tmp_path / "audit", KEY)
    yield Rig(tmp_path / "audit", database, log)
    await log.close()
    await database.close()


async def test_events_of_box_and_host_are_carried_over_in_order(rig: Rig) -> None:
    await rig.device("a", "b")
    await rig.mirror.note("operator.login", "c", 5, "op:cli")
    await rig.device("d")
    await rig.feed.carry_over()
    assert rig.written() == [("device", "a"), ("device", "b"), ("host", "c"), ("device", "d")]
    assert rig.heads == [{"n": rig.chain.log.head.n, "hash": rig.chain.log.head.hash}]
    assert await rig.feed.describe() == {"waiting": 0, "problem": None}


def run(state: str, **more) -> dict:
    body = {"id": "run-1-a", "folder": "main", "kind": "messages", "task": None, "state": state, "attempt": 1}
    return body | {"started_ms": 1_000, "ended_ms": None, "error": None, "result": None} | more


async def tell_twice(rig: Rig, *records: tuple[str, dict]) -> list[tuple[str, str, str]]:
    """Each record comes twice, as in a full transfer; what of it is in the chain."""
    for kind, body in records:
        for _ in range(2):
            rig.seq += 1
            assert await rig.mirror.apply(rig.seq, kind, body, 0, 0)
        await rig.feed.carry_over()
    found = [one.event for one in read_events(rig.folder) if one.event["what"].startswith("run.")]
    assert all(one["src"] == "device" and one["folder"] == "main" for one in found)
    return [(one["what"], one["detail"], one["reason"]) for one in found]


async def test_a_run_is_in_the_chain_once_when_it_starts_and_once_when_it_ends(rig: Rig) -> None:
    told = await tell_twice(
        rig,
        ("run.queued", run("queued", task="t1", started_ms=None)),
        ("run.started", run("running", task="t1")),
        ("run.started", run("running", task="t1", result="something went out")),
        ("run.ended", run("failed", task="t1", ended_ms=2_000, error="the model is offline")),
    )
    assert told == [
        ("run.started", "run-1-a running, task t1", ""),
        ("run.ended", "run-1-a failed, task t1", "the model is offline"),
    ]


async def test_each_attempt_of_a_run_is_in_the_chain(rig: Rig) -> None:
    """The second one also when nothing was heard of the end of the first."""
    told = await tell_twice(
        rig,
        ("run.started", run("running")),
        ("run.started", run("running", attempt=2)),
        ("run.ended", run("done", attempt=2, ended_ms=5)),
    )
    assert [detail for _, detail, _ in told] == [
        "run-1-a running",
        "run-1-a running, attempt 2",
        "run-1-a done, attempt 2",
    ]


async def test_runs_that_count_at_every_record_would_be_caught(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: what the mirror held before is not looked at."""
    plain = run_events.event
    monkeypatch.setattr(run_events, "event", lambda before, body: plain(None, body))
    assert len(await tell_twice(rig, ("run.started", run("running")))) == 2


async def test_a_tool_call_of_a_run_is_in_the_chain_as_the_box_audited_it(rig: Rig) -> None:
    body = {"ts_ms": 5, "what": "tool.http_fetch", "actor": "group:main", "folder": "main", "decision": "info"}
    assert await rig.mirror.apply(1, "audit", body | {"rule": "", "reason": "", "detail": "url=x"}, 0, 0)
    await rig.feed.carry_over()
    (found,) = [one.event for one in read_events(rig.folder) if one.event["what"].startswith("tool.")]
    assert (found["src"], found["actor"], found["detail"]) == ("device", "group:main", "url=x")


async def test_what_comes_shortly_after_a_batch_goes_over_with_the_next(rig: Rig) -> None:
    """Its positive control: the first event does not wait."""
    pauses: list[int] = []
    held = asyncio.Event()

    async def pause(ms: int) -> None:
        pauses.append(ms)
        await held.wait()

    rig.clock.sleep_ms = pause
    await rig.device("a")
    task = asyncio.create_task(rig.feed.run())
    async with asyncio.timeout(30):
        await rig.written_up_to(1)
        for detail in "bcd":
            await rig.device(detail)
            rig.feed.heard()
        assert rig.chain.batches == [1]
        held.set()
        await rig.written_up_to(4)
    task.cancel()
    assert rig.chain.batches == [1, 3] and pauses[0] == limits.AUDIT_GATHER_MS


async def test_nothing_is_written_twice_though_the_answer_was_lost_and_the_host_restarted(rig: Rig) -> None:
    await rig.device("a", "b")
    rig.chain.dies_after = True
    with pytest.raises(Unavailable):
        await rig.feed.carry_over()
    assert (await rig.feed.describe())["waiting"] == 2  # for all the host knows
    rig.chain.dies_after = False
    await rig.device("c")
    again = rig.new_feed()
    await again.carry_over()
    assert [detail for _, detail in rig.written()] == ["a", "b", "c"]


async def test_a_feed_without_its_marks_would_be_caught(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: events that do not say which they are come twice."""
    monkeypatch.setattr(AuditFeed, "_mark", lambda self, seq: {"id": None, "seq": seq})
    await rig.device("a", "b")
    rig.chain.dies_after = True
    with pytest.raises(Unavailable):
        await rig.feed.carry_over()
    rig.chain.dies_after = False
    await rig.new_feed().carry_over()
    assert [detail for _, detail in rig.written()] == ["a", "b", "a", "b"]


async def test_while_the_chain_cannot_be_written_events_wait_visibly_and_nothing_is_lost(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AUDIT_RETRY_MS", 1)
    monkeypatch.setattr(limits, "AUDIT_RETRY_MAX_MS", 4)
    rig.chain.down = True
    await rig.device("a")
    task = asyncio.create_task(rig.feed.run())
    async with asyncio.timeout(30):
        await rig.chain.refused.wait()
        await rig.device("b")
        rig.feed.heard()
        assert (await rig.feed.describe())["waiting"] == 2
        assert rig.feed.problem == {
            "code": "audit_unavailable",
            "message": "the audit log is full",
            "remedy": "make room",
        }
        rig.chain.down = False
        await rig.written_up_to(2)
    task.cancel()
    assert [detail for _, detail in rig.written()] == ["a", "b"]


async def test_a_large_backlog_goes_over_in_bounded_batches(rig: Rig) -> None:
    await rig.device(*(str(i) for i in range(2 * limits.AUDIT_TOGETHER + 3)))
    await rig.feed.carry_over()
    assert rig.chain.batches == [limits.AUDIT_TOGETHER, limits.AUDIT_TOGETHER, 3]


async def test_what_the_mirror_dropped_before_it_was_written_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AUDIT", 3)
    await rig.device(*"abcdefg")
    await rig.feed.carry_over()
    lost = next(one.event for one in read_events(rig.folder) if one.event["what"] == "audit.lost")
    assert lost["detail"] == "rows 1 to 4"
    assert [detail for _, detail in rig.written()] == ["rows 1 to 4", "e", "f", "g"]


async def test_tries_grow_rarer_up_to_their_bound(rig: Rig) -> None:
    rig.chain.down = True
    await rig.device("a")
    rig.clock.enough = asyncio.Event()
    task = asyncio.create_task(rig.feed.run())
    async with asyncio.timeout(30):
        await rig.clock.enough.wait()
    task.cancel()
    waits = rig.clock.waits[1:]
    assert waits[0] == 2 * limits.AUDIT_RETRY_MS and waits == sorted(waits)
    assert waits[-1] == limits.AUDIT_RETRY_MAX_MS and waits.count(limits.AUDIT_RETRY_MAX_MS) > 1


async def test_a_mirror_that_fails_for_a_while_is_told_and_no_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AUDIT_RETRY_MS", 1)
    fails = [2]
    read = rig.database.read

    async def fragile(sql: str, values=()):
        if fails[0] and "FROM audit" in sql:
            fails[0] -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return await read(sql, values)

    monkeypatch.setattr(rig.database, "read", fragile)
    await rig.device("a")
    task = asyncio.create_task(rig.feed.run())
    async with asyncio.timeout(30):
        await rig.written_up_to(1)
    assert fails == [0]
    task.cancel()
