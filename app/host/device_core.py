"""The parts of `device/host` that the laptop uses, with types: that package has no annotations, by design."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from device.host.envelope import EnvelopeError
from device.host.errors import BarnacleError, Refused

__all__ = ["BarnacleError", "Clock", "EnvelopeError", "LinkPort", "Refused", "make_link", "open_envelope", "seal"]

_ask_text: Any = import_module("device.host.ask_text")
_call_parts: Any = import_module("device.host.call_parts")
_clock: Any = import_module("device.host.clock")
_envelope: Any = import_module("device.host.envelope")
_limits: Any = import_module("device.host.limits")
_link: Any = import_module("device.host.link")
_portable: Any = import_module("device.host.portable")
_provision: Any = import_module("device.provision")
_schedule: Any = import_module("device.host.schedule")
_schedule_words: Any = import_module("device.host.schedule_words")
_tz: Any = import_module("device.host.tz")
_url: Any = import_module("device.host.url")

ENVELOPE_BYTES: int = _limits.ENVELOPE_BYTES
MESSAGE_BYTES: int = _limits.MESSAGE_BYTES
ID_BYTES: int = _limits.ID_BYTES
PROMPT_BYTES: int = _limits.PROMPT_BYTES
ALIVE_MS: int = _limits.LINK_ALIVE_MS
CALLS: int = _limits.CALLS
CALL_BYTES: int = _limits.CALL_BYTES
CALL_ID_CHARS: int = _limits.CALL_ID_CHARS
CALL_WINDOW_BYTES: int = _limits.CALL_WINDOW_BYTES
CALL_BEGUN_MS: int = _limits.CALL_BEGUN_MS
URL_BYTES: int = _limits.URL_BYTES
LATER: str = _link.LATER


class Clock(Protocol):
    """See device/host/clock.py."""

    def now_ms(self) -> int: ...
    def ticks_ms(self) -> int: ...
    async def sleep_ms(self, ms: int) -> None: ...
    async def wait(self, event: asyncio.Event, timeout_ms: int | None) -> bool: ...


class LinkPort(Protocol):
    """See device/host/link.py."""

    live: bool
    peer_boot: str
    peer_held: bool

    def connected(self) -> None: ...
    def disconnected(self) -> None: ...
    def kick(self) -> None: ...
    def settled(self, seq: int) -> None: ...
    def failed(self, error: Exception) -> None: ...
    async def run(self) -> None: ...
    async def receive(self, data: bytes) -> None: ...
    async def service(self, kind: str, body: dict[str, Any]) -> bool: ...


OnRecord = Callable[[str, dict[str, Any], dict[str, Any]], Awaitable[None] | str]


def system_clock() -> Clock:
    """The platform's clock."""
    return _clock.SystemClock()


def read_provision(path: Path) -> dict[str, Any]:
    """Who the box is; raises ProvisionError (a BarnacleError)."""
    return _provision.read(str(path))


def dumps(value: Any) -> str:
    """Compact JSON text, UTF-8 left as it is."""
    return _portable.dumps(value)


def seal(key: bytes, fields: dict[str, Any]) -> bytes:
    """An envelope; raises EnvelopeError."""
    return _envelope.seal(key, fields)


def open_envelope(key: bytes, data: bytes) -> dict[str, Any]:
    """The checked fields; raises EnvelopeError."""
    return _envelope.open_envelope(key, data)


def error_code(error: EnvelopeError) -> str:
    """The stable code of an EnvelopeError."""
    return str(getattr(error, "code", ""))


def refusal(error: Refused) -> dict[str, str]:
    """A device refusal in the wire's form."""
    return {name: str(getattr(error, name)) for name in ("code", "message", "remedy")}


def parse_url(text: str) -> Any:
    """The Target of a URL in its one spelling (device/host/url.py); raises a BarnacleError with code and remedy."""
    return _url.parse(text)


def request_digest(method: str, url: str, headers: dict[str, str], body: str) -> str:
    """What an ask binds the owner's yes to (device/host/ask_text.py)."""
    return _ask_text.digest(method, url, headers, body)


def encode_call(body: dict[str, Any]) -> str:
    """The text of a request, item or result of a call; raises a BarnacleError with `code`."""
    return _call_parts.encode(body)


def decode_call(text: str) -> dict[str, Any]:
    """What `encode_call` was given; raises a BarnacleError with `code`."""
    return _call_parts.decode(text)


def cut_call(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces that fit envelopes, each with whether more follow."""
    return _call_parts.cut(text)


def is_call_part(body: dict[str, Any]) -> bool:
    """Whether this is the body of a part."""
    return _call_parts.well_formed(body)


def call_assembly() -> Any:
    """See call_parts.Assembly."""
    return _call_parts.Assembly()


def make_link(
    storage: object,
    key: bytes,
    device: str,
    boot: str,
    clock: Clock,
    send: Callable[[bytes, int], Awaitable[bool]],
    on_record: OnRecord,
    **hooks: Callable[..., Any],
) -> LinkPort:
    """The host's end of the link to box `device`."""
    return _link.Link(
        storage, key, "host", f"device:{device}", boot, clock, send, on_record, alive_ms=ALIVE_MS, **hooks
    )


def preview(kind: str, value: str, now_ms: int, rule: str, count: int) -> tuple[list[int], str]:
    """The next `count` times of a schedule and what it is in words, as the box computes them; raises BarnacleError."""
    zone = _tz.Zone(rule)
    return _schedule.preview(kind, value, now_ms, zone, count), _schedule_words.describe(kind, value, zone)
