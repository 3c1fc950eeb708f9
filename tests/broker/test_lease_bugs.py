"""Leases with planted bugs: the tests of the real ones must fail on each of them."""

import pytest

from broker.leases import Grant, Leases
from tests.broker import test_leases as real


class GrantsBeforeTheRecord(Leases):
    """Does not wait for the audit record, nor care when there is none."""

    async def consume(self, lease_id, call, target, method, rule="model", version=""):
        kept, self._append = self._append, self._nothing
        try:
            return await super().consume(lease_id, call, target, method, rule, version)
        finally:
            self._append = kept

    async def _nothing(self, event):
        return None


class TakesTheCallAfterTheRecord(Leases):
    """Marks a call as used only once its record is written: two at once both win."""

    async def consume(self, lease_id, call, target, method, rule="model", version=""):
        lease = await self.find(lease_id)
        before = set(lease.used)
        await self._append(self._event("lease.use", lease, "allow", ""))
        lease.used = before | {call}
        return Grant(lease, call)


class BelievesTheWallClock(Leases):
    """No monotonic check: a clock rolled back extends a lease."""

    async def issue(self, scope, credential):
        lease = await super().issue(scope, credential)
        lease._ends_monotonic = float("inf")
        return lease


class BindsByPrefix(Leases):
    """api.example.evil begins with api.example."""

    @staticmethod
    def _check_binding(scope, credential):
        if not scope.host.startswith(credential.host[:3]):
            Leases._check_binding(scope, credential)


class ForgetsTheRun(Leases):
    """Revokes nothing."""

    async def revoke(self, *, run=None, lease=None, reason="the run ended"):
        return 1


class KeepsOldValues(Leases):
    """A credential that was changed stays in its leases."""

    async def credential_changed(self, name):
        return 1


PLANTED = [
    (GrantsBeforeTheRecord, real.test_without_a_record_nothing_is_granted_and_the_call_stays_spent),
    (TakesTheCallAfterTheRecord, real.test_two_uses_at_once_have_one_winner),
    (TakesTheCallAfterTheRecord, real.test_a_call_within_the_scope_is_granted_once_and_recorded_before),
    (BelievesTheWallClock, real.test_a_clock_rolled_back_extends_nothing),
    (BelievesTheWallClock, real.test_a_lease_expired_by_a_second_on_either_clock),
    (BindsByPrefix, real.test_a_credential_goes_nowhere_but_where_it_belongs),
    (ForgetsTheRun, real.test_use_after_the_run_ended),
    (KeepsOldValues, real.test_a_credential_rotated_in_mid_run_voids_the_lease),
]


@pytest.mark.parametrize(("bug", "check"), PLANTED, ids=[f"{bug.__name__}-{at}" for at, (bug, _) in enumerate(PLANTED)])
async def test_a_planted_bug_is_caught(bug, check, monkeypatch):
    await check(real.Rig())  # the real leases pass
    monkeypatch.setattr(real, "Leases", bug)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await check(real.Rig())
