"""What calls are made of on the bus: JSON texts cut into parts that fit envelopes, and put together again.

Each part is the body of one envelope of the link's service lane (link.py); `c` names the call, `n` counts from 0:

    call.open    box -> host  {c, n, s, p, m}            a part of the request to service `s`; `m`: more parts follow
    call.begun   host -> box  {c}                        the request has come whole; silence may be long from now on
    call.item    host -> box  {c, n, p, m}               a part of an item
    call.end     host -> box  {c, n, p, m}               a part of the result; after the last one the call is over
    call.fail    host -> box  {c, n, code, message, remedy}                                     likewise
    call.taken   box -> host  {c, n}                     everything up to `n` has left the box's window
    call.cancel  box -> host  {c}                        the answer is no longer wanted
    call.reset   box -> host  {}                         nor is that of any call before
    call.lost    host -> box  {}                         a session began here: no call before it will be answered
"""

import json

from device.host import limits
from device.host.envelope import check_value, depth_of, has_surrogate_escape
from device.host.errors import BarnacleError
from device.host.portable import dumps


class PartsError(BarnacleError):
    """`.code`: too_large or bad_value."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def encode(body):
    """The JSON text of a request, item or result; raises PartsError."""
    try:
        check_value(body, limits.CALL_DEPTH)
        text = dumps(body)
        size = len(text.encode("utf-8"))
    except (BarnacleError, ValueError) as error:
        raise PartsError("bad_value", str(error))
    if type(body) is not dict:
        raise PartsError("bad_value", "what a call carries is an object")
    if size > limits.CALL_BYTES:
        raise PartsError("too_large", "%d bytes exceed the %d that a call may carry" % (size, limits.CALL_BYTES))
    return text


def decode(text):
    """The object that `encode` was given; raises PartsError."""
    data = text.encode("utf-8")
    if depth_of(data) > limits.CALL_DEPTH or has_surrogate_escape(data):
        raise PartsError("bad_value", "nested too deep, or no text")
    try:
        body = json.loads(text)
    except ValueError:
        raise PartsError("bad_value", "not JSON")
    if type(body) is not dict:
        raise PartsError("bad_value", "what a call carries is an object")
    return body


def cut(text):
    """`text` as a generator of (piece, more): each fits CALL_PART_BYTES with JSON's escapes; at least one piece."""
    start = 0
    while True:
        end = min(len(text), start + limits.CALL_PART_BYTES)
        piece = text[start:end]
        size = escaped_bytes(piece)
        while size > limits.CALL_PART_BYTES:
            end = start + max(1, (end - start) * limits.CALL_PART_BYTES // size)
            piece = text[start:end]
            size = escaped_bytes(piece)
        yield piece, end < len(text)
        if end >= len(text):
            return
        start = end


def escaped_bytes(text):
    """How many bytes a piece takes up in an envelope, quotes included."""
    return len(dumps(text).encode("utf-8"))


def well_formed(body):
    """True for the body of a part: its text, whether more follow."""
    return type(body.get("p")) is str and type(body.get("m")) is bool


class Assembly:
    """The parts of one text as they come."""

    def __init__(self):
        self._pieces = []
        self._size = 0

    def add(self, piece, more):
        """The whole text with its last part, None before; raises PartsError when it grows too large. A part that is
        not the last counts CALL_PIECE_BYTES at least: `cut` makes none that is smaller; many would fill the heap."""
        size = len(piece.encode("utf-8"))
        self._size += max(size, limits.CALL_PIECE_BYTES) if more else size
        if self._size > limits.CALL_BYTES:
            self._pieces = []
            raise PartsError("too_large", "more than the %d bytes that a call may carry" % limits.CALL_BYTES)
        if not more and not self._pieces:
            self._size = 0
            return piece
        self._pieces.append(piece)
        if more:
            return None
        text = "".join(self._pieces)
        self._pieces = []
        self._size = 0
        return text
