"""Carries one request out and its answer back: one resolution, one check, one dial, and no secret in what returns.

    route = await forwarder.route(target, decision)      resolved once, every address checked
    (the caller consumes its lease's call, durably)
    response = await forwarder.send(route, method, headers, body, grant)

`forward` does both for a caller whose call is consumed already. Redirects are handed back as they are; nothing follows
them. Raises BrokerError; after the first byte of the request has left, a failure is `outcome_unknown`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from broker import limits
from broker.decode import Decoder, decoder_for
from broker.dial import Dialer
from broker.egress_core import Decision, Target, check_addresses
from broker.errors import BrokerError, Denied, Unavailable
from broker.http_message import AnswerError, Headers, Response
from broker.redact import Redactor
from broker.redact_events import EventRedactor
from broker.request_headers import Credential, injected, outgoing
from broker.resolve import Resolving
from broker.upstream import Answer, Upstream

_NOT_PASSED_ON = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate te trailer transfer-encoding upgrade content-length"
    b" content-encoding alt-svc".split()
)


class Grant(Protocol):
    """A consumed call of a lease: what it may carry. `owner` separates connections of different groups."""

    @property
    def credential(self) -> Credential | None:
        """The credential to put in, or None."""
        ...

    @property
    def owner(self) -> str:
        """Whose connections may be used again."""
        ...

    @property
    def bytes_left(self) -> int:
        """How many bytes the lease still allows, both directions together."""
        ...

    def spent(self, count: int) -> None:
        """Count bytes."""
        ...


@dataclass(frozen=True)
class Route:
    """A target and the addresses that were checked for it; `ca` is trusted there in place of the system's."""

    target: Target
    addresses: list[bytes]
    ca: Path | None = None


class Forwarder:
    """Sends requests. `authorize(target, method, grant)` decides for `forward`."""

    def __init__(
        self,
        resolver: Resolving,
        dialer: Dialer,
        authorize: Callable[[Target, str, Grant], Decision] | None = None,
    ) -> None:
        self._resolver = resolver
        self._dialer = dialer
        self._authorize = authorize

    async def route(self, target: Target, decision: Decision) -> Route:
        """Resolve and check. Raises Denied with the rule that denies, Unavailable("dns")."""
        _require(decision)
        found = await self._resolver.resolve(target)
        denial = check_addresses(decision, target, found)
        if denial is not None:
            _require(denial)
        return Route(target, found)

    async def forward(
        self, target: Target, method: str, headers: Headers, body: AsyncIterator[bytes], grant: Grant
    ) -> Response:
        """Decide, resolve, check and send."""
        if self._authorize is None:
            raise Denied("denied", "nothing decides about this request", "")
        route = await self.route(target, self._authorize(target, method, grant))
        return await self.send(route, method, headers, body, grant)

    async def send(
        self, route: Route, method: str, headers: Headers, body: AsyncIterator[bytes], grant: Grant
    ) -> Response:
        """Send the request on a checked route; the answer, redacted, as it comes."""
        target, credential = route.target, grant.credential
        fields = outgoing(headers, target, credential)
        secrets = [credential.secret.reveal().encode()] if credential is not None else []
        redactor = Redactor(secrets)
        owner = f"{grant.owner} {route.ca or ''}"  # no connection is used again under another trust
        upstream = await self._dialer.connect(target, route.addresses, owner, route.ca)
        try:
            answer = await self._ask(upstream, target, method, fields, body, grant)
            passed = _headers(answer, redactor, Redactor([*secrets, *map(bytes.lower, secrets)]), method)
            decoder = decoder_for(answer.values(b"content-encoding"))
            _check_length(answer, method)
        except BaseException:
            upstream.close()
            raise
        events = EventRedactor(secrets) if secrets and _is_event_stream(answer) else None
        body_back = _Body(upstream, decoder, redactor, events, grant, target, self._dialer, owner)
        return Response(answer.status, passed, body_back)

    async def _ask(
        self,
        upstream: Upstream,
        target: Target,
        method: str,
        fields: Headers,
        body: AsyncIterator[bytes],
        grant: Grant,
    ) -> Answer:
        if grant.credential is not None:
            fields = [*fields, injected(grant.credential)]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        where = target.path if target.query is None else f"{target.path}?{target.query}"
        try:
            await upstream.send(method, where, encoded, _counted(body, grant))
        except (OSError, TimeoutError):
            pass  # some answer before they have read all; without an answer the outcome is unknown
        return await upstream.answer()


