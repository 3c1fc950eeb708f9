"""What happens at the same time: the broker's service with its real parts, against servers over real TLS."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any

import pytest

from broker import limits
from broker.audit.log import AuditLog, AuditUnavailable
from broker.egress_core import make_rules, parse_url
from broker.errors import BrokerError, Denied
from broker.forward import Forwarder
from broker.http_message import AnswerError, Request
from broker.http_server import serve_unix
from broker.lease_scope import LeaseScope
from broker.model_endpoints import ModelEndpoint, ModelEndpoints
from broker.request_headers import Credential
from broker.service import Service
from tests.broker.hostile import CANARY, LOOPBACK, FakeSecret, Server, nothing, reply
from tests.broker.test_forward_unlisted import chunked

KEY = b"k" * 32
EVENT_STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Broker:
    """A service whose policy and clocks a test may turn; `events` is what it recorded."""

    def __init__(self, outside, audit, server):
        self.outside, self.audit = outside, audit
        self.place = parse_url(f"https://localhost:{server.port}/")
        self.rules = make_rules("v1", [])
        self.events: list[dict[str, Any]] = []
        self.fails = False
        endpoint = ModelEndpoint("https", "localhost", server.port, "/")
        self.service = Service(
            self,  # pyright: ignore[reportArgumentType]
            SimpleNamespace(append=self.append),  # pyright: ignore[reportArgumentType]
            Forwarder(outside.resolver, outside.dialer),
            lambda: self.rules,
            endpoints=ModelEndpoints([endpoint]),
        )
        self.seconds, self.wall_ms = 1000.0, 1_795_000_000_000
        leases: Any = self.service.leases
        leases._monotonic, leases._wall_ms = lambda: self.seconds, lambda: self.wall_ms

    async def append(self, event):
        if self.fails:
            raise AuditUnavailable("full", "the disk is full")
        head = await self.audit.append(event)
        self.events.append(event)
        return head

    async def credential(self, name):
        return Credential(FakeSecret(CANARY), "https", "localhost", self.place.port, "x-api-key")

    def used(self, name):
        return None

    async def lease(self, **changes):
        facts: dict[str, Any] = {
            "run": "r1",
            "group": "main",
            "purpose": "model",
            "credential": "key",
            "scheme": "https",
        }
        facts |= {"host": "localhost", "port": self.place.port, "methods": ("GET",), "calls": 300}
        return await self.service.open_lease(LeaseScope(**(facts | changes)))

    async def ask(self, lease, call=1, **more) -> Any:
        host = ("host", self.place.authority)
        headers = [host, ("barnacle-lease", lease.id), ("barnacle-call", str(call)), *more.pop("headers", [])]
        return await self.service.forward(Request("GET", self.place.url, headers, more.pop("body", nothing()), None))

    async def code(self, lease, call=1):
        with pytest.raises(BrokerError) as caught:
            await self.ask(lease, call)
        return caught.value.code

    def whats(self):
        return [event["what"] for event in self.events]


@pytest.fixture(scope="module")
def tls(authority):
    return authority.server_context("localhost")


@pytest.fixture
async def audit(tmp_path):
    log = await AuditLog.open(tmp_path / "audit", KEY)
    yield log
    await log.close()


async def whole(response) -> bytes:
    return b"".join([piece async for piece in response.body])


class Slow:
    """A server's answer that waits: `asked` when a request came; it goes on when `go` is set."""

    def __init__(self, head: bytes, rest: bytes):
        self.head, self.rest = head, rest
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, head, body, writer):
        writer.write(self.head)
        await writer.drain()
        self.asked.set()
        await self.go.wait()
        writer.write(self.rest)


def let_go(server) -> None:
    server._answer.go.set()


async def asked(server) -> None:
    await server._answer.asked.wait()


async def test_two_uses_of_a_call_number_at_once_send_one_request(outside, tls, audit):
    async with Server(Slow(b"", reply()), tls) as server:
        let_go(server)
        broker = Broker(outside, audit, server)
        lease = await broker.lease()
        ended = await asyncio.gather(*[broker.ask(lease) for _ in range(20)], return_exceptions=True)
        sent = [one for one in ended if not isinstance(one, BaseException)]
        refused = [one.code for one in ended if isinstance(one, Denied)]
        assert len(sent) == 1 and refused == ["lease_spent"] * 19 and len(server.heads) == 1
        assert await whole(sent[0]) == b"fine"
    assert broker.whats().count("lease.use") == 1 and broker.whats().count("lease.deny") == 19


