"""Migrations, transactions and the refusal of newer files."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from app.host import migrations
from app.host.database import Database, DatabaseError, NewerDatabase


async def test_a_new_file_is_brought_to_the_last_step_and_is_durable_by_default(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db")
    assert await database.value("SELECT max(version) FROM version") == len(migrations.STEPS)
    async with database.transaction() as transaction, transaction.execute("PRAGMA synchronous") as cursor:
        assert await cursor.fetchone() == (2,)
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


async def test_readers_cannot_write_and_never_see_half_a_transaction(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", [("CREATE TABLE t (x)",)])
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO t VALUES (1)")
        assert await database.read("SELECT * FROM t") == []
    assert await database.read("SELECT * FROM t") == [(1,)]
    with pytest.raises(sqlite3.OperationalError):
        await database.read("DELETE FROM t")
    await database.close()


async def test_a_cancelled_transaction_is_undone_and_the_next_one_works(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db", [("CREATE TABLE t (x)",)])

    async def insert(turns: int) -> None:
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO t VALUES (1)")
            await asyncio.Event().wait() if turns < 0 else None

    for turns in range(12):
        task = asyncio.create_task(insert(-1))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await database.read("SELECT * FROM t") == []
    await insert(1)
    assert await database.read("SELECT * FROM t") == [(1,)]
    await database.close()