class _Body(AsyncIterator[bytes]):
    """The body of an answer on its way back, decoded and redacted. Raises AnswerError: what came so far is not whole.
    `aclose` gives the connection up, also when nothing was read."""

    def __init__(
        self,
        upstream: Upstream,
        decoder: Decoder,
        redactor: Redactor,
        events: EventRedactor | None,
        grant: Grant,
        target: Target,
        dialer: Dialer,
        owner: str,
    ) -> None:
        self._upstream = upstream
        self._decoder = decoder
        self._redactor = redactor
        self._events = events
        self._grant = grant
        self._target = target
        self._dialer = dialer
        self._owner = owner
        self._seen = 0
        self._over = False
        self._pieces = self._run()

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """End it."""
        await self._pieces.aclose()
        if not self._over:
            self._upstream.close()

    async def _run(self) -> AsyncGenerator[bytes, None]:
        whole = False
        ends = asyncio.get_running_loop().time() + limits.ANSWER_TIMEOUT_MS / 1000
        try:
            async for piece in self._upstream.pieces():
                if asyncio.get_running_loop().time() > ends:
                    raise AnswerError("timeout", "the answer took too long")
                self._count(len(piece))
                clean = self._redactor.feed(self._decoder.feed(piece))
                if self._events is not None:
                    clean = self._events.feed(clean)
                if clean:
                    yield clean
            self._decoder.end()
            rest = self._redactor.end()
            if self._events is not None:
                rest = self._events.feed(rest) + self._events.end()
            if rest:
                yield rest
            whole = True
        except BrokerError as error:
            raise AnswerError(error.code, error.message) from None
        finally:
            self._over = True
            if whole:
                self._dialer.give_back(self._target, self._upstream, self._owner)
            else:
                self._upstream.close()

    def _count(self, size: int) -> None:
        self._seen += size
        if self._seen > limits.ANSWER_BYTES or size > self._grant.bytes_left:
            raise AnswerError("too_large", "the answer is too long")
        self._grant.spent(size)


async def _counted(body: AsyncIterator[bytes], grant: Grant) -> AsyncIterator[bytes]:
    async for piece in body:
        if len(piece) > grant.bytes_left:
            raise Denied("lease_spent", "the lease allows no more bytes", "open another one")
        grant.spent(len(piece))
        yield piece


def _require(decision: Decision) -> None:
    if decision.effect != "allow":
        code = "ask" if decision.effect == "ask" else "denied"
        raise Denied(code, decision.reason, "see: barnacle policy test URL")


def _headers(answer: Answer, redactor: Redactor, of_names: Redactor, method: str) -> Headers:
    named = {each.strip().lower() for value in answer.values(b"connection") for each in value.split(b",")}
    passed: Headers = []
    for name, value in answer.headers:
        if name in _NOT_PASSED_ON or name in named or name.startswith(b"barnacle-"):
            continue
        if len(name) > limits.ANSWER_NAME_BYTES or of_names.whole(name) != name:
            continue
        passed.append((name.decode("latin-1"), redactor.whole(value).decode("latin-1")))
    if method == "HEAD" and not answer.values(b"content-encoding"):
        passed += [("content-length", value.decode("latin-1")) for value in answer.values(b"content-length")]
    return passed


def _is_event_stream(answer: Answer) -> bool:
    """By its type, or by what says it is one among others: reading it as events changes no other answer's meaning."""
    return any(b"text/event-stream" in value.lower() for value in answer.values(b"content-type"))


def _check_length(answer: Answer, method: str) -> None:
    lengths = answer.values(b"content-length")
    if lengths and method != "HEAD" and int(lengths[0]) > limits.ANSWER_BYTES:
        raise Unavailable("too_large", "the answer is too long", "ask for less")
