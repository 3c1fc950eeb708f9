"""Server-sent events, taken apart as the bytes come (WHATWG HTML, "Server-sent events").

Any chunking gives the same events: inside a character, inside CR LF, inside the byte order mark. Lines end with LF, CR
or CR LF; comments, `id` and `retry` are left out; several `data` lines are one text with line feeds between them.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from app.host import limits

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_BOM: Final = b"\xef\xbb\xbf"


class SseEvent(NamedTuple):
    """One event. `event` is "message" when the server gave no name."""

    event: str
    data: str


class SseError(Exception):
    """The stream cannot be read: an event that is too long, or bytes that are no UTF-8."""


class SseParser:
    """`feed` every chunk; `pending` says whether an event has begun and was not ended by an empty line."""

    def __init__(self, event_bytes: int = limits.MODEL_EVENT_BYTES) -> None:
        self._event_bytes = event_bytes
        self._line = bytearray()
        self._data: list[str] = []
        self._name = ""
        self._held = 0
        self._first = True
        self._after_cr = False

    @property
    def pending(self) -> bool:
        """True in the middle of an event or a line."""
        return bool(self._data or self._line)

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """The events that this chunk completes, one by one, so that what is wrong after an event does not undo it.
        Iterate to the end before the next chunk. Raises SseError."""
        start = 0
        if self._after_cr and chunk:
            start = 1 if chunk.startswith(b"\n") else 0
            self._after_cr = False
        for end in _LINE_END.finditer(chunk, start):
            self._take(chunk[start : end.start()])
            start = end.end()
            self._after_cr = end.group() == b"\r" and start == len(chunk)
            event = self._line_done()
            if event is not None:
                yield event
        self._take(chunk[start:])

    def _take(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._event_bytes:
            raise SseError(f"an event is longer than {self._event_bytes} bytes")
        self._line += piece

    def _line_done(self) -> SseEvent | None:
        raw = bytes(self._line)
        self._line.clear()
        if self._first:
            raw = raw.removeprefix(_BOM)
            self._first = False
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise SseError("the stream is no UTF-8 text") from None
        if not line:
            return self._event_done()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        if not self._data and not self._name:
            self._held = 0  # comments and unknown fields fill no event
        return None

    def _event_done(self) -> SseEvent | None:
        event = SseEvent(self._name or "message", "\n".join(self._data)) if self._data else None
        self._data, self._name, self._held = [], "", 0
        return event
