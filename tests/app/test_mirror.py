"""The mirror: exactly once, resync, bounds, and what operators read from it."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.host import limits
from app.host.database import Database
from app.host.link_store import LinkStore
from app.host.mirror import Mirror, Record
from app.host.mirror_reads import MirrorReads
from app.host.refusal import RequestRefused


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "m.db")
    yield database
    await database.close()


class Box:
    """Numbers records the way a box does."""

    def __init__(self, database: Database) -> None:
        self.mirror = Mirror(database)
        self.reads = MirrorReads(database)
        self.seq = 0

    async def tell(self, kind: str, body: dict[str, Any]) -> bool:
        self.seq += 1
        return await self.mirror.apply(self.seq, kind, body, 1000, 2000)


def message(n: int, text: str = "hi", **more: Any) -> dict[str, Any]:
    body = {"n": n, "id": f"m{n}", "jid": "console:main", "folder": "main", "sender": "s", "sender_name": "Ann"}
    return body | {"text": text, "ts_ms": n, "from_me": False} | more


def group(folder: str) -> dict[str, Any]:
    return {"folder": folder, "jid": f"console:{folder}", "name": folder, "paused": False}


def task(id_: str, folder: str = "main", next_ms: int | None = 5) -> dict[str, Any]:
    return {"id": id_, "folder": folder, "prompt": "p", "status": "active", "next_ms": next_ms}


def run(id_: str, state: str = "running", task_id: str | None = None) -> dict[str, Any]:
    return {"id": id_, "folder": "main", "task": task_id, "state": state}


def audit(what: str, **more: Any) -> dict[str, Any]:
    body = {"ts_ms": 1, "what": what, "actor": "owner", "folder": "main", "decision": "allow", "rule": "r"}
    return body | {"reason": "", "detail": ""} | more


async def test_a_record_counts_once_however_often_it_arrives(database: Database) -> None:
    box = Box(database)
    assert await box.tell("msg.stored", message(1))
    assert not await box.mirror.apply(1, "msg.stored", message(2), 1, 1)
    assert await box.tell("msg.stored", message(1))  # the same message as a new record, as a transfer sends it
    assert len(await box.reads.messages({"folder": "main"})) == 1
    assert await LinkStore(database).applied() == 2


async def test_power_off_at_any_point_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The files are copied, as a crash would leave them, before, in and after each record; then all is sent again."""
    database = await Database.open(tmp_path / "0.db")
    box = Box(database)
    records = [("audit", audit(f"a{i}")) for i in range(3)]
    copies: list[Path] = []

    def crash() -> None:
        copy = tmp_path / f"copy{len(copies)}"
        copy.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"0.db{suffix}", copy / f"m.db{suffix}")
        copies.append(copy / "m.db")

    for kind, body in records:
        crash()

        def half_way(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE link SET value = 99 WHERE name = 'in_applied'")
            crash()
            connection.execute("UPDATE link SET value = ? WHERE name = 'in_applied'", (box.seq,))

        await database.write(half_way)
        await box.tell(kind, body)
        crash()
    await database.close()
    for path in copies:
        reopened = await Database.open(path)
        mirror, applied = Mirror(reopened), await LinkStore(reopened).applied()
        assert applied == len(await MirrorReads(reopened).audit({}))
        for seq, (kind, body) in enumerate(records, 1):
            assert await mirror.apply(seq, kind, body, 1, 1) is (seq > applied)
        assert [row["what"] for row in await MirrorReads(reopened).audit({})] == ["a0", "a1", "a2"]
        await reopened.close()
    assert len(copies) == 9


async def test_a_full_transfer_sweeps_what_the_box_no_longer_has(database: Database) -> None:
    box = Box(database)
    for folder in ("main", "gone"):
        await box.tell("group.set", group(folder))
        await box.tell("cursor.set", {"folder": folder, "n": 3})
        await box.tell("task.set", task(f"t-{folder}", folder))
    assert not await box.mirror.synced()
    await box.tell("sync.begin", {"rev": 7})
    await box.tell("group.set", group("main"))
    await box.tell("task.set", task("t-main"))
    assert len(await box.reads.groups(None)) == 2
    await box.tell("sync.end", {"rev": 7})
    assert [g["folder"] for g in await box.reads.groups(None)] == ["main"]
    assert [t["id"] for t in await box.reads.tasks({})] == ["t-main"]
    assert await box.mirror.synced()
    await box.mirror.distrust()
    assert not await box.mirror.synced()


async def test_an_end_without_its_beginning_sweeps_nothing(database: Database) -> None:
    box = Box(database)
    await box.tell("sync.begin", {"rev": 7})
    await box.tell("sync.begin", {"rev": 9})
    await box.tell("group.set", group("main"))
    await box.tell("sync.end", {"rev": 7})
    assert not await box.mirror.synced()
    await box.tell("sync.end", {"rev": 9})
    assert await box.mirror.synced()


async def test_removing_a_group_removes_its_tasks_and_keeps_its_messages(database: Database) -> None:
    box = Box(database)
    await box.tell("group.set", group("main"))
    await box.tell("task.set", task("t1"))
    await box.tell("msg.stored", message(1))
    await box.tell("group.remove", {"folder": "main"})
    assert await box.reads.tasks({}) == []
    assert len(await box.reads.messages({"folder": "main"})) == 1


async def test_a_record_that_makes_no_sense_is_noted_and_does_not_stop_the_rest(database: Database) -> None:
    box = Box(database)
    assert await box.tell("msg.stored", {"n": "?"})
    assert await box.tell("task.set", {"id": 5, "folder": "main", "status": "active", "next_ms": None})
    assert await box.tell("never.heard.of", {})
    assert await box.tell("group.set", group("main"))
    assert [row["what"] for row in await box.reads.audit({})] == ["mirror.unreadable"] * 2
    assert len(await box.reads.groups(None)) == 1


async def test_a_batch_is_one_commit_in_which_each_record_stands_for_itself(database: Database) -> None:
    mirror = Mirror(database)
    records = [Record(n, "audit", audit(f"a{n}"), 1) for n in range(1, 51)]
    records[20] = Record(21, "msg.stored", message(2**70), 1)  # no number that SQLite could hold
    records[30] = Record(31, "msg.stored", message(1, sender={"a": 1}), 1)
    before = database.commits
    assert await mirror.apply_all(records, 1) == [True] * 50
    assert database.commits == before + 1
    assert await mirror.apply_all(records[40:], 1) == [False] * 10
    seen = [row["what"] for row in await MirrorReads(database).audit({"limit": 100})]
    assert seen == [f"a{n}" if n not in (21, 31) else "mirror.unreadable" for n in range(1, 51)]


async def test_a_commit_that_fails_stores_nothing_of_its_batch(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db")
    mirror = Mirror(database)
    other = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
    await database.write(lambda connection: connection.execute("PRAGMA busy_timeout = 1"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        await mirror.apply_all([Record(n, "audit", audit(f"a{n}"), 1) for n in (1, 2)], 1)
    other.execute("ROLLBACK")
    other.close()
    assert await LinkStore(database).applied() == 0
    assert await MirrorReads(database).audit({}) == []
    assert await mirror.apply(1, "audit", audit("a1"), 1, 1)
    await database.close()


async def test_history_is_bounded_at_its_old_end_and_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MESSAGES", "RUNS", "AUDIT"):
        monkeypatch.setattr(limits, name, 10)
    box = Box(database)
    for number in range(1, 26):
        await box.tell("msg.stored", message(number))
        await box.tell("run.started", run(f"r{number}"))
        await box.tell("run.ended", run(f"r{number}", "done"))
        await box.tell("audit", audit(f"a{number}"))
    assert [m["n"] for m in await box.reads.messages({"folder": "main"})] == list(range(16, 26))
    runs = await box.reads.runs({})
    assert [(r["id"], r["state"]) for r in runs] == [(f"r{n}", "done") for n in range(16, 26)]
    whats = [a["what"] for a in await box.reads.audit({})]  # each run has left two rows there
    assert whats == ["a22", *(w for n in (23, 24, 25) for w in ("run.started", "run.ended", f"a{n}"))]
    for table, gone in (("messages", 15), ("runs", 15), ("audit", 65)):
        assert await database.value("SELECT value FROM state WHERE name = ?", (f"pruned.{table}",)) == gone


async def test_messages_are_paged_backwards_and_replies_carry_the_assistants_name(database: Database) -> None:
    box = Box(database)
    await box.tell("settings.set", {"assistant": "Otto", "zone": "UTC"})
    for number in range(1, 6):
        await box.tell("msg.stored", message(number))
    reply = {"id": "r1", "n": 6, "jid": "console:main", "folder": "main", "text": "yes", "run": "run1"}
    await box.tell("msg.out", reply | {"prefix": False, "ts_ms": 9})
    newest = await box.reads.messages({"folder": "main", "limit": 2})
    assert [m["n"] for m in newest] == [5, 6]
    assert (newest[1]["sender_name"], newest[1]["from_me"], newest[1]["run"]) == ("Otto", True, "run1")
    older = await box.reads.messages({"folder": "main", "limit": 2, "before_n": 5})
    assert [m["n"] for m in older] == [3, 4]


async def test_audit_filters_take_text_as_text(database: Database) -> None:
    box = Box(database)
    for detail in ("100% sure", "a_b", "'; DROP TABLE audit; --", "plain"):
        await box.tell("audit", audit("x", detail=detail))
    for text, wanted in (
        ("%", ["100% sure"]),
        ("_", ["a_b"]),
        ("DROP", ["'; DROP TABLE audit; --"]),
        ("PLAIN", ["plain"]),
    ):
        assert [row["detail"] for row in await box.reads.audit({"text": text})] == wanted
    ids = [row["id"] for row in await box.reads.audit({})]
    assert [row["id"] for row in await box.reads.audit({"after": ids[1], "limit": 1})] == [ids[2]]
    assert await box.reads.audit({"decision": "deny"}) == []


async def test_a_task_is_found_by_a_unique_part_of_its_id(database: Database) -> None:
    box = Box(database)
    for id_ in ("task-abc", "task-abd", "task"):
        await box.tell("task.set", task(id_))
    assert (await box.reads.task({"id": "abc"}))["id"] == "task-abc"
    assert (await box.reads.task({"id": "task"}))["id"] == "task"
    for part, code in (("ab", "bad_value"), ("zzz", "unknown_task")):
        with pytest.raises(RequestRefused) as refused:
            await box.reads.task({"id": part})
        assert refused.value.code == code
    await box.tell("run.ended", run("r1", "done", "task-abc"))
    assert [r["id"] for r in await box.reads.task_history({"id": "abc", "limit": 5})] == ["r1"]


@pytest.mark.parametrize(
    "args",
    [
        {"folder": "main", "limit": 0},
        {"folder": "main", "limit": limits.READ_LIMIT + 1},
        {"folder": "main", "limit": True},
        {"folder": "main", "before_n": -1},
        {"folder": 5},
        {"folder": "x" * 1000},
        {},
        {"folder": "main", "surprise": 1},
    ],
)
async def test_arguments_are_checked(database: Database, args: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as refused:
        await MirrorReads(database).messages(args)
    assert refused.value.code == "bad_value"
