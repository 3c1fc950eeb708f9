"""A strict HTTP/1.1 server on a unix socket or on loopback.

    server = await serve_unix(path, handler) ; … ; await server.close()

`handler` takes a Request and returns a Response. A message with anything unusual about its framing is answered with 400
(or 405, 413, 414, 431, 501, 505) and the connection is closed; so is one on which more arrives before its answer is
out. When the client goes away, the handler is cancelled. What the handler raises is answered with 500 and
reported by its class alone.
"""

import asyncio
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from broker import limits
from broker.http_connection import Connection
from broker.http_message import Peer, Request, Response

Handler = Callable[[Request], Awaitable[Response]]
_log = logging.getLogger(__name__)


class Server:
    """Listens until `close`; `refused` counts connections beyond the bound and from other users."""

    def __init__(self, handler: Handler, *, check_peer: bool, most: int = limits.CONNECTIONS) -> None:
        self.refused = 0
        self.path: str | None = None
        self._handler = handler
        self._check_peer = check_peer
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The TCP port that it listens on."""
        return self._listening().sockets[0].getsockname()[1]

    async def listen(self, bound: socket.socket) -> None:
        """Serve on a bound socket."""
        if bound.family == socket.AF_UNIX:
            self._server = await asyncio.start_unix_server(self._connected, sock=bound)
        else:
            self._server = await asyncio.start_server(self._connected, sock=bound)

    async def close(self) -> None:
        """Stop listening, end every connection, and remove the socket."""
        server = self._listening()
        server.close()
        if self.path is not None:
            _unlink(self.path)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _peer(writer)
        if len(self._tasks) >= self._most or (self._check_peer and (peer is None or peer.uid != os.geteuid())):
            self.refused += 1
            writer.transport.abort()
            return
        task = asyncio.create_task(Connection(reader, writer, self._handler, peer).run(), name="http connection")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a connection ended with %s", type(error).__name__)

    def _listening(self) -> asyncio.Server:
        if self._server is None:
            raise RuntimeError("the server does not listen yet")
        return self._server


async def serve_unix(
    path: str | Path,
    handler: Handler,
    *,
    mode: int = 0o600,
    check_peer: bool = True,
    most: int = limits.CONNECTIONS,
) -> Server:
    """Listen on a unix socket that never is more open than `mode`, for `most` connections at a time. A dead socket of
    ours at the path is replaced; raises OSError when something else is there, or when somebody listens."""
    path = str(path)
    await _remove_dead_socket(path)
    bound = socket.socket(socket.AF_UNIX)
    try:
        before = os.umask(0o777 & ~mode)
        try:
            bound.bind(path)
        finally:
            os.umask(before)
        server = Server(handler, check_peer=check_peer, most=most)
        server.path = path
        await server.listen(bound)
    except BaseException:
        bound.close()
        raise
    return server


async def serve_tcp(host: str, port: int, handler: Handler) -> Server:
    """Listen on a loopback address; port 0 takes a free one. Raises ValueError for any other address."""
    if host not in ("127.0.0.1", "::1"):
        raise ValueError("only loopback addresses are served")
    bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = Server(handler, check_peer=False)
    await server.listen(bound)
    return server


async def _remove_dead_socket(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
        raise FileExistsError(f"{path} is there already and is no socket of this user")
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except ConnectionRefusedError:
        _unlink(path)
        return
    writer.close()
    raise FileExistsError(f"somebody listens on {path}")


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def _peer(writer: asyncio.StreamWriter) -> Peer | None:
    raw = writer.get_extra_info("socket")
    if raw is None or raw.family != socket.AF_UNIX:
        return None
    credentials = raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, gid = (int.from_bytes(credentials[at : at + 4], "little", signed=True) for at in (0, 4, 8))
    return Peer(pid, uid, gid)
