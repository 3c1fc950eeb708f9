"""Leases: each attack on them, and the allowed twin."""

import asyncio

import pytest

from broker import limits
from broker.audit.log import AuditUnavailable
from broker.egress_core import parse_url
from broker.errors import BadRequest, Denied
from broker.lease_scope import LeaseScope, read_scope
from broker.leases import Leases, call_number
from broker.request_headers import Credential
from broker.secret import Secret

TARGET = parse_url("https://api.example/v1/messages")
CREDENTIAL = Credential(Secret("canary-1234567890"), "https", "api.example", 443, "x-api-key")


def scope(**changes):
    facts = {
        "run": "r1",
        "group": "main",
        "purpose": "model",
        "credential": "key",
        "scheme": "https",
        "host": "api.example",
        "port": 443,
        "methods": ("POST",),
        "path": "/v1",
        "calls": 3,
        "ttl_s": 60,
    }
    return LeaseScope(**(facts | changes))


class Rig:
    """Leases with clocks and an audit log of the test's own; `fails` makes the log refuse."""

    def __init__(self):
        self.seconds, self.wall_ms = 1000.0, 1_795_000_000_000
        self.events, self.fails = [], False
        self.gate: asyncio.Event | None = None
        self.leases = Leases(self.append, lambda: self.seconds, lambda: self.wall_ms)

    async def append(self, event):
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise AuditUnavailable("full", "the disk is full")
        self.events.append(event)

    def whats(self):
        return [(event["what"], event["decision"]) for event in self.events]

    async def use(self, lease, call=1, target=TARGET, method="POST"):
        return await self.leases.consume(lease.id, call, target, method)

    async def refused(self, lease, *args, **more):
        with pytest.raises(Denied) as caught:
            await self.use(lease, *args, **more)
        return caught.value.code


@pytest.fixture
def rig():
    return Rig()


