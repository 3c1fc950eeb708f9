"""One connection to the outside, spoken to in strict HTTP/1.1, one request at a time.

httpcore would do, but its debug log shows the headers of answers, and it takes bare line feeds and folded lines; the
broker may do neither.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import h11

from broker import limits
from broker.errors import Unavailable
from broker.http_head import HeadError, check_answer, split_head

Fields = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    """The head of an answer: header names in lower case, values as they came."""

    status: int
    headers: Fields

    def values(self, name: bytes) -> list[bytes]:
        """All values of a header."""
        return [value for each, value in self.headers if each == name]


class Upstream:
    """A connection to `address`. `sent` is True once a byte of the present request may have left."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: bytes) -> None:
        self.address = address
        self.sent = False
        self.idle_since = 0.0
        self._reader = reader
        self._writer = writer
        self._received = bytearray()
        self._unsent = bytearray()
        self._wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.ANSWER_HEAD_BYTES)

    async def send(self, method: str, target: str, headers: Fields, body: AsyncIterator[bytes]) -> None:
        """Send one request. Raises OSError, and what the body raises."""
        request = h11.Request(method=method, target=target, headers=headers)
        self.sent = True
        self._write(request)
        async for piece in body:
            if piece:
                self._write(h11.Data(data=piece))
                await self._drain()
        self._write(h11.EndOfMessage())
        await self._drain()

    async def answer(self) -> Answer:
        """The answer's head, interim ones left out. Raises Unavailable("outcome_unknown")."""
        try:
            async with asyncio.timeout(limits.FIRST_BYTE_TIMEOUT_MS / 1000):
                for _ in range(limits.INTERIM_ANSWERS):
                    event = await self._next_head()
                    if isinstance(event, h11.Response):
                        self._wire_rest()
                        return Answer(event.status_code, list(event.headers))
        except TimeoutError:
            raise _unknown("no answer came in time") from None
        except (HeadError, h11.RemoteProtocolError):
            raise _unknown("the answer is malformed") from None
        except OSError:
            raise _unknown("the connection broke before an answer") from None
        raise _unknown("only interim answers came")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The answer's body as it arrives, without its chunking. Raises Unavailable: too slow, cut or malformed."""
        try:
            while True:
                event = self._wire.next_event()
                if event is h11.NEED_DATA:
                    async with asyncio.timeout(limits.ANSWER_IDLE_TIMEOUT_MS / 1000):
                        self._wire.receive_data(await self._reader.read(limits.READ_BYTES))
                elif isinstance(event, h11.Data):
                    yield bytes(event.data)
                else:
                    return
        except TimeoutError:
            raise Unavailable("timeout", "the answer stopped coming", "try again later") from None
        except (h11.RemoteProtocolError, OSError):
            raise Unavailable("unreachable", "the answer was cut or malformed", "try again later") from None

    def reusable(self) -> bool:
        """After a whole answer: make ready for the next request; False when the connection cannot serve one."""
        if self._wire.our_state is not h11.DONE or self._wire.their_state is not h11.DONE:
            return False
        if self._wire.trailing_data[0] or self._reader.at_eof():
            return False
        self._wire.start_next_cycle()
        self.sent = False
        return True

    async def alive(self) -> bool:
        """Whether an idle connection is still open and silent."""
        try:
            async with asyncio.timeout(0):
                await self._reader.read(1)
        except TimeoutError:
            return not self._writer.is_closing()
        except OSError:
            return False
        return False

    def close(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()

    async def _next_head(self) -> object:
        while True:
            head = split_head(self._received, limits.ANSWER_HEAD_BYTES, limits.ANSWER_HEADER_COUNT)
            if head is not None:
                check_answer(head)
                self._wire.receive_data(head)
                return self._wire.next_event()
            data = await self._reader.read(limits.READ_BYTES)
            if not data:
                raise ConnectionResetError
            self._received += data

    def _wire_rest(self) -> None:
        if self._received:
            self._wire.receive_data(bytes(self._received))
            self._received.clear()

    def _write(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        self._unsent += self._wire.send(event) or b""

    async def _drain(self) -> None:
        """Send what was written: head and first piece as one TLS record and one packet, not as two."""
        data, self._unsent = bytes(self._unsent), bytearray()
        if data:
            self._writer.write(data)
        async with asyncio.timeout(limits.WRITE_TIMEOUT_MS / 1000):
            await self._writer.drain()


def _unknown(message: str) -> Unavailable:
    return Unavailable(
        "outcome_unknown", f"{message}: whether the request had an effect is not known", "look before you try again"
    )
