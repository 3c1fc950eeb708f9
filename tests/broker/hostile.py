"""The outside, for tests: a throwaway CA, servers over real TLS that answer with whatever bytes a test wants, a
resolver that says what it is told, and grants."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from broker.dial import Dialer
from broker.egress_core import check_rules, decide, make_rules, parse_url
from broker.errors import Unavailable
from broker.forward import Forwarder
from broker.request_headers import Credential

LOOPBACK = bytes([127, 0, 0, 1])
SECOND_LOOPBACK = bytes([127, 0, 0, 2])
PRIVATE = bytes([10, 0, 0, 1])
PUBLIC = bytes([93, 184, 215, 14])
CANARY = "sk-canary-0123456789-ABCDEFxyz"


class Authority:
    """A CA of a test's own: `file` is its certificate; `server_context(names)` one for a server."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throwaway")])
        certificate = self._sign(self._subject, self._key, [x509.BasicConstraints(True, None)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self, *names: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        listed = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._sign(subject, key, [x509.SubjectAlternativeName(listed)])
        path = self._folder / f"{self._name}-{names[0]}.pem"
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _sign(self, subject, key, extensions):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())


class Server:
    """Reads one request after the other and gives each to `answer(head, body, writer)`; keeps what came."""

    def __init__(self, answer, context: ssl.SSLContext | None) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list = []
        self._answer = answer
        self._context = context

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def header(self, name: bytes) -> list[bytes]:
        lines = self.heads[-1].split(b"\r\n")[1:]
        pairs = [line.split(b": ", 1) for line in lines if b": " in line]
        return [value for each, value in pairs if each.lower() == name]

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._tasks.append(asyncio.current_task())
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                self.bodies.append(await self._read_body(reader))
                await self._answer(self.heads[-1], self.bodies[-1], writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.transport.abort()

    async def _read_body(self, reader) -> bytes:
        if length := self.header(b"content-length"):
            return await reader.readexactly(int(length[0]))
        body = b""
        if self.header(b"transfer-encoding"):
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        return body


def says(*pieces: bytes):
    """An answer of these bytes, whatever was asked; b"" closes the connection."""

    async def answer(head, body, writer):
        for piece in pieces:
            if piece:
                writer.write(piece)
                await writer.drain()
            else:
                writer.close()

    return answer


def reply(body: bytes = b"fine", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer with its length."""
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body])


class FakeResolver:
    """Answers each look-up with the next of `answers`, the last one for ever; counts."""

    def __init__(self, *answers: list[bytes]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, target) -> list[bytes]:
        self.asked.append(target.host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise Unavailable("dns", "no address")
        return found


class FakeSecret:
    """As broker/secrets.py's."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<secret>"

    def reveal(self) -> str:
        return self._value


class FakeGrant:
    """A grant with a credential for one place, or with none."""

    def __init__(self, url: str | None = None, *, value: str = CANARY, header: str = "x-api-key", size: int = 2**30):
        self.credential: Credential | None = None
        if url:
            place = parse_url(url)
            self.credential = Credential(FakeSecret(value), place.scheme, place.host, place.port, header)
        self.owner = "family"
        self.bytes_left = size

    def spent(self, count: int) -> None:
        self.bytes_left -= count


def allow_loopback(target):
    """A decision that admits test servers on loopback, as a rule for that network would."""
    rule = {
        "name": "test",
        "effect": "allow",
        "network": "127.0.0.0/8",
        "ports": [target.port],
        "scheme": target.scheme,
    }
    rules = make_rules("v1", check_rules([rule]))
    address = parse_url(f"{target.scheme}://127.0.0.1:{target.port}/")
    return decide({"target": address, "method": "GET", "group": None, "credential": None}, rules, [], 0)


async def nothing():
    """A request body without bytes."""
    for piece in ():
        yield piece


async def some(*pieces: bytes):
    """A request body."""
    for piece in pieces:
        yield piece


class Outside:
    """A forwarder of the real parts with a fake resolver, and short ways to use it."""

    def __init__(self, ca: Path, resolver=None) -> None:
        self.resolver = resolver or FakeResolver([LOOPBACK])
        self.dialer = Dialer(ca)
        self.forwarder = Forwarder(self.resolver, self.dialer)

    async def ask(self, url: str, grant=None, *, method="GET", headers=(), body=None, decision=None):
        """(status, headers, whole body) of one request."""
        response = await self.open(url, grant, method=method, headers=headers, body=body, decision=decision)
        assert not isinstance(response.body, bytes)
        parts = [piece async for piece in response.body]
        return response.status, response.headers, b"".join(parts)

    async def open(self, url: str, grant=None, *, method="GET", headers=(), body=None, decision=None):
        target = parse_url(url)
        route = await self.forwarder.route(target, decision or allow_loopback(target))
        return await self.forwarder.send(route, method, list(headers), body or nothing(), grant or FakeGrant())
