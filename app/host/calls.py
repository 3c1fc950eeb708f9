"""The services that the box may call: see device/host/calls.py for the other end, call_parts.py for what goes between.

A handler is `async h(body, send_item, context) -> result`. It is cancelled when the box cancels the call or its session
ends. Errors with `code`, `message` and `remedy` (Refused, RequestRefused, the broker client's …) reach the box as they
are; anything else is logged, and the box hears that the host failed.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from app.host import device_core, limits
from app.host.call_outbox import Body, CallOutbox, Send, SessionLostError
from app.host.device_core import BarnacleError

log = logging.getLogger("barnacle.host")


@dataclass(frozen=True)
class CallContext:
    """Which call of which service."""

    call: str
    service: str


SendItem = Callable[[Body], Awaitable[None]]
Handler = Callable[[Body, SendItem, CallContext], Awaitable[Body]]


@dataclass
class _Call:
    outbox: CallOutbox
    parts: Any
    expected: int = 0
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class CallServer:
    """`send(kind, body)` is the link's service lane; the link's owner calls `receive` and `end_all`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._handlers: dict[str, Handler] = {}
        self._calls: dict[str, _Call] = {}
        self._begun: dict[str, None] = {}  # names of calls, served or not, so that none is served twice
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """Calls that are not answered yet."""
        return len(self._calls)

    def register(self, service: str, handler: Handler) -> None:
        """Let the box call `service`."""
        self._handlers[service] = handler

    def receive(self, kind: str, body: Body) -> None:
        """Take one message of the service lane; must not wait, never raises for what is in it."""
        name = body.get("c")
        if kind == "call.reset":
            self.end_all()
        elif not isinstance(name, str) or not 0 < len(name) <= device_core.CALL_ID_CHARS:
            log.warning("the box sent a %s without the name of a call", kind)
        elif kind == "call.open":
            self._take_request(name, body)
        elif name in self._calls and kind == "call.taken":
            self._calls[name].outbox.taken(body.get("n"))
        elif name in self._calls and kind == "call.cancel":
            self._end(name)

    def begin(self) -> None:
        """A session began: the box may not have noticed that the one before is over, so it is told."""
        self._spawn(self._send("call.lost", {}), "calls lost")

    def end_all(self) -> None:
        """The session is over, or another boot of the box began: nobody waits for any answer."""
        for name in list(self._calls):
            self._end(name)

    async def close(self) -> None:
        """End every call and wait until its handler has let go."""
        self.end_all()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _end(self, name: str) -> None:
        call = self._calls.pop(name)
        if call.task:
            call.task.cancel()

    def _take_request(self, name: str, body: Body) -> None:
        call = self._calls.get(name)
        if call is not None and call.task is not None:
            self._spawn(self._send("call.begun", {"c": name}), "call begun")  # sent once more: it has not heard
            return
        if name in self._begun:
            self._refuse(name, "interrupted", "the answer to this request was lost")
            return
        if call is not None and body.get("n") == 0 and call.expected:
            call = None  # from its beginning once more
            del self._calls[name]
        if call is None:
            if body.get("n") != 0:
                self._refuse(name, "interrupted", "a part of the request is missing")
                return
            if len(self._calls) >= device_core.CALLS:
                self._refuse(name, "busy", f"{len(self._calls)} calls are under way already")
                return
            call = self._calls[name] = _Call(CallOutbox(name, self._send), device_core.call_assembly())
        problem = self._add(name, call, body)
        if problem:
            del self._calls[name]
            self._refuse(name, *problem)

    def _add(self, name: str, call: _Call, body: Body) -> tuple[str, str] | None:
        """What is wrong with a part of a request; None when it was taken."""
        service = body.get("s")
        if body.get("n") != call.expected:
            return "interrupted", "a part of the request is missing"
        if not device_core.is_call_part(body) or not isinstance(service, str) or service not in self._handlers:
            return "unsupported", f"this laptop has no service {service!r}; update Barnacle on both sides"
        call.expected += 1
        try:
            text = call.parts.add(body["p"], body["m"])
            if text is None:
                return None
            request = device_core.decode_call(text)
        except BarnacleError as error:
            return str(getattr(error, "code", "bad_value")), f"the request cannot be read: {error}"
        self._begun[name] = None
        while len(self._begun) > limits.CALLS_REMEMBERED:
            del self._begun[next(iter(self._begun))]
        self._spawn(self._send("call.begun", {"c": name}), "call begun")
        context = CallContext(name, service)
        call.task = asyncio.create_task(self._serve(name, call, request, context), name=f"call {service}")
        self._ending.add(call.task)
        call.task.add_done_callback(self._ending.discard)
        return None

    def _refuse(self, name: str, code: str, message: str) -> None:
        """Answer a call that was not begun; the session may be gone already, then nobody needs to know."""
        error = {"c": name, "n": 0, "code": code, "message": message, "remedy": ""}
        self._spawn(self._send("call.fail", error), "call refused")

    def _spawn(self, work: Awaitable[bool], name: str) -> None:
        task = asyncio.create_task(_ignore(work), name=name)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _serve(self, name: str, call: _Call, request: Body, context: CallContext) -> None:
        sending = asyncio.create_task(call.outbox.run(), name=f"answers {context.service}")
        working = asyncio.create_task(self._work(call, request, context), name=f"work {context.service}")
        try:
            await asyncio.wait((sending, working), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():  # the work is done: what it said goes out
                await asyncio.wait((sending,))
        finally:
            if self._calls.get(name) is call:
                del self._calls[name]
            for task in (sending, working):
                task.cancel()
            for task in (sending, working):
                with contextlib.suppress(asyncio.CancelledError, SessionLostError):
                    await task

    async def _work(self, call: _Call, request: Body, context: CallContext) -> None:
        try:
            result = await self._handlers[context.service](request, call.outbox.put, context)
            call.outbox.finish(result)
        except Exception as error:
            call.outbox.fail(_as_dict(error, context.service))


def _as_dict(error: Exception, service: str) -> Body:
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    if isinstance(code, str) and (isinstance(message, str) or isinstance(error, BarnacleError)):
        texts = {"code": code, "message": message or str(error), "remedy": str(getattr(error, "remedy", ""))}
        return {name: text[: limits.CALL_TEXT_CHARS] for name, text in texts.items()}
    log.error("the service %s failed", service, exc_info=error)
    return {
        "code": "internal",
        "message": f"the laptop failed to serve {service}",
        "remedy": "see logs/host-process.log",
    }


async def _ignore(work: Awaitable[bool]) -> None:
    await work