async def test_revoked_during_the_connect_nothing_is_sent(outside, tls, audit, monkeypatch):
    async with Server(Slow(b"", reply()), tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease()
        connecting = asyncio.Event()

        async def connect(*_):
            connecting.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(outside.dialer, "_dial", connect)
        call = asyncio.create_task(broker.code(lease))
        await connecting.wait()
        assert await broker.service.leases.revoke(run="r1") == 1
        async with asyncio.timeout(1):
            assert await call == "outcome_unknown"
        assert server.heads == [] and broker.whats()[-1] in ("lease.fail", "lease.revoke")


async def test_the_audit_log_fails_at_the_consume_and_nothing_is_dialled(outside, tls, audit):
    async with Server(Slow(b"", reply()), tls) as server:
        let_go(server)
        broker = Broker(outside, audit, server)
        lease = await broker.lease()
        broker.fails = True
        assert await broker.code(lease) == "audit_unavailable" and outside.dialer.dialled == 0
        broker.fails = False
        assert await broker.code(lease) == "lease_spent"  # the number stays spent
        assert await whole(await broker.ask(lease, 2)) == b"fine"  # the allowed twin


async def test_the_audit_log_fails_between_consume_and_answer_and_the_answer_still_comes(outside, tls, audit):
    async with Server(Slow(b"", reply()), tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease()
        call = asyncio.create_task(broker.ask(lease))
        await asked(server)
        broker.fails = True
        let_go(server)
        assert await whole(await call) == b"fine"
        assert await broker.code(lease, 2) == "audit_unavailable" and len(server.heads) == 1


def rule_for(broker, effect="allow", version="v2"):
    rule = {"name": "own", "effect": effect, "host": "localhost", "ports": [broker.place.port], "private": True}
    if effect == "deny":
        del rule["private"]
    return make_rules(version, [rule])


async def test_the_policy_changes_between_decide_and_dial(outside, tls, audit):
    async with Server(Slow(b"", reply()), tls) as server:
        let_go(server)
        broker = Broker(outside, audit, server)
        broker.rules = rule_for(broker)
        lease = await broker.lease(purpose="fetch", host="localhost", credential=None)
        assert await whole(await broker.ask(lease)) == b"fine"

        async def resolve(target):
            broker.rules = rule_for(broker, "deny", "v3")  # while the name is looked up
            return [LOOPBACK]

        outside.resolver.resolve = resolve
        assert await broker.code(lease, 2) == "denied" and len(server.heads) == 1


async def test_an_approved_ask_admits_what_its_rule_admits_and_no_address_more(outside, tls, audit):
    async with Server(Slow(b"", reply()), tls) as server:
        let_go(server)
        broker = Broker(outside, audit, server)
        broker.rules = rule_for(broker, "ask")
        facts: dict[str, Any] = {"purpose": "fetch", "host": "localhost", "credential": None, "calls": 1}
        assert await broker.code(await broker.lease(**facts)) == "ask"
        facts["fetch_url"] = broker.place.url
        assert await whole(await broker.ask(await broker.lease(**facts, approval="a1"))) == b"fine"
        outside.resolver.answers = [[bytes([169, 254, 169, 254])]]
        assert await broker.code(await broker.lease(**facts, approval="a2")) == "denied"
        with pytest.raises(Denied):
            await broker.lease(**facts, approval="a1")  # used already


@pytest.mark.parametrize("clock", ["monotonic", "wall"])
async def test_a_lease_that_expires_ends_a_long_answer(outside, tls, audit, clock):
    async with Server(Slow(EVENT_STREAM + b"2\r\nok\r\n", b"2\r\nok\r\n"), tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease(ttl_s=60)
        response = await broker.ask(lease)
        assert await anext(response.body) == b"ok"
        if clock == "monotonic":
            broker.seconds += 61
        else:
            broker.wall_ms += 61_000
        let_go(server)
        with pytest.raises(AnswerError):
            await anext(response.body)
        await response.body.aclose()


async def test_a_lease_that_expires_ends_an_answer_that_says_nothing(outside, tls, audit):
    async with Server(Slow(EVENT_STREAM + b"2\r\nok\r\n", b""), tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease(ttl_s=60)
        response = await broker.ask(lease)
        assert await anext(response.body) == b"ok"
        broker.seconds += 59.9  # a tenth of a second is left of it, on a clock that does not go on by itself
        async with asyncio.timeout(5):
            with pytest.raises(AnswerError):
                await anext(response.body)
        await response.body.aclose()
        let_go(server)


async def test_a_body_that_was_never_read_gives_its_connection_up(outside, tls, audit):
    gone = asyncio.Event()

    async def answer(head, body, writer):
        writer.write(EVENT_STREAM)
        await writer.drain()
        asyncio.get_running_loop().create_task(closed(writer))

    async def closed(writer):
        await writer.wait_closed()
        gone.set()

    async with Server(answer, tls) as server:
        broker = Broker(outside, audit, server)
        response = await broker.ask(await broker.lease())
        await response.body.aclose()
        async with asyncio.timeout(2):
            await gone.wait()


async def test_a_client_that_goes_in_mid_answer_closes_the_other_side_and_its_bytes_count(
    outside, tls, audit, tmp_path
):
    async with Server(Slow(EVENT_STREAM + b"2\r\nok\r\n", b""), tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease(bytes=1000)
        listening = await serve_unix(tmp_path / "s", broker.service.forward)
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        head = f"GET {broker.place.url} HTTP/1.1\r\nHost: {broker.place.authority}\r\n"
        writer.write(f"{head}Barnacle-Lease: {lease.id}\r\nBarnacle-Call: 1\r\n\r\n".encode())
        assert b"ok" in await reader.readuntil(b"ok\r\n")
        assert lease.bytes_left == 998 and len(lease.tasks) == 1
        (task,) = lease.tasks
        writer.transport.abort()
        async with asyncio.timeout(2):
            await asyncio.wait([task])
        assert lease.tasks == set() and outside.dialer._idle == {}
        let_go(server)
        await listening.close()


async def test_a_slow_reader_holds_the_other_side_back(outside, tls, audit, tmp_path):
    size, piece = 0, b"10000\r\n" + b"x" * 65536 + b"\r\n"

    async def answer(head, body, writer):
        nonlocal size
        writer.write(EVENT_STREAM)
        while size < 60_000_000:
            writer.write(piece)
            await writer.drain()
            size += 65536

    async with Server(answer, tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease(bytes=limits.LEASE_BYTES)
        listening = await serve_unix(tmp_path / "s", broker.service.forward)
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"), limit=1024)
        head = f"GET {broker.place.url} HTTP/1.1\r\nHost: {broker.place.authority}\r\n"
        writer.write(f"{head}Barnacle-Lease: {lease.id}\r\nBarnacle-Call: 1\r\n\r\n".encode())
        await reader.read(1)
        before = -1
        while before != size:  # until nothing moves any more
            before = size
            for _ in range(200):
                await asyncio.sleep(0.001)
        assert 0 < size < 20_000_000
        writer.transport.abort()
        await listening.close()


async def test_a_hundred_answers_at_once_are_bounded_in_descriptors_and_all_end(outside, tls, audit, tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    async with Server(Slow(EVENT_STREAM + b"2\r\nok\r\n", b"0\r\n\r\n"), tls) as server:
        broker = Broker(outside, audit, server)
        lease = await broker.lease(bytes=limits.LEASE_BYTES)
        listening = await serve_unix(tmp_path / "s", broker.service.forward)

        async def one(call):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            head = (
                f"GET {broker.place.url} HTTP/1.1\r\nHost: {broker.place.authority}\r\nBarnacle-Lease: {lease.id}\r\n"
            )
            writer.write(f"{head}Barnacle-Call: {call}\r\n\r\n".encode())
            try:
                await reader.readuntil(b"ok\r\n")
                started.release()
                return b"0\r\n\r\n" in await reader.readuntil(b"0\r\n\r\n")
            except (ConnectionError, asyncio.IncompleteReadError):
                return False
            finally:
                writer.transport.abort()

        started = asyncio.Semaphore(0)
        calls = [asyncio.create_task(one(call)) for call in range(1, 101)]
        for _ in range(limits.CONNECTIONS):
            await started.acquire()
        most = len(os.listdir("/proc/self/fd")) - before
        let_go(server)
        served = sum(await asyncio.gather(*calls))
        assert served == limits.CONNECTIONS and listening.refused == 100 - limits.CONNECTIONS
        assert most <= 6 * limits.CONNECTIONS + 20  # this test holds the other ends too
        assert sum(map(len, outside.dialer._idle.values())) <= limits.POOLED
        await listening.close()


async def test_no_refusal_of_a_call_goes_unrecorded(outside, tls, audit):
    async with Server(Slow(b"", reply()), tls) as server:
        let_go(server)
        broker = Broker(outside, audit, server)
        lease = await broker.lease()
        for url in ("https://localhost/%2e%2e", f"https://user@api.test:{server.port}/"):
            head = [("host", "localhost"), ("barnacle-lease", lease.id), ("barnacle-call", "1")]
            with pytest.raises(BrokerError):
                await broker.service.forward(Request("GET", url, head, nothing(), None))
        assert (
            broker.whats()[-2:] == ["lease.deny"] * 2 and [one["rule"] for one in broker.events[-2:]] == ["bad_url"] * 2
        )
        assert await whole(await broker.ask(lease)) == b"fine"


def test_chunks_are_made_as_the_server_makes_them():
    assert chunked(b"ok").startswith(EVENT_STREAM)
