"""The host's door for operators: who may speak, in what order, and the way back of an answer.

Every envelope is checked against the key of the client whose topic it came on. What does not fit is dropped without an
answer, counted, and told to the audit at a bounded rate.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from app.host import device_core, limits
from app.host.answers import pieces
from app.host.device_core import BarnacleError, Clock, EnvelopeError
from app.host.refusal import RequestRefused
from app.host.sessions import Sessions

_REQUEST_ID = re.compile(rf"[A-Za-z0-9_.-]{{1,{limits.REQUEST_ID_CHARS}}}")
Handle = Callable[[str, dict[str, Any], str, str], Awaitable[Any]]


class OperatorServer:
    """`receive` what came on a client's request topic; answers leave by `publish(client, data)`.

    `handle(name, args, request_id, client)` answers a request or raises RequestRefused; `spawn` runs it as a task;
    `audit(what, detail, actor)` notes what was refused, and each session.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        welcome: dict[str, Any],
        boot: str,
        clock: Clock,
        handle: Handle,
        publish: Callable[[str, bytes], Awaitable[object]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        audit: Callable[[str, str, str], None],
    ) -> None:
        self._keys = keys
        self._welcome = welcome
        self._boot = boot
        self._clock = clock
        self._handle = handle
        self._publish = publish
        self._spawn = spawn
        self._audit = audit
        self._clients: dict[str, Sessions] = {}
        self._audited_ms: list[int] = []
        self._noted: dict[str, None] = {}
        self.dropped: dict[str, int] = {}

    async def receive(self, client: str, data: bytes) -> None:
        """Take one envelope that came on the request topic of `client`."""
        key = self._keys.get(client)
        if key is None:
            self._drop("unknown_client", "an unknown client")
            return
        try:
            envelope = device_core.open_envelope(key, data)
        except EnvelopeError as error:
            self._drop(device_core.error_code(error), client)
            return
        if envelope["src"] != f"op:{client}":
            self._drop("wrong_src", client)
        elif envelope["kind"] == "op.hello":
            await self._hello(client, envelope)
        elif envelope["kind"] == "req":
            await self._request(client, envelope)
        else:
            self._drop("bad_kind", client)

    async def _hello(self, client: str, envelope: dict[str, Any]) -> None:
        nonce = envelope["body"].get("nonce")
        if not isinstance(nonce, str) or not 16 <= len(nonce) <= 64:
            self._drop("bad_hello", client)
            return
        sid = self._clients.setdefault(client, Sessions()).open(nonce)
        body = {"nonce": nonce, "sid": sid, "now_ms": self._clock.now_ms(), **self._welcome}
        await self._send(client, "op.welcome", f"welcome:{sid}", body)

    async def _request(self, client: str, envelope: dict[str, Any]) -> None:
        sessions = self._clients.setdefault(client, Sessions())
        request_id, body = envelope["id"], envelope["body"]
        name, args = body.get("name"), body.get("args")
        if not _REQUEST_ID.fullmatch(request_id) or not isinstance(name, str) or not isinstance(args, dict):
            self._drop("bad_request", client)
            return
        if not sessions.knows(body.get("sid")):
            refused = RequestRefused("no_session", "the host does not know this session", "connect again")
            await self._answer(client, request_id, _error_text(refused))
            return
        fresh = sessions.advance(body["sid"], body.get("n"))
        known = sessions.answer(request_id)
        if known is not None:
            await self._answer(client, request_id, known)
        elif not fresh:
            self._drop("replayed", client)
        elif request_id not in sessions.under_way:
            self._note_session(client, body["sid"])
            self._start(client, sessions, request_id, name, body["args"])

    def _note_session(self, client: str, sid: str) -> None:
        """A session counts from its first request on: a greeting alone may be a recording."""
        if sid in self._noted:
            return
        self._noted[sid] = None
        if len(self._noted) > limits.SESSIONS_NOTED:
            del self._noted[next(iter(self._noted))]
        self._audit("operator.session", "began", f"op:{client}")

    def _start(self, client: str, sessions: Sessions, request_id: str, name: str, args: dict[str, Any]) -> None:
        if len(sessions.under_way) >= limits.REQUESTS_AT_A_TIME:
            busy = RequestRefused("busy", f"{limits.REQUESTS_AT_A_TIME} requests are under way already", "wait for one")
            self._spawn(self._answer(client, request_id, _error_text(busy)))
            return
        sessions.under_way.add(request_id)
        self._spawn(self._carry_out(client, sessions, request_id, name, args))

    async def _carry_out(
        self, client: str, sessions: Sessions, request_id: str, name: str, args: dict[str, Any]
    ) -> None:
        try:
            text = await self._outcome(name, args, request_id, client)
            sessions.keep(request_id, text)
            await self._answer(client, request_id, text)
        finally:
            sessions.under_way.discard(request_id)

    async def _outcome(self, name: str, args: dict[str, Any], request_id: str, client: str) -> str:
        try:
            result = await self._handle(name, args, request_id, client)
        except RequestRefused as error:
            return _error_text(error)
        except BarnacleError as error:
            remedy = str(getattr(error, "remedy", ""))
            return _error_text(RequestRefused(str(getattr(error, "code", "bad_value")), str(error), remedy))
        text = device_core.dumps({"ok": True, "result": result})
        if len(text) > limits.ANSWER_BYTES:
            return _error_text(
                RequestRefused("too_large", f"the answer to {name} has {len(text)} characters", "ask for less: limit")
            )
        return text

    async def _answer(self, client: str, request_id: str, text: str) -> None:
        parts = pieces(text)
        for part, piece in enumerate(parts):
            body = {"req": request_id, "part": part, "parts": len(parts), "text": piece}
            await self._send(client, "res", f"{request_id}:{part}", body)
            await asyncio.sleep(0)

    async def _send(self, client: str, kind: str, envelope_id: str, body: dict[str, Any]) -> None:
        fields = {"src": "host", "boot": self._boot, "seq": 0, "ack": 0, "ts": self._clock.now_ms()}
        data = device_core.seal(self._keys[client], fields | {"id": envelope_id, "kind": kind, "body": body})
        await self._publish(client, data)

    def _drop(self, reason: str, who: str) -> None:
        """Count it; tell the audit, a few times a minute at most."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        now = self._clock.ticks_ms()
        self._audited_ms = [at for at in self._audited_ms if now - at < 60_000]
        if len(self._audited_ms) < limits.FORGERIES_AUDITED_PER_MINUTE:
            self._audited_ms.append(now)
            total = sum(self.dropped.values())
            self._audit("operator.rejected", f"{reason} on the topic of {who} ({total} in all)", f"op:{who}")


def _error_text(error: RequestRefused) -> str:
    return device_core.dumps({"ok": False, "error": error.as_dict()})
