"""One connection of the broker's server: requests in, one after the other, answers out."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import h11

from broker import limits
from broker.http_head import HeadError, check_request, split_head
from broker.http_message import AnswerError, BodyError, Peer, Request, Response, error_response

_log = logging.getLogger(__name__)
_CODES = {413: "too_large", 408: "timeout"}


class Connection:
    """Serves one client until it goes, errs or is idle."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handler: Callable[[Request], Awaitable[Response]],
        peer: Peer | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._peer = peer
        self._received = bytearray()
        self._wire = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.HEAD_BYTES)
        self._request_over = asyncio.Event()
        self._answered = False

    async def run(self) -> None:
        """Serve. Ends with the connection closed."""
        try:
            for _ in range(limits.REQUESTS_PER_CONNECTION):
                if not await self._exchange():
                    break
        except (ConnectionError, TimeoutError):
            _log.debug("a client went away")
        finally:
            self._writer.close()
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(limits.WRITE_TIMEOUT_MS / 1000):
                    await self._writer.wait_closed()

    async def _exchange(self) -> bool:
        """One request and its answer; True when another may follow."""
        try:
            head = await self._read_head()
        except HeadError as error:
            await self._refuse(error.status, error.message)
            return False
        if head is None:
            return False
        try:
            request = self._parse(head)
        except (HeadError, h11.RemoteProtocolError) as error:
            known = isinstance(error, HeadError)
            await self._refuse(error.status if known else 400, error.message if known else "the request is malformed")
            return False
        async with asyncio.timeout(limits.EXCHANGE_TIMEOUT_MS / 1000):
            return await self._answer(request)

    async def _read_head(self) -> bytes | None:
        wait_ms = limits.IDLE_TIMEOUT_MS if not self._received else limits.HEAD_TIMEOUT_MS
        deadline = asyncio.get_running_loop().time() + wait_ms / 1000
        while True:
            head = split_head(self._received, limits.HEAD_BYTES, limits.HEADER_COUNT)
            if head is not None:
                return head
            try:
                async with asyncio.timeout_at(deadline):
                    data = await self._reader.read(limits.READ_BYTES)
            except TimeoutError:
                if self._received:
                    raise HeadError("the request's head took too long", 408) from None
                return None
            if not data:
                return None
            if not self._received:
                deadline = asyncio.get_running_loop().time() + limits.HEAD_TIMEOUT_MS / 1000
            self._received += data

    def _parse(self, head: bytes) -> Request:
        check_request(head, limits.TARGET_BYTES)
        self._wire.receive_data(head)
        event = self._wire.next_event()
        if not isinstance(event, h11.Request):
            raise HeadError("the request is malformed")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers]
        request = Request(event.method.decode(), event.target.decode(), headers, self._body(), self._peer)
        length = int(request.header("content-length") or "0")
        if length > limits.BODY_BYTES:
            raise HeadError("the body is too long", 413)
        if length or request.header("transfer-encoding"):
            if self._received:  # no bytes at all would say that the client has closed
                self._wire.receive_data(bytes(self._received))
                self._received.clear()
        elif self._received:
            raise HeadError("a second request follows before the answer")
        elif request.method != "CONNECT":
            self._wire.next_event()
            self._request_over.set()
        return request

    async def _body(self) -> AsyncIterator[bytes]:
        seen = 0
        deadline = asyncio.get_running_loop().time() + limits.BODY_TIMEOUT_MS / 1000
        while self._wire.their_state is h11.SEND_BODY:
            try:
                event = self._wire.next_event()
            except h11.RemoteProtocolError:
                raise BodyError("the body is malformed or cut") from None
            if event is h11.NEED_DATA:
                try:
                    async with asyncio.timeout_at(deadline):
                        data = await self._reader.read(limits.READ_BYTES)
                except TimeoutError:
                    raise BodyError("the body took too long", 408) from None
                if not data:
                    raise BodyError("the body is cut")
                self._wire.receive_data(data)
            elif isinstance(event, h11.Data):
                seen += len(event.data)
                if seen > limits.BODY_BYTES:
                    raise BodyError(f"the body is longer than {limits.BODY_BYTES} bytes", 413)
                yield bytes(event.data)
        if self._wire.trailing_data[0]:
            raise BodyError("a second request follows before the answer")
        self._request_over.set()

    async def _answer(self, request: Request) -> bool:
        """Run the handler, watching for the client's going away, and send its answer."""
        self._answered = False
        work = asyncio.create_task(self._work(request), name="http exchange")
        watch = asyncio.create_task(self._watch(), name="http watch")
        try:
            await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
            if work.done() or (self._answered and self._received):
                return await work
            return False
        finally:
            watch.cancel()
            work.cancel()
            await asyncio.gather(watch, work, return_exceptions=True)

    async def _watch(self) -> None:
        """Returns when the client goes, or sends what it must not send yet; that byte is kept."""
        await self._request_over.wait()
        self._received += await self._reader.read(1)

    async def _work(self, request: Request) -> bool:
        try:
            response = await self._handler(request)
        except BodyError as error:
            response = error_response(error.status, _CODES.get(error.status, "bad_request"), error.message)
        except Exception as error:  # a bug of the handler's: its text may quote anything, so only the class is told
            _log.error("a handler failed with %s", type(error).__name__)
            response = error_response(500, "internal", "the credential broker failed", "see its log")
        if response.tunnel is not None:
            await self._hand_over(response)
            return False
        try:
            return await self._send(response, request)
        finally:
            close = getattr(response.body, "aclose", None)
            if close is not None:
                await close()

    async def _hand_over(self, response: Response) -> None:
        self._writer.write(f"HTTP/1.1 {response.status} Connection established\r\n\r\n".encode())
        await self._writer.drain()
        if response.tunnel is not None:
            await response.tunnel(self._reader, self._writer)

    async def _send(self, response: Response, request: Request) -> bool:
        """Send the answer; True when the connection can serve another request."""
        silent = request.method == "HEAD" or response.status in (204, 304)
        headers = list(response.headers)
        if not isinstance(response.body, bytes):
            if not silent:  # a length that stands for the body of a GET stays alone
                headers.append(("Transfer-Encoding", "chunked"))
        elif not (silent and any(name.lower() == "content-length" for name, _ in headers)):
            headers.append(("Content-Length", str(len(response.body))))
        reusable = self._request_over.is_set()
        if not reusable:
            headers.append(("Connection", "close"))
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._write(h11.Response(status_code=response.status, headers=encoded))
        if isinstance(response.body, bytes):
            if response.body and not silent:
                self._write(h11.Data(data=response.body))
        elif not await self._stream(response.body, silent):
            return False
        self._answered = True
        self._write(h11.EndOfMessage())
        await self._drain()
        if not reusable:
            await self._linger()
            return False
        self._request_over.clear()
        self._wire.start_next_cycle()
        return True

    async def _stream(self, body: AsyncIterator[bytes], silent: bool) -> bool:
        """Send an iterator's pieces as they come; False when the answer had to be cut."""
        try:
            if not silent:
                async for piece in body:
                    if piece:
                        self._write(h11.Data(data=piece))
                        await self._drain()
        except AnswerError as error:
            _log.debug("an answer was cut: %s", error.code)
            self._writer.transport.abort()
            return False
        return True

    def _write(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._wire.send(event)
        if data:
            self._writer.write(data)

    async def _drain(self) -> None:
        async with asyncio.timeout(limits.WRITE_TIMEOUT_MS / 1000):
            await self._writer.drain()

    async def _refuse(self, status: int, message: str) -> None:
        """Answer what is no request, by hand, and let the client read it before the connection goes."""
        response = error_response(status, "bad_request", message, "send plain HTTP/1.1")
        head = f"HTTP/1.1 {status} Refused\r\nConnection: close\r\nBarnacle-Error: bad_request\r\n"
        body = response.body if isinstance(response.body, bytes) else b""
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._drain()
        await self._linger()

    async def _linger(self) -> None:
        """Read a little of what is still on its way: closing at once would take the answer from the client."""
        if self._writer.can_write_eof():
            self._writer.write_eof()
        seen = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.LINGER_MS / 1000):
                while seen < limits.LINGER_BYTES and (data := await self._reader.read(limits.READ_BYTES)):
                    seen += len(data)
