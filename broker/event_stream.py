"""Cuts a stream of server-sent events (WHATWG HTML) into its events, as the bytes come; puts changed ones together.

    for event in stream.feed(chunk): event.raw as it came, event.data its text ; stream.end() the rest, or None

Any chunking gives the same events. Nothing is lost: all `raw` together are the bytes that were fed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from broker import limits
from broker.errors import Unavailable

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass
class Event:
    """One event as it came. `data` is None without data lines; `others` are its other lines, joined by line feeds."""

    raw: bytes
    data: bytes | None
    others: bytes

    @property
    def name(self) -> bytes:
        """The line with its name, or nothing."""
        return next((line for line in self.others.split(b"\n") if line.startswith(b"event:")), b"")

    def with_data(self, data: bytes) -> bytes:
        """The event with this data in place of its own."""
        others = self.others.removeprefix(_BOM)
        lines = b"".join(b"data: " + line + b"\n" for line in _LINE_END.split(data))
        return (others + b"\n" if others else b"") + lines + b"\n"


class EventStream:
    """For one answer. Raises Unavailable("too_large") for an event beyond limits.EVENT_BYTES."""

    def __init__(self) -> None:
        self._raw = bytearray()
        self._line = 0  # where in it the unfinished line begins
        self._searched = 0  # up to where that line is known to have no end
        self._first = True
        self._after_cr = False
        self._data: list[bytes] = []
        self._others: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that this chunk completes."""
        if self._after_cr and chunk.startswith(b"\n"):
            self._line += 1
            self._searched = self._line
        if chunk:
            self._after_cr = False
        self._raw += chunk
        while (end := _LINE_END.search(self._raw, self._searched)) is not None:
            self._after_cr = end.group() == b"\r" and end.end() == len(self._raw)
            self._bound(end.end())
            line = bytes(self._raw[self._line : end.start()])
            self._line = self._searched = end.end()
            if self._take(line):
                yield self._done()
        self._searched = len(self._raw)
        self._bound(len(self._raw))

    def end(self) -> Event | None:
        """What has begun and was not ended by an empty line."""
        if not self._raw:
            return None
        self._take(bytes(self._raw[self._line :]))
        self._line = len(self._raw)
        return self._done()

    def _take(self, line: bytes) -> bool:
        """True for the empty line that ends an event."""
        known = line.removeprefix(_BOM) if self._first else line
        self._first = False
        field, _, value = known.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
        elif known:
            self._others.append(line)
        return not known

    def _done(self) -> Event:
        event = Event(
            bytes(self._raw[: self._line]), b"\n".join(self._data) if self._data else None, b"\n".join(self._others)
        )
        del self._raw[: self._line]
        self._line = self._searched = 0
        self._data, self._others = [], []
        return event

    def _bound(self, size: int) -> None:
        if size > limits.EVENT_BYTES:
            raise Unavailable("too_large", f"an event is longer than {limits.EVENT_BYTES} bytes", "")
