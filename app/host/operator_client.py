"""An operator's way to the host: requests, answers and live events over the broker. Used by command line and dashboard.

What can go wrong is in operator_problems.py: OperatorRefused, OperatorUnreachable.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from app.host import limits
from app.host.bridge import Bridge, Message
from app.host.device_core import EnvelopeError, error_code, open_envelope, seal, system_clock
from app.host.keys import OperatorCredentials
from app.host.operator_problems import OperatorRefused, OperatorUnreachable, hopeless, unreachable
from app.host.pending_answer import PendingAnswer

CONNECT_TIMEOUT_S = 5.0
HELLO_PAUSE_S = 0.5
REQUEST_TIMEOUT_S = 15.0

__all__ = ["Event", "OperatorClient", "OperatorRefused", "OperatorUnreachable"]


@dataclass(frozen=True)
class Event:
    """A record or telemetry kind with its body; the client's own are client.connection and client.thinned."""

    kind: str
    body: dict[str, Any]


class OperatorClient:
    """`async with OperatorClient(credentials) as client`: entering raises OperatorUnreachable when the host does not
    answer within `timeout_s`; afterwards the client reconnects by itself."""

    def __init__(self, credentials: OperatorCredentials, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._who = credentials
        self._timeout_s = timeout_s
        self._clock = system_clock()
        self._boot = secrets.token_hex(8)
        self._root = f"barnacle/{credentials.device}/op/"
        self._bridge = self._make_bridge()
        self._problem = "connecting"
        self._online = False
        self._sid = ""
        self._n = 0
        self._nonce = ""
        self._host_boot: str = ""
        self._event_seq = 0
        self._welcomed = asyncio.Event()
        self._state_changed = asyncio.Event()
        self._pending: dict[str, PendingAnswer] = {}
        self._events: deque[Event] = deque()
        self._dropped = 0
        self._event_came = asyncio.Event()
        self._hellos: asyncio.Task[None] | None = None
        self.welcome: dict[str, Any] = {}

    @property
    def connected(self) -> bool:
        """Whether the host answers at present."""
        return self._online and self._welcomed.is_set()

    async def __aenter__(self) -> "OperatorClient":
        self._hellos = asyncio.create_task(self._keep_session(), name="operator session")
        await self._bridge.__aenter__()
        try:
            await self._until_welcomed(self._timeout_s)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._hellos:
            self._hellos.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._hellos
        await self._bridge.__aexit__(None, None, None)

    async def request(self, name: str, /, **args: Any) -> Any:
        """Ask the host; raises OperatorRefused, OperatorUnreachable. A lost connection is renewed and the request sent
        again under the same id, so that it is carried out once."""
        if len(self._pending) >= limits.CLIENT_REQUESTS:
            raise OperatorRefused("busy", f"{limits.CLIENT_REQUESTS} requests are under way already", "wait for one")
        pending = PendingAnswer(name, args)
        request_id = secrets.token_hex(16)
        self._pending[request_id] = pending
        try:
            await self._until_welcomed(self._timeout_s)
            self._ask(request_id, pending)
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                answer = await pending.future
        except TimeoutError:
            raise self._no_answer(f"the host has not answered {name} in {REQUEST_TIMEOUT_S:.0f} s") from None
        finally:
            del self._pending[request_id]
        if answer.get("ok") is True:
            return answer.get("result")
        error: dict[str, str] = answer.get("error") or {}
        raise OperatorRefused(error.get("code", "bad_value"), error.get("message", "refused"), error.get("remedy", ""))

    async def events(self) -> AsyncIterator[Event]:
        """Events from now on, for ever: also client.connection {"connected"}, and client.thinned {"count"} for events
        that the host left out or that were dropped here, the oldest first, because CLIENT_EVENTS waited unread."""
        while True:
            if self._dropped:
                count, self._dropped = self._dropped, 0
                yield Event("client.thinned", {"count": count})
            while self._events:
                yield self._events.popleft()
            self._event_came.clear()
            if not self._dropped:
                await self._event_came.wait()

    # The session

    def _make_bridge(self) -> Bridge:
        who = self._who
        client_id = f"op-{who.client}-{secrets.token_hex(4)}"
        subscriptions = [(f"{self._root}{who.client}/res", 1), (f"{self._root}events", 0)]
        address = (who.host, who.port, who.user, who.password, client_id)
        return Bridge(
            *address,
            self._receive,
            subscriptions,
            on_state=self._on_state,
            tls_ca=who.tls_ca,
            clean_session=True,
        )

    def _on_state(self, online: bool, reason: str) -> None:
        self._online = online
        self._problem = reason
        self._lose_session()

    def _lose_session(self) -> None:
        if self._welcomed.is_set():
            self._welcomed.clear()
            self._put(Event("client.connection", {"connected": False}))
        self._state_changed.set()

    async def _keep_session(self) -> None:
        """Say hello whenever there is a connection and no session; sleeps otherwise."""
        while True:
            self._state_changed.clear()
            if not self._online or self._welcomed.is_set():
                await self._state_changed.wait()
                continue
            self._nonce = secrets.token_hex(16)
            self._publish("op.hello", "hello:" + self._nonce, {"nonce": self._nonce})
            with contextlib.suppress(TimeoutError):  # not wait_for: on Python 3.11 it may lose a cancellation
                async with asyncio.timeout(HELLO_PAUSE_S):
                    await self._state_changed.wait()

    async def _until_welcomed(self, timeout_s: float) -> None:
        if self.connected:
            return
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not self.connected:
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0 or hopeless(self._online, self._problem):
                raise self._no_answer("the host does not answer")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, 0.1)):
                    await self._welcomed.wait()

    def _no_answer(self, what: str) -> OperatorUnreachable:
        return unreachable(what, self._who, self._online, self._problem)

    # Sending

    def _ask(self, request_id: str, pending: PendingAnswer) -> None:
        self._n += 1
        pending.asked = True
        body = {"sid": self._sid, "n": self._n, "name": pending.name, "args": pending.args}
        try:
            self._publish("req", request_id, body)
        except EnvelopeError as error:
            large = error_code(error) == "too_large"
            code, remedy = ("too_large", "send less") if large else ("bad_value", "correct the text; it must be UTF-8")
            raise OperatorRefused(code, f"{pending.name} cannot be sent: {error}", remedy) from error

    def _publish(self, kind: str, envelope_id: str, body: dict[str, Any]) -> None:
        fields = {"src": f"op:{self._who.client}", "boot": self._boot, "seq": 0, "ack": 0, "ts": self._clock.now_ms()}
        data = seal(self._who.key, fields | {"id": envelope_id, "kind": kind, "body": body})
        self._bridge.publish(f"{self._root}{self._who.client}/req", data, 1)

    # Receiving

    async def _receive(self, message: Message) -> None:
        is_event = message.topic == f"{self._root}events"
        try:
            envelope = open_envelope(self._who.events_key if is_event else self._who.key, message.payload)
        except EnvelopeError:
            return  # a stranger's
        if envelope["src"] != "host":
            return
        if is_event:
            self._take_events(envelope)
        elif envelope["kind"] == "op.welcome":
            self._take_welcome(envelope)
        elif envelope["kind"] == "res":
            self._take_answer(envelope["body"])

    def _take_welcome(self, envelope: dict[str, Any]) -> None:
        body = envelope["body"]
        if not self._nonce or body.get("nonce") != self._nonce:
            return
        self._nonce = ""
        self._sid, self._n = str(body["sid"]), 0
        if envelope["boot"] != self._host_boot:
            self._host_boot, self._event_seq = str(envelope["boot"]), 0
        self.welcome = body
        self._welcomed.set()
        self._state_changed.set()
        self._put(Event("client.connection", {"connected": True}))
        for request_id, pending in self._pending.items():
            if pending.asked:
                self._ask(request_id, pending)

    def _take_answer(self, body: dict[str, Any]) -> None:
        pending = self._pending.get(str(body.get("req")))
        if pending is None:
            return
        answer = pending.take(body)
        error: dict[str, Any] = (answer or {}).get("error") or {}
        if error.get("code") == "no_session":
            self._lose_session()  # the host was restarted: say hello, then ask again
        elif answer is not None and not pending.future.done():
            pending.future.set_result(answer)

    def _take_events(self, envelope: dict[str, Any]) -> None:
        if envelope["kind"] != "ev" or not self._host_boot:
            return
        if envelope["boot"] != self._host_boot:
            self._lose_session()  # a restarted host, or a replay: its welcome will tell
            return
        if envelope["seq"] <= self._event_seq:
            return
        missed = envelope["seq"] - self._event_seq - 1 if self._event_seq else 0
        self._event_seq = envelope["seq"]
        self._dropped += missed + int(envelope["body"].get("thinned", 0))
        for event in envelope["body"].get("events", ()):
            self._put(Event(str(event["kind"]), event["body"]))
        self._event_came.set()

    def _put(self, event: Event) -> None:
        if len(self._events) >= limits.CLIENT_EVENTS:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)
        self._event_came.set()
