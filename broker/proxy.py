"""The forward proxy for what runs on a group's behalf: one unix socket per run, and the socket is its identity.

`http://` requests in absolute form are forwarded; `CONNECT name:443` opens a tunnel once the client's TLS hello has
asked for that very name. Every target is judged by the rules, resolved and checked; a tunnel carries no credential,
and takes a rule for all methods and paths, as nobody sees what passes through it.

    handler = Proxy(forwarder, gate).handle ; server = await serve_unix(path, handler)
"""

import asyncio
from contextlib import suppress
from typing import Protocol

from broker import limits
from broker.client_hello import server_name
from broker.dial import Dialer
from broker.egress_core import METHODS, Decision, Target, TargetError, parse_url
from broker.errors import BadRequest, BrokerError, Denied
from broker.forward import Forwarder, Grant, Route
from broker.http_message import Request, Response, error_response

_STATUS = {"bad_request": 400, "bad_url": 400, "too_large": 413, "limited": 429}
_GATEWAY = ("dns", "unreachable", "tls", "timeout", "bad_encoding", "outcome_unknown")


class Gate(Protocol):
    """What stands between a run's socket and the outside: the rules and the proxy lease of that run."""

    def decide(self, target: Target, method: str) -> Decision:
        """What the rules say."""
        ...

    async def consume(self, target: Target, method: str) -> Grant:
        """Take the lease's next call, recorded on the disk before it returns. Raises BrokerError."""
        ...

    async def refused(self, target: str, method: str, error: BrokerError) -> None:
        """Record a refusal that came before or after `consume`."""
        ...


class Proxy:
    """The handler of one run's socket. `close` ends its tunnels at once."""

    def __init__(self, forwarder: Forwarder, dialer: Dialer, gate: Gate) -> None:
        self._forwarder = forwarder
        self._dialer = dialer
        self._gate = gate
        self._tunnels: set[asyncio.Task[None]] = set()

    async def handle(self, request: Request) -> Response:
        """Serve one request of the run."""
        try:
            if request.method == "CONNECT":
                return await self._connect(request)
            return await self._forward(request)
        except BrokerError as error:
            await self._gate.refused(request.target, request.method, error)
            status = _STATUS.get(error.code, 502 if error.code in _GATEWAY else 403)
            return error_response(status, error.code, error.message, error.remedy)

    async def close(self) -> None:
        """End every tunnel: the lease is over."""
        for task in self._tunnels:
            task.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _forward(self, request: Request) -> Response:
        target = _parse(request.target)
        if target.scheme != "http":
            raise BadRequest("bad_request", "https goes through CONNECT", "let the client open a tunnel")
        if (request.header("host") or "").lower() != target.authority:
            raise BadRequest("bad_request", "Host and target differ", "name the same host in both")
        route = await self._forwarder.route(target, self._gate.decide(target, request.method))
        grant = await self._gate.consume(target, request.method)
        return await self._forwarder.send(route, request.method, request.headers, request.body, grant)

    async def _connect(self, request: Request) -> Response:
        host, _, port = request.target.rpartition(":")
        target = _parse(f"https://{host}:{port}/")
        if (target.path, target.query) != ("/", None) or "/" in request.target or not port:
            raise BadRequest("bad_request", "CONNECT takes host:port", "for example: CONNECT api.example:443")
        named = (request.header("host") or "").lower()
        if named not in (target.authority, f"{target.authority}:{target.port}"):
            raise BadRequest("bad_request", "Host and target differ", "name the same host in both")
        if len(self._tunnels) >= limits.TUNNELS:
            raise Denied("limited", f"there are {limits.TUNNELS} tunnels already", "close one")
        route = await self._forwarder.route(target, self._decide_tunnel(target))
        grant = await self._gate.consume(target, "CONNECT")

        async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._tunnel(route, grant, reader, writer), name="tunnel")
            self._tunnels.add(task)
            task.add_done_callback(self._tunnels.discard)
            await task

        return Response(200, tunnel=tunnel)

    def _decide_tunnel(self, target: Target) -> Decision:
        decisions = [self._gate.decide(target, method) for method in METHODS]
        return next((decision for decision in decisions if not decision.allowed), decisions[0])

    async def _tunnel(
        self, route: Route, grant: Grant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            hello = await _read_hello(reader, route.target)
            far_reader, far_writer, _ = await self._dialer.open(route.target, route.addresses, secure=False)
        except BrokerError as error:
            await self._gate.refused(route.target.origin, "CONNECT", error)
            return
        budget = _Budget(grant)
        try:
            async with asyncio.timeout(limits.TUNNEL_TIMEOUT_MS / 1000):
                budget.take(len(hello))
                far_writer.write(hello)
                await asyncio.gather(_pump(reader, far_writer, budget), _pump(far_reader, writer, budget))
        except (Denied, TimeoutError, OSError) as error:
            if isinstance(error, BrokerError):
                await self._gate.refused(route.target.origin, "CONNECT", error)
        finally:
            far_writer.transport.abort()
            writer.transport.abort()


class _Budget:
    """What a tunnel may still carry, in both directions together."""

    def __init__(self, grant: Grant) -> None:
        self._grant = grant
        self._left = limits.TUNNEL_BYTES

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0 or size > self._grant.bytes_left:
            raise Denied("lease_spent", "the lease allows no more bytes", "open another one")
        self._grant.spent(size)


async def _read_hello(reader: asyncio.StreamReader, target: Target) -> bytes:
    data = b""
    try:
        async with asyncio.timeout(limits.HELLO_TIMEOUT_MS / 1000):
            while (name := server_name(data)) is None:
                more = await reader.read(limits.HELLO_BYTES - len(data))
                if not more:
                    raise BadRequest("bad_request", "the TLS hello is cut", "")
                data += more
    except TimeoutError:
        raise BadRequest("bad_request", "no TLS hello came in time", "") from None
    if name.lower() != target.host:
        raise Denied("denied", "the TLS hello asks for another name than CONNECT did", "use one name")
    return data


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: _Budget) -> None:
    while True:
        async with asyncio.timeout(limits.TUNNEL_IDLE_TIMEOUT_MS / 1000):
            data = await reader.read(limits.READ_BYTES)
        if not data:
            break
        budget.take(len(data))
        writer.write(data)
        async with asyncio.timeout(limits.WRITE_TIMEOUT_MS / 1000):
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()


def _parse(text: str) -> Target:
    try:
        return parse_url(text)
    except TargetError as error:
        raise BadRequest("bad_url", str(error), "write it plainly") from None
