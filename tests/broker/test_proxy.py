"""The proxy of a run, over its unix socket, against servers over real TLS."""

import asyncio
import os
import ssl

import pytest

from broker import limits
from broker.client_hello import server_name
from broker.egress_core import METHODS, decide, make_rules
from broker.errors import BadRequest
from broker.http_server import serve_unix
from broker.proxy import Proxy
from tests.broker.hostile import (
    LOOPBACK,
    PRIVATE,
    FakeGrant,
    FakeResolver,
    Outside,
    Server,
    allow_loopback,
    reply,
    says,
)


class FakeGate:
    """Admits what the rules for loopback admit, and keeps what was asked and refused."""

    def __init__(self):
        self.grant = FakeGrant()
        self.consumed = []
        self.refusals = []

        self.methods = METHODS

    def decide(self, target, method):
        return allow_loopback(target) if method in self.methods else nobody_allows(target)

    async def consume(self, target, method):
        self.consumed.append((method, target.origin))
        return self.grant

    async def refused(self, target, method, error):
        self.refusals.append((method, error.code))


def nobody_allows(target):
    rules = make_rules("v1", [])
    return decide({"target": target, "method": "GET", "group": None, "credential": None}, rules, [], 0)


class Run:
    """A run's end of the socket."""

    def __init__(self, authority, path, resolver=None):
        self.authority, self.path = authority, str(path)
        self.outside = Outside(authority.file, resolver)
        self.gate = FakeGate()
        self.proxy = Proxy(self.outside.forwarder, self.outside.dialer, self.gate)

    async def __aenter__(self):
        self.server = await serve_unix(self.path, self.proxy.handle)
        return self

    async def __aexit__(self, *_):
        await self.proxy.close()
        await self.server.close()
        self.outside.dialer.close()

    async def ask(self, raw: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.path)
        writer.write(raw)
        try:
            async with asyncio.timeout(10):
                return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            return getattr(error, "partial", b"")
        finally:
            writer.transport.abort()

    async def tunnel(self, server, host="api.test"):
        """Streams of an open tunnel, before any TLS."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        place = f"{host}:{server.port}"
        writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    def trusting(self):
        return ssl.create_default_context(cafile=str(self.authority.file))


@pytest.fixture
async def run(authority, tmp_path):
    async with Run(authority, tmp_path / "run.sock") as made:
        yield made


def hello(name: str | None) -> bytes:
    """A real client hello."""
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


async def ended(reader) -> bool:
    try:
        async with asyncio.timeout(10):
            return await reader.read() == b""
    except ConnectionError:
        return True


async def test_a_tunnel_carries_tls_end_to_end(run, tls):
    async with Server(says(reply(b"inside")), tls) as server:
        _, writer = await run.tunnel(server)
        await writer.start_tls(run.trusting(), server_hostname="api.test")
        writer.write(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        reader = writer._protocol._stream_reader
        assert (await reader.readuntil(b"inside")).startswith(b"HTTP/1.1 200")
        writer.transport.abort()
    assert run.gate.consumed == [("CONNECT", f"https://api.test:{server.port}")] and run.gate.refusals == []


BAD_HELLOS = {
    "another name": lambda: hello("evil.test"),
    "no name": lambda: hello(None),
    "no TLS at all": lambda: b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n",
    "a hidden name": lambda: with_extension(hello("api.test"), 0xFE0D, b"\0" * 8),
    "two names": lambda: with_extension(hello("api.test"), 0, b"\0\x0c\0\0\x09evil.test"),
}


def with_extension(data: bytes, kind: int, body: bytes) -> bytes:
    """A hello with one more extension at its end."""
    extra = kind.to_bytes(2) + len(body).to_bytes(2) + body
    message = data[5:]
    at = 4 + 2 + 32
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at : at + 2])
    at += 1 + message[at]
    size = int.from_bytes(message[at : at + 2]) + len(extra)
    message = message[:at] + size.to_bytes(2) + message[at + 2 :] + extra
    message = message[:1] + (len(message) - 4).to_bytes(3) + message[4:]
    return data[:3] + len(message).to_bytes(2) + message


@pytest.mark.parametrize("name", BAD_HELLOS)
async def test_connect_to_a_then_sni_of_b(run, tls, name):
    async with Server(says(reply()), tls) as server:
        reader, writer = await run.tunnel(server)
        writer.write(BAD_HELLOS[name]())
        assert await ended(reader)
        assert server.connections == 0 and run.outside.dialer.dialled == 0
        assert len(run.gate.refusals) == 1
        writer.transport.abort()


async def test_a_proxy_that_believes_connect_would_be_caught(run, tls, monkeypatch):
    monkeypatch.setattr("broker.proxy.server_name", lambda data: "api.test" if data else None)
    async with Server(says(reply()), tls) as server:
        reader, writer = await run.tunnel(server)
        writer.write(hello("evil.test"))
        assert await reader.read(1) and run.outside.dialer.dialled == 1 and run.gate.refusals == []
        writer.transport.abort()


async def test_a_hello_that_does_not_come_ends_the_tunnel(run, tls, monkeypatch):
    monkeypatch.setattr(limits, "HELLO_TIMEOUT_MS", 50)
    async with Server(says(reply()), tls) as server:
        reader, writer = await run.tunnel(server)
        assert await ended(reader) and server.connections == 0
        writer.transport.abort()


@pytest.mark.parametrize(
    "target",
    [
        "api.test",
        "api.test:",
        "api.test:0443",
        "good@api.test:443",
        "0x7f.1:443",
        "api.test.:443",
        "api.test:443/x",
        ":443",
    ],
)
async def test_connect_to_what_is_no_canonical_host_and_port(run, target):
    answer = await run.ask(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    assert b" 400 " in answer and run.gate.consumed == [] and run.outside.resolver.asked == []


async def test_connect_to_a_with_host_b(run):
    answer = await run.ask(b"CONNECT api.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n")
    assert b" 400 " in answer and run.gate.consumed == []


async def test_absolute_target_against_host_header(run):
    async with Server(says(reply(b"plain")), None) as server:
        place = f"api.test:{server.port}"
        answer = await run.ask(f"GET http://{place}/ HTTP/1.1\r\nHost: evil.test\r\n\r\n".encode())
        assert b" 400 " in answer and server.connections == 0
        assert b" 200 " in await run.ask(f"GET http://{place}/ HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())


@pytest.mark.parametrize("target", ["https://api.test/", "/", "*", "api.test:443"])
async def test_only_absolute_http_targets_are_forwarded(run, target):
    answer = await run.ask(f"GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n".encode())
    assert b" 400 " in answer and run.gate.consumed == []


async def test_private_addresses_are_refused(authority, tmp_path):
    async with Run(authority, tmp_path / "s", FakeResolver([LOOPBACK, PRIVATE])) as run:
        answer = await run.ask(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
        assert b" 403 " in answer and run.gate.consumed == [] and run.gate.refusals == [("CONNECT", "denied")]


async def test_a_tunnel_ends_at_once_when_its_lease_is_revoked(run, tls):
    async with Server(says(reply()), tls) as server:
        reader, writer = await run.tunnel(server)
        writer.write(hello("api.test"))
        await reader.read(1)  # the server's hello: the tunnel is up
        await run.proxy.close()
        try:
            async with asyncio.timeout(1):
                while await reader.read(65536):
                    continue
        except ConnectionError as error:
            assert error
        writer.transport.abort()


async def test_a_tunnel_is_bounded_in_bytes(run, tls):
    run.gate.grant.bytes_left = 600
    async with Server(says(reply()), tls) as server:
        reader, writer = await run.tunnel(server)
        writer.write(hello("api.test"))
        assert await ended(reader)
        assert ("CONNECT", "lease_spent") in run.gate.refusals
        writer.transport.abort()


@pytest.mark.parametrize(
    ("bound", "value"), [("TUNNEL_BYTES", 600), ("TUNNEL_TIMEOUT_MS", 50), ("TUNNEL_IDLE_TIMEOUT_MS", 50)]
)
async def test_a_tunnel_has_an_end(run, tls, monkeypatch, bound, value):
    monkeypatch.setattr(limits, bound, value)
    async with Server(says(reply()), tls) as server:
        reader, writer = await run.tunnel(server)
        writer.write(hello("api.test"))
        try:
            async with asyncio.timeout(5):
                while await reader.read(65536):
                    continue
        except ConnectionError as error:
            assert error
        assert run.proxy._tunnels == set()
        writer.transport.abort()


async def test_tunnels_are_bounded_in_number(run, tls, monkeypatch):
    async with Server(says(reply()), tls) as server:
        _, writer = await run.tunnel(server)
        monkeypatch.setattr(limits, "TUNNELS", 1)
        place = f"api.test:{server.port}"
        assert b" 429 " in await run.ask(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        writer.transport.abort()


def test_a_hello_is_read_at_every_split():
    data = hello("api.test")
    assert server_name(data) == "api.test"
    assert all(server_name(data[:at]) is None for at in range(len(data)))


def test_a_hello_without_end_is_refused():
    long = b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + os.urandom(limits.HELLO_BYTES)
    with pytest.raises(BadRequest, match="too long"):
        server_name(long[: limits.HELLO_BYTES])


async def test_a_tunnel_takes_a_rule_for_all_methods(run):
    run.gate.methods = ("GET", "HEAD")
    answer = await run.ask(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
    assert b" 403 " in answer and run.gate.consumed == [] and run.outside.resolver.asked == []
