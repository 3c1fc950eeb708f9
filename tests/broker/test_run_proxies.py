"""A run's own proxy, opened over the admin interface's handler, with the real leases, rules and audit log."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from broker import limits
from broker.audit.log import AuditUnavailable
from broker.egress_core import make_rules, parse_url
from broker.errors import BadRequest, Denied
from broker.forward import Forwarder
from broker.lease_scope import LeaseScope
from broker.run_proxies import RunProxies
from broker.service import Service
from tests.broker.hostile import Server, reply, says

RUN = {"run": "r1", "group": "family"}


class Rig:
    """Proxies of a service whose policy a test may turn; `events` is what was recorded."""

    def __init__(self, folder, outside):
        self.events: list[dict[str, Any]] = []
        self.fails = False
        self.rules = make_rules("v1", [])
        forwarder = Forwarder(outside.resolver, outside.dialer)
        vault: Any = SimpleNamespace()
        log: Any = SimpleNamespace(append=self.append)
        self.service = Service(vault, log, forwarder, lambda: self.rules)
        self.leases = self.service.leases
        self.proxies = RunProxies(folder, self.leases, self.service.judge, forwarder, outside.dialer)

    async def append(self, event):
        if self.fails:
            raise AuditUnavailable("full", "the disk is full")
        self.events.append(event)

    def allow(self, server, **more):
        rule = {"name": "own", "effect": "allow", "host": "localhost", "ports": [server.port], "private": True}
        self.rules = make_rules("v2", [rule | {"scheme": "http"} | more])

    async def ask(self, path, server, method="GET", host="localhost"):
        place = f"{host}:{server.port}"
        target = place if method == "CONNECT" else f"http://{place}/"
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        try:
            async with asyncio.timeout(5):
                return int((await reader.readuntil(b"\r\n\r\n")).split()[1])
        finally:
            writer.transport.abort()


@pytest.fixture
async def rig(tmp_path, outside):
    made = Rig(tmp_path / "runs", outside)
    yield made
    await made.proxies.close()


async def test_a_run_reaches_what_the_rules_allow_and_each_request_is_recorded(rig):
    async with Server(says(reply()), None) as server:
        path = (await rig.proxies.open(RUN))["path"]
        assert await rig.ask(path, server) == 403 and server.connections == 0
        rig.allow(server)
        assert await rig.ask(path, server) == 200 and server.connections == 1
        assert await rig.ask(path, server, host="127.0.0.1") == 403
    assert [(one["what"], one["decision"]) for one in rig.events] == [
        ("lease.issue", "info"),
        ("lease.deny", "deny"),
        ("lease.use", "allow"),
        ("lease.deny", "deny"),
    ]
    assert all((one["run"], one["folder"]) == ("r1", "family") for one in rig.events)


async def test_a_rule_of_one_group_opens_nothing_for_another_run(rig):
    async with Server(says(reply()), None) as server:
        rig.allow(server, groups=["family"])
        own = (await rig.proxies.open(RUN))["path"]
        other = (await rig.proxies.open({"run": "r2", "group": "work"}))["path"]
        assert await rig.ask(own, server) == 200 and await rig.ask(other, server) == 403


async def test_a_tunnel_takes_a_rule_for_every_method(rig):
    async with Server(says(reply()), None) as server:
        path = (await rig.proxies.open(RUN))["path"]
        rig.allow(server, scheme="https", methods=["GET"])
        assert await rig.ask(path, server, "CONNECT") == 403
        rig.allow(server, scheme="https")
        assert await rig.ask(path, server, "CONNECT") == 200


async def gone(rig) -> None:
    async with asyncio.timeout(5):
        await asyncio.wait(rig.proxies._tasks)


async def test_the_socket_is_gone_when_the_run_is_revoked(rig, tmp_path):
    for _ in range(2):
        await rig.proxies.open(RUN)
    await rig.proxies.open(RUN | {"run": "r2"})
    ending = {task for lease in rig.leases._by_digest.values() if lease.scope.run == "r1" for task in lease.tasks}
    assert await rig.leases.revoke(run="r1") == 2
    async with asyncio.timeout(1):
        await asyncio.wait(ending)
    assert len(list((tmp_path / "runs").iterdir())) == len(rig.proxies) == 1


@pytest.mark.parametrize("clock", ["_monotonic", "_wall_ms"])
async def test_the_socket_is_gone_when_the_leases_time_is_over_by_either_clock(rig, tmp_path, monkeypatch, clock):
    monkeypatch.setattr(limits, "PROXY_LOOK_MS", 5)
    await rig.proxies.open(RUN)
    real = getattr(rig.leases, clock)
    setattr(rig.leases, clock, lambda: real() * 2)
    await gone(rig)
    assert list((tmp_path / "runs").iterdir()) == []


async def test_without_a_record_nothing_goes_out(rig):
    async with Server(says(reply()), None) as server:
        path = (await rig.proxies.open(RUN))["path"]
        rig.allow(server)
        rig.fails = True
        assert await rig.ask(path, server) == 403 and server.connections == 0
        rig.fails = False
        assert await rig.ask(path, server) == 200


async def test_the_policy_changes_while_the_name_is_looked_up(rig, outside):
    async with Server(says(reply()), None) as server:
        path = (await rig.proxies.open(RUN))["path"]
        rig.allow(server)
        found = await outside.resolver.resolve(parse_url("http://localhost/"))

        async def resolve(target):
            rig.rules = make_rules("v3", [])
            return found

        outside.resolver.resolve = resolve
        assert await rig.ask(path, server) == 403 and server.connections == 0


async def test_proxies_and_their_connections_are_bounded(rig, monkeypatch):
    monkeypatch.setattr(limits, "PROXIES", 1)
    monkeypatch.setattr(limits, "PROXY_CONNECTIONS", 1)
    path = (await rig.proxies.open(RUN))["path"]
    with pytest.raises(Denied) as caught:
        await rig.proxies.open(RUN)
    assert caught.value.code == "limited"
    _, first = await asyncio.open_unix_connection(path)
    reader, second = await asyncio.open_unix_connection(path)
    async with asyncio.timeout(5):
        try:
            assert await reader.read() == b""
        except ConnectionError as error:
            assert error
    first.transport.abort()
    second.transport.abort()


@pytest.mark.parametrize(
    "changes",
    [{"run": ""}, {"ttl_s": limits.LEASE_TTL_S + 1}, {"credential": "key"}, {"host": "api.test"}, {"calls": 0}],
)
async def test_a_scope_with_a_credential_a_place_or_beyond_its_bounds_is_refused(rig, changes):
    with pytest.raises(BadRequest):
        await rig.proxies.open(RUN | changes)
    assert len(rig.proxies) == 0 and rig.events == []


def test_a_proxys_lease_names_no_place():
    scope = LeaseScope("r1", "family", "proxy", "https", "", 0, ("GET",))
    assert scope.origin == "what the rules allow" and scope.outside(parse_url("https://a.example/"), "POST") is not None
