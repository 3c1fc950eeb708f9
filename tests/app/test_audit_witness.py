"""When the box is told the head of the audit log, and when not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.host import limits
from app.host.audit_witness import AuditWitness
from app.host.link_store import SpoolFull
from broker.errors import Unavailable
from device.host.clock import ManualClock

CHAIN = "0123456789abcdef"


class Rig:
    def __init__(self) -> None:
        self.clock = ManualClock(1_764_000_000_000)
        self.head = 1
        self.online = True
        self.fault: Exception | None = None
        self.told: list[int] = []
        self.asked = 0
        self.witness = AuditWitness(self._state, self._tell, lambda: self.online, self.clock)
        self.task = asyncio.create_task(self.witness.run())

    async def _state(self) -> dict:
        self.asked += 1
        if self.fault:
            raise self.fault
        return {"audit": {"state": "ok", "chain": CHAIN, "n": self.head, "head": f"{self.head:064x}"}}

    async def _tell(self, body: dict) -> None:
        assert body == {"chain": CHAIN, "n": self.head, "hash": f"{self.head:064x}"}
        self.told.append(body["n"])

    async def grow(self, count: int = 1) -> None:
        self.head += count
        self.witness.written({"n": self.head, "hash": f"{self.head:064x}"})
        await self.clock.settle()

    async def later(self, ms: int) -> None:
        await self.clock.advance(ms)
        await self.clock.settle()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    await rig.clock.settle()
    yield rig
    rig.task.cancel()


async def test_a_change_is_told_within_a_minute_and_not_at_once(rig: Rig) -> None:
    await rig.grow()
    await rig.later(limits.WITNESS_MS - 1)
    assert rig.told == []
    await rig.later(1)
    assert rig.told == [2]


async def test_many_records_are_told_at_once(rig: Rig) -> None:
    await rig.grow(limits.WITNESS_RECORDS)
    assert rig.told == [1 + limits.WITNESS_RECORDS]


async def test_the_end_of_a_run_is_told_at_once(rig: Rig) -> None:
    await rig.grow()
    rig.witness.run_ended()
    await rig.clock.settle()
    assert rig.told == [2]


async def test_runs_that_end_one_after_the_other_are_told_no_more_often_than_the_bound(rig: Rig) -> None:
    for _ in range(20):
        await rig.grow()
        rig.witness.run_ended()
        await rig.later(limits.WITNESS_LEAST_MS // 4)
    assert 5 <= len(rig.told) <= 6


async def test_nothing_is_asked_or_told_while_nothing_happens(rig: Rig) -> None:
    await rig.grow()
    await rig.later(limits.WITNESS_MS)
    await rig.later(10 * limits.WITNESS_MS)
    assert rig.told == [2] and rig.asked == 1
    rig.witness.run_ended()  # a run that audited nothing: the head has not changed
    await rig.later(limits.WITNESS_LEAST_MS)
    assert rig.told == [2]


async def test_a_box_that_is_away_is_told_when_there_is_something_new_again(rig: Rig) -> None:
    rig.online = False
    await rig.grow(limits.WITNESS_RECORDS)
    assert rig.told == []
    rig.online = True
    rig.witness.run_ended()
    await rig.later(limits.WITNESS_LEAST_MS)
    assert rig.told == [1 + limits.WITNESS_RECORDS]


@pytest.mark.parametrize("fault", [Unavailable("unreachable", "it does not answer"), SpoolFull()])
async def test_a_credential_broker_that_is_away_or_a_full_spool_is_no_end(rig: Rig, fault: Exception) -> None:
    rig.fault = fault
    await rig.grow(limits.WITNESS_RECORDS)
    rig.fault = None
    await rig.grow()
    await rig.later(limits.WITNESS_MS + limits.WITNESS_LEAST_MS)
    assert rig.told == [rig.head]
