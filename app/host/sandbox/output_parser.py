"""Results in a container's output: JSON between markers, found at any chunking, with bounded memory.

The first start marker pairs with the next end marker; everything outside is only log. Bytes become text as a whole
stream does, so a character that is split between two chunks stays whole (NanoClaw breaks it).
"""

import codecs
from typing import Any, Final

from app.host import limits
from app.host.nanoclaw.javascript import head, length, parse_json, trim

START: Final = "---NANOCLAW_OUTPUT_START---"
END: Final = "---NANOCLAW_OUTPUT_END---"
_SHARED: Final = 3  # the dashes that can end a start marker and begin an end marker at once


class Decoder:
    """UTF-8 to text across chunks; what is no UTF-8 becomes U+FFFD."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def text(self, data: bytes) -> str:
        """The characters that are complete so far."""
        return self._decoder.decode(data)

    def rest(self) -> str:
        """What an unfinished character at the end becomes."""
        return self._decoder.decode(b"", True)


class FrameParser:
    """Texts between markers. `dropped` counts those longer than `most` characters."""

    def __init__(self, most: int = limits.OUTPUT_FRAME) -> None:
        self.dropped = 0
        self._most = most
        self._tail = ""  # the end of what came, as it may be the beginning of a marker
        self._parts: list[str] | None = None  # of the frame that has begun; None outside
        self._size = 0

    def feed(self, text: str) -> list[str]:
        """The frames that `text` completes, trimmed."""
        frames: list[str] = []
        data = self._tail + text
        while True:
            at = data.find(START if self._parts is None else END)
            if at < 0:
                self._keep(data)
                return frames
            if self._parts is None:
                self._parts, self._size = [], 0
                data = data[at + len(START) - _SHARED :]
                continue
            self._collect(data[:at])
            if self._size <= self._most:
                frames.append(trim("".join(self._parts)[_SHARED:]))
            else:
                self.dropped += 1
            self._parts = None
            data = data[at + len(END) :]

    def _keep(self, data: str) -> None:
        marker = START if self._parts is None else END
        cut = max(0, len(data) - len(marker) + 1)
        self._collect(data[:cut])
        self._tail = data[cut:]

    def _collect(self, text: str) -> None:
        if self._parts is None:
            return
        self._size += len(text)
        if self._size <= self._most:
            self._parts.append(text)
        else:
            self._parts.clear()


class KeptText:
    """The first `most` UTF-16 units of a stream, for the log; `truncated` once there was more."""

    def __init__(self, most: int) -> None:
        self.truncated = False
        self._parts: list[str] = []
        self._room = min(most, limits.CONTAINER_OUTPUT)

    def add(self, text: str) -> None:
        """Keep what fits."""
        if self.truncated:
            return
        units = length(text)
        if units > self._room:
            text, self.truncated = head(text, self._room), True
        self._parts.append(text)
        self._room -= units

    def __str__(self) -> str:
        return "".join(self._parts)


def read_output(frame: str) -> Any:
    """The JSON of a frame; raises ValueError, also for null, which is no result."""
    output = parse_json(frame)
    if output is None:
        raise ValueError("null is no result")
    return output


def last_output(stdout: str) -> Any:
    """The result in the whole output of a run that was not watched: between the first markers, else the last line.
    Raises ValueError."""
    start, end = stdout.find(START), stdout.find(END)
    if start >= 0 and end > start:
        return read_output(trim(stdout[start + len(START) : end]))
    return read_output(trim(stdout).split("\n")[-1])
