"""What the admin interface refuses beyond its bounds, and takes up to them."""

import json

import httpx
import pytest

from broker import limits
from broker.client import BrokerClient, BrokerRefused
from broker.errors import Denied
from tests.broker.broker_process import BrokerProcess
from tests.broker.test_leases import Rig, parse_url, scope


@pytest.fixture
def broker(tmp_path):
    process = BrokerProcess(tmp_path / "state")
    yield process
    process.clear()


async def refused(work):
    with pytest.raises(BrokerRefused) as caught:
        await work
    return caught.value.code


async def test_so_many_overrides_and_audit_events_in_one_request_and_no_more(broker):
    event = {"what": "test.event", "src": "host", "ts_ms": 1}
    async with BrokerClient(broker.socket) as client:
        await client.set_overrides([{}] * limits.OVERRIDES)
        assert await refused(client.set_overrides([{}] * (limits.OVERRIDES + 1))) == "bad_request"
        assert (await client.append_audit([event] * limits.AUDIT_EVENTS))["n"] >= limits.AUDIT_EVENTS
        assert await refused(client.append_audit([event] * (limits.AUDIT_EVENTS + 1))) == "bad_request"
        for wrong in ([1], ["x"], [None]):
            assert await refused(client.append_audit(wrong)) == "bad_request"  # pyright: ignore[reportArgumentType]


async def test_a_body_of_the_admin_interface_is_bounded(broker):
    frame = len(json.dumps({"overrides": [], "x": ""}))
    transport = httpx.AsyncHTTPTransport(uds=str(broker.socket))
    async with httpx.AsyncClient(transport=transport) as plain:

        async def post(size):
            body = json.dumps({"overrides": [], "x": "y" * (size - frame)})
            assert len(body) == size
            return await plain.post("http://credentials/v1/overrides", content=body)

        assert (await post(limits.ADMIN_BODY_BYTES)).status_code == 200
        answer = await post(limits.ADMIN_BODY_BYTES + 1)
        assert (answer.status_code, answer.headers["barnacle-error"]) == (400, "too_large")
        for body in (b"[1]", b"{", b"\xff", b"[" * 50_000):
            answer = await plain.post("http://credentials/v1/overrides", content=body)
            assert answer.headers["barnacle-error"] == "bad_request"


async def test_used_approvals_are_remembered_up_to_the_bound():
    rig, url = Rig(), "https://api.example/v1"

    async def use(name):
        asked = scope(purpose="fetch", credential=None, approval=name, fetch_url=url, calls=1, run=name)
        lease = await rig.leases.issue(asked, None)
        await rig.use(lease, 1, parse_url(url))
        await rig.leases.revoke(run=name)

    for number in range(limits.APPROVALS):
        await use(f"a{number}")
    with pytest.raises(Denied):
        await use("a0")  # every one of them is still known
    await use("one-more")
    assert len(rig.leases._approvals) == limits.APPROVALS
    with pytest.raises(Denied):
        await use("a1")
