"""The spool to the box."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.host import device_core, limits
from app.host.database import Database
from app.host.link_store import LinkStore, RecordTooLarge, SpoolFull


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "m.db")
    yield database
    await database.close()


async def test_records_keep_order_and_number_across_a_restart(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db")
    store = LinkStore(database)
    assert [await store.put(f"id{i}", "cmd", {"i": i}, 5) for i in range(3)] == [1, 2, 3]
    store.acked(1)
    await database.close()
    database = await Database.open(tmp_path / "m.db")
    store = LinkStore(database)
    assert await store.next_out() == 4
    assert await store.spool_after(0, 10) == [(2, "id1", "cmd", {"i": 1}, 5), (3, "id2", "cmd", {"i": 2}, 5)]
    assert await store.spool_after(2, 10) == [(3, "id2", "cmd", {"i": 2}, 5)]
    store.acked(3)
    assert await store.put("new", "cmd", {}, 5) == 4
    await database.close()


async def test_a_record_that_still_waits_is_not_stored_twice(database: Database) -> None:
    store = LinkStore(database)
    assert await store.put("same", "msg.in", {}, 1) == await store.put("same", "msg.in", {}, 2)
    assert await store.waiting() == 1


async def test_a_full_spool_refuses_with_a_reason_and_takes_again_when_there_is_room(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SPOOL_ROWS", 20)
    store = LinkStore(database)
    for number in range(20):
        await store.put(str(number), "msg.in", {}, 1)
    with pytest.raises(SpoolFull, match="20 records wait"):
        await store.put("20", "msg.in", {}, 1)
    assert await store.next_out() == 21
    store.acked(1)
    assert await store.put("20", "msg.in", {}, 1) == 21


async def test_what_no_envelope_can_carry_is_refused_before_it_is_stored(database: Database) -> None:
    store = LinkStore(database)
    with pytest.raises(RecordTooLarge):
        await store.put("x", "msg.in", {"text": "\x01" * 4000}, 1)
    bound = device_core.ENVELOPE_BYTES - limits.ENVELOPE_OVERHEAD_BYTES
    record_id = "i" * 272
    body = {"text": "x" * (bound - len(record_id) - len('{"text":""}'))}
    await store.put(record_id, "k" * 32, body, 2**53 - 1)
    fields = {"src": "host", "boot": "f" * 32, "seq": 2**53 - 1, "ack": 2**53 - 1, "ts": 2**53 - 1}
    sealed = device_core.seal(b"k", fields | {"id": record_id, "kind": "k" * 32, "body": body})
    assert len(sealed) <= device_core.ENVELOPE_BYTES


async def test_many_at_once_share_commits_and_keep_their_order(database: Database) -> None:
    store = LinkStore(database)
    before = database.commits
    assert await asyncio.gather(*(store.put(f"id{i}", "msg.in", {}, 1) for i in range(40))) == list(range(1, 41))
    assert database.commits == before + 1
    assert [row[1] for row in await store.spool_after(0, 100)] == [f"id{i}" for i in range(40)]


@pytest.mark.parametrize("first", [2, 3, 4, 5, 100])
async def test_renumbering_keeps_the_order(database: Database, first: int) -> None:
    store = LinkStore(database)
    for number in range(5):
        await store.put(str(number), "cmd", {}, 1)
    store.acked(2)
    await store.renumber(first)
    rows = await store.spool_after(0, 10)
    assert [(row[0], row[1]) for row in rows] == [(first, "2"), (first + 1, "3"), (first + 2, "4")]
    assert await store.next_out() == first + 3


async def test_an_empty_spool_goes_on_where_it_is_told(database: Database) -> None:
    store = LinkStore(database)
    await store.renumber(77)
    assert await store.put("x", "cmd", {}, 1) == 77
    await store.skip_in(9)
    assert await store.applied() == 9
