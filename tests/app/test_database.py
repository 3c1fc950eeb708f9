"""Migrations, transactions and the refusal of newer files."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from app.host import limits, migrations
from app.host.database import Database, DatabaseError, NewerDatabase, Work


async def test_a_new_file_is_brought_to_the_last_step_and_is_durable_by_default(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db")
    assert await database.value("SELECT max(version) FROM version") == len(migrations.STEPS)
    assert await database.write(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await database.value("PRAGMA journal_mode") == "wal"
    await database.close()


async def test_steps_run_once_and_in_order(tmp_path: Path) -> None:
    first = ("CREATE TABLE t (x)", "INSERT INTO t VALUES (1)")
    second = ("ALTER TABLE t ADD y", "UPDATE t SET y = x + 1")
    await (await Database.open(tmp_path / "m.db", [first])).close()
    database = await Database.open(tmp_path / "m.db", [first, second])
    assert await database.read("SELECT x, y FROM t") == [(1, 2)]
    await database.close()


async def test_a_failing_step_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        await Database.open(tmp_path / "m.db", [("CREATE TABLE t (x)", "INSERT INTO nowhere VALUES (1)")])
    database = await Database.open(tmp_path / "m.db", [("CREATE TABLE t (x)",)])
    assert await database.read("SELECT * FROM t") == []
    await database.close()


async def test_a_newer_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    steps = [*migrations.STEPS, ("CREATE TABLE future (x)",)]
    await (await Database.open(tmp_path / "m.db", steps)).close()
    with pytest.raises(NewerDatabase) as refused:
        await Database.open(tmp_path / "m.db")
    assert "Update Barnacle" in str(refused.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.db").write_bytes(b"not a database " * 100)
    with pytest.raises(DatabaseError):
        await Database.open(tmp_path / "m.db")


ONE_TABLE = [("CREATE TABLE t (x UNIQUE)",)]


def insert(x: int) -> Work[int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO t VALUES (?)", (x,))
        return x

    return work


async def test_readers_cannot_write_and_never_see_half_a_transaction(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)
    inserted, go_on = threading.Event(), threading.Event()

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        inserted.set()
        assert go_on.wait(10)

    writing = asyncio.create_task(database.write(work))
    assert await asyncio.to_thread(inserted.wait, 10)
    assert await database.read("SELECT * FROM t") == []
    go_on.set()
    await writing
    assert await database.read("SELECT * FROM t") == [(1,)]
    with pytest.raises(sqlite3.OperationalError):
        await database.read("DELETE FROM t")
    await database.close()


async def test_whoever_waits_at_the_same_time_shares_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)
    assert await asyncio.gather(*(database.write(insert(x)) for x in range(100))) == list(range(100))
    assert database.commits == 1
    monkeypatch.setattr(limits, "WRITES_TOGETHER", 10)
    await asyncio.gather(*(database.write(insert(x)) for x in range(100, 125)))
    assert database.commits == 4
    assert len(await database.read("SELECT * FROM t")) == 125
    await database.close()


async def test_work_that_fails_undoes_itself_and_nobody_elses(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)

    def bad(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (7)")
        raise ValueError("no")

    works = [database.write(insert(1)), database.write(bad), database.write(insert(1)), database.write(insert(2))]
    first, second, third, fourth = await asyncio.gather(*works, return_exceptions=True)
    assert (first, fourth) == (1, 2)
    assert isinstance(second, ValueError)
    assert isinstance(third, sqlite3.IntegrityError)
    assert await database.read("SELECT * FROM t ORDER BY x") == [(1,), (2,)]
    await database.close()


async def test_a_failed_commit_is_told_to_everybody_it_was_for(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)
    await database.write(lambda connection: connection.execute("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(*(database.write(insert(x)) for x in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [sqlite3.OperationalError] * 3
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(insert(5)) == 5
    assert await database.read("SELECT * FROM t") == [(5,)]
    await database.close()


async def test_closing_writes_what_waits(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)
    database.write_later(insert(1), "one")
    await database.close()
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)
    assert await database.read("SELECT * FROM t") == [(1,)]
    await database.close()


async def test_a_cancelled_caller_leaves_the_others_alone(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", ONE_TABLE)
    for turns in range(6):
        task = asyncio.create_task(database.write(insert(100 + turns)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await database.write(insert(turns)) == turns
    assert await database.read("SELECT x FROM t WHERE x < 100 ORDER BY x") == [(x,) for x in range(6)]
    await database.close()
