"""The box's smaller states in the mirror: asks, overrides, notes, spending, policy, witnesses."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.host import limits
from app.host.database import Database
from app.host.device_core import system_clock
from app.host.fact_reads import FactReads
from app.host.mirror import Mirror

FAR_MS = 4_000_000_000_000


class Box:
    def __init__(self, database: Database) -> None:
        self.mirror = Mirror(database)
        self.reads = FactReads(database, system_clock())
        self.seq = 0

    async def tell(self, kind: str, **body: Any) -> None:
        self.seq += 1
        assert await self.mirror.apply(self.seq, kind, body, 1000, 2000)

    async def ask(self, id_: str, state: str = "open", expires_ms: int = FAR_MS) -> None:
        await self.tell("ask.set", id=id_, folder="lab", state=state, created_ms=1, expires_ms=expires_ms)

    async def override(self, id_: str, end_ms: int = FAR_MS) -> None:
        await self.tell("override.set", id=id_, group="lab", host="example.org", end_ms=end_ms)


@pytest_asyncio.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    database = await Database.open(tmp_path / "m.db")
    yield Box(database)
    await database.close()


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


async def test_asks_that_wait_are_shown_and_answered_or_late_ones_only_on_request(box: Box) -> None:
    await box.ask("a1")
    await box.ask("a2")
    await box.ask("a3", expires_ms=5)
    await box.ask("a1", state="approved")
    assert ids(await box.reads.asks({})) == ["a2"]
    assert ids(await box.reads.asks({"all": True})) == ["a1", "a2", "a3"]


async def test_overrides_are_shown_until_they_end(box: Box) -> None:
    await box.override("o1")
    await box.override("o2", end_ms=5)
    await box.override("o3")
    await box.tell("override.end", id="o1", why="removed")
    assert ids(await box.reads.overrides({})) == ["o3"]


async def test_notes_spending_policy_and_witnesses_are_what_the_box_said_last(box: Box) -> None:
    await box.tell("note.set", scope="global", text="a", by="owner", ts_ms=1)
    await box.tell("note.set", scope="lab", text="b", by="owner", ts_ms=1)
    await box.tell("note.set", scope="global", text="", by="owner", ts_ms=2)
    assert [note["text"] for note in await box.reads.notes({})] == ["b"]
    assert await box.reads.notes({"scope": "global"}) == []
    for day, tokens in (("2026-11-21", 5), ("2026-11-22", 7), ("2026-11-22", 9)):
        await box.tell("spend.set", folder="lab", day=day, input=tokens)
    assert [row["input"] for row in await box.reads.spend({"folder": "lab"})] == [5, 9]
    assert await box.reads.spend({"folder": "main"}) == []
    assert await box.reads.policy() is None
    for version in ("v1", "v2"):
        await box.tell("policy.set", version=version, rules=[], problem=None)
    policy = await box.reads.policy()
    assert policy and policy["version"] == "v2"
    await box.tell("witness.set", chain="c", n=5, hash="h", ts_ms=1)
    assert [row["n"] for row in await box.reads.witnesses()] == [5]


async def test_a_whole_transfer_takes_away_what_it_does_not_name_but_no_history(box: Box) -> None:
    await box.ask("a1")
    await box.ask("a2")
    await box.override("o1")
    await box.tell("spend.set", folder="lab", day="2026-11-21", input=5)
    await box.tell("sync.begin", rev=1)
    await box.ask("a2")
    await box.tell("sync.end", rev=1)
    assert ids(await box.reads.asks({})) == ["a2"]
    assert await box.reads.overrides({}) == []
    assert len(await box.reads.spend({})) == 1


async def test_a_removed_groups_note_goes_with_it(box: Box) -> None:
    await box.tell("note.set", scope="lab", text="b", by="owner", ts_ms=1)
    await box.tell("group.remove", folder="lab")
    assert await box.reads.notes({}) == []


async def test_the_oldest_facts_of_a_kind_give_way_beyond_the_bound(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FACTS", 3)
    for n in range(5):
        await box.ask(f"a{n}")
        await box.override(f"o{n}")
    assert ids(await box.reads.asks({})) == ["a2", "a3", "a4"]
    assert sorted(ids(await box.reads.overrides({}))) == ["o2", "o3", "o4"]


async def test_a_record_of_a_wrong_shape_is_passed_over(box: Box) -> None:
    for kind in ("ask.set", "override.set", "override.end", "note.set", "spend.set", "witness.set"):
        await box.tell(kind, nonsense=1)
    await box.ask("a1")
    assert ids(await box.reads.asks({})) == ["a1"]
