"""The first message of a TLS client, read for the one thing that matters: which name it asks for.

server_name(data) -> name      None: more bytes are needed; raises BadRequest when it is no plain hello
"""

from broker import limits
from broker.errors import BadRequest

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ECH = 0, 0xFE0D
_RECORD_MOST = 16 * 1024


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise _bad("the TLS hello is malformed")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def block(self, size: int) -> "_Reader":
        return _Reader(self.take(self.number(size)))


def server_name(data: bytes) -> str | None:
    """The name in the hello, as sent. Raises BadRequest: no TLS, malformed, no name, two names, or a name that is
    encrypted (the inner one could be another)."""
    message = _message(data)
    if message is None:
        if len(data) >= limits.HELLO_BYTES:
            raise _bad("the TLS hello is too long")
        return None
    hello = _Reader(message)
    hello.take(2 + 32)
    hello.block(1)
    hello.block(2)
    hello.block(1)
    names: list[bytes] = []
    extensions = hello.block(2) if hello else _Reader(b"")
    while extensions:
        kind, body = extensions.number(2), extensions.block(2)
        if kind == _ECH:
            raise _bad("the TLS hello hides its name (ECH)")
        if kind == _SERVER_NAME:
            names += _names(body)
    if len(names) != 1:
        raise _bad("the TLS hello asks for no name" if not names else "the TLS hello asks for two names")
    return names[0].decode("latin-1")


def _names(body: _Reader) -> list[bytes]:
    listed = body.block(2)
    names: list[bytes] = []
    while listed:
        kind = listed.number(1)
        name = listed.block(2)
        if kind != 0:
            raise _bad("the TLS hello asks for a name of an unknown kind")
        text = b""
        while name:
            text += name.take(1)
        names.append(text)
    return names


def _message(data: bytes) -> bytes | None:
    """The handshake message out of its records; None while it is incomplete."""
    message, at = b"", 0
    while at < len(data):
        if data[at] != _HANDSHAKE or (at + 1 < len(data) and data[at + 1] != 3):
            raise _bad("what was sent is no TLS hello")
        if len(data) < at + 5:
            return None
        size = int.from_bytes(data[at + 3 : at + 5])
        if not 0 < size <= _RECORD_MOST:
            raise _bad("the TLS hello is malformed")
        message += data[at + 5 : at + 5 + size]
        at += 5 + size
        if message and message[0] != _CLIENT_HELLO:
            raise _bad("what was sent is no TLS hello")
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4]):
            return message[4 : 4 + int.from_bytes(message[1:4])]
    return None


def _bad(message: str) -> BadRequest:
    return BadRequest("bad_request", message, "speak TLS with the name that was asked for")