async def test_a_call_within_the_scope_is_granted_once_and_recorded_before(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    grant = await rig.use(lease)
    assert grant.credential is CREDENTIAL and rig.whats() == [("lease.issue", "info"), ("lease.use", "allow")]
    assert await rig.refused(lease) == "lease_spent"  # replay
    assert (await rig.use(lease, 2)).call == 2
    assert await rig.refused(lease, 4) == "lease_spent"  # beyond the calls


async def test_two_uses_at_once_have_one_winner(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    rig.gate = asyncio.Event()
    tasks = [asyncio.create_task(rig.use(lease)) for _ in range(8)]
    await asyncio.sleep(0)
    rig.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in results) == 1
    assert {one.code for one in results if isinstance(one, Denied)} == {"lease_spent"}


@pytest.mark.parametrize(
    ("url", "method"),
    [
        ("https://api.example/v1/messages", "GET"),
        ("https://other.example/v1/messages", "POST"),
        ("https://api.example:8443/v1/messages", "POST"),
        ("http://api.example:443/v1/messages", "POST"),
        ("https://api.example/v10", "POST"),
        ("https://api.example/", "POST"),
    ],
)
async def test_host_or_method_outside_the_scope(rig, url, method):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    assert await rig.refused(lease, 1, parse_url(url), method) == "out_of_scope"
    assert await rig.use(lease)  # and the call is not lost


async def test_a_lease_expired_by_a_second_on_either_clock(rig):
    first, second = [await rig.leases.issue(scope(), CREDENTIAL) for _ in range(2)]
    rig.seconds += 59
    rig.wall_ms += 59_000
    assert await rig.use(first)
    rig.seconds += 1
    assert await rig.refused(first, 2) == "lease_expired"
    rig.seconds -= 1
    rig.wall_ms += 1_000
    assert await rig.refused(second) == "lease_expired"
    assert rig.whats()[-1] == ("lease.expire", "info")


async def test_a_clock_rolled_back_extends_nothing(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    rig.seconds += 61
    rig.wall_ms -= 3600_000
    assert await rig.refused(lease) == "lease_expired"


async def test_a_lease_is_void_after_a_restart(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    after = Rig()
    assert await after.refused(lease) == "lease_unknown"


async def test_guessing_is_recorded_limited_and_alarmed(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    codes = []
    for number in range(limits.GUESSES + 5):
        with pytest.raises(Denied) as caught:
            await rig.leases.consume(f"{lease.id[:9]}{number}", 1, TARGET, "POST")
        codes.append(caught.value.code)
    assert codes == ["lease_unknown"] * limits.GUESSES + ["limited"] * 5
    assert [what for what, _ in rig.whats()].count("lease.guessing") == 1
    assert await rig.use(lease)  # the real one still works
    rig.seconds += limits.GUESS_WINDOW_MS / 1000 - 60 + 1
    assert lease.id not in repr(rig.events) + repr(lease)


async def test_use_after_the_run_ended(rig):
    lease, other = await rig.leases.issue(scope(), CREDENTIAL), await rig.leases.issue(scope(run="r2"), CREDENTIAL)
    assert await rig.leases.revoke(run="r1") == 1
    assert await rig.refused(lease) == "lease_expired"
    assert await rig.use(other)


async def test_a_credential_rotated_in_mid_run_voids_the_lease(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    assert await rig.leases.credential_changed("another") == 0
    assert await rig.use(lease)
    assert await rig.leases.credential_changed("key") == 1
    with pytest.raises(Denied, match="was changed since") as caught:
        await rig.use(lease, 2)
    assert caught.value.code == "lease_expired"


async def test_a_credential_goes_nowhere_but_where_it_belongs(rig):
    for changes in ({"host": "evil.example"}, {"host": "api.example.evil"}, {"port": 8443}, {"scheme": "http"}):
        with pytest.raises(Denied) as caught:
            await rig.leases.issue(scope(**changes), CREDENTIAL)
        assert caught.value.code == "bad_binding"
    assert await rig.leases.issue(scope(), CREDENTIAL)


async def test_without_a_record_nothing_is_granted_and_the_call_stays_spent(rig):
    lease = await rig.leases.issue(scope(), CREDENTIAL)
    rig.fails = True
    with pytest.raises(AuditUnavailable):
        await rig.use(lease)
    with pytest.raises(AuditUnavailable):
        await rig.leases.issue(scope(), CREDENTIAL)
    rig.fails = False
    assert await rig.refused(lease) == "lease_spent"
    assert await rig.use(lease, 2)
    assert len(rig.leases) == 1


async def test_an_approval_is_good_for_one_lease(rig):
    url = "https://api.example/v1"
    asked = scope(purpose="fetch", credential=None, approval="a1", fetch_url=url, calls=1)
    lease = await rig.leases.issue(asked, None)
    assert await rig.refused(lease, 1, parse_url("https://api.example/v1/other")) == "out_of_scope"
    assert await rig.use(lease, 1, parse_url(url))
    with pytest.raises(Denied):
        await rig.leases.issue(asked, None)


async def test_there_are_only_so_many_leases(rig):
    for _ in range(limits.LEASES):
        await rig.leases.issue(scope(), CREDENTIAL)
    with pytest.raises(Denied) as caught:
        await rig.leases.issue(scope(), CREDENTIAL)
    assert caught.value.code == "limited"
    rig.seconds += 61
    assert await rig.leases.issue(scope(), CREDENTIAL)


async def test_bytes_run_out(rig):
    lease = await rig.leases.issue(scope(bytes=10), CREDENTIAL)
    (await rig.use(lease)).spent(10)
    assert await rig.refused(lease, 2) == "lease_spent"


@pytest.mark.parametrize(
    "changes",
    [
        {"calls": limits.LEASE_CALLS + 1},
        {"calls": 0},
        {"calls": True},
        {"bytes": limits.LEASE_BYTES + 1},
        {"ttl_s": limits.LEASE_TTL_S + 1},
        {"ttl_s": 1.5},
        {"port": 0},
        {"host": "API.example"},
        {"host": "*"},
        {"host": ""},
        {"host": "api.example."},
        {"host": 7},
        {"path": "/v1/../x"},
        {"path": "v1"},
        {"methods": []},
        {"methods": ["TRACE"]},
        {"methods": ["POST"] * (limits.SCOPE_METHODS + 1)},
        {"purpose": "any"},
        {"run": "r" * (limits.SCOPE_TEXT_CHARS + 1)},
        {"run": "a\nb"},
        {"approval": "a1"},
        {"more": 1},
    ],
)
def test_a_scope_that_is_not_exact_is_refused(changes):
    assert read_scope(scope().as_dict()) == scope()
    with pytest.raises(BadRequest):
        read_scope(scope().as_dict() | changes)


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "+1", "1.0", "1_0", "9" * 7, "\u0661"])
def test_a_call_number_has_one_spelling(text):
    assert call_number("12") == 12
    with pytest.raises(BadRequest):
        call_number(text)
