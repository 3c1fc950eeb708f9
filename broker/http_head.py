"""The raw head of an HTTP message, judged before the parser sees it. h11 takes a bare line feed, folded lines, repeated
lengths and a few more for granted; here each is an error.

    HeadError      why the head is refused: `status` for the answer, and a message
    split_head     cuts a head off the front of what was received, or says that more is needed
    check_request  what a request's head may look like
    check_answer   what an upstream's head may look like
"""

import re

END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"[A-Z]{1,20} [!-~]+ HTTP/1\.1")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: [\t -~\x80-\xff]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?[ \t]*")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_OVERRIDES = {b"x-http-method-override", b"x-http-method", b"x-method-override"}
_ONCE = {b"host", b"content-length", b"transfer-encoding", b"authorization", b"barnacle-lease", b"barnacle-call"}


class HeadError(Exception):
    """The head of a message is refused."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def split_head(received: bytearray, most_bytes: int, most_fields: int) -> bytes | None:
    """Takes the head, with its empty line, from the front of `received`; None while it is incomplete. Raises HeadError
    as soon as it is too long or holds what no head may hold."""
    end = received.find(END, 0, most_bytes)
    seen = received[: end + len(END)] if end >= 0 else received[:most_bytes]
    if b"\0" in seen:
        raise HeadError("the head holds a zero byte")
    _check_line_ends(seen, whole=end >= 0)
    if seen.count(b"\n") > most_fields + 2:
        raise HeadError("there are too many header fields", 431)
    if end < 0:
        if len(received) >= most_bytes:
            raise HeadError("the head is too long", 431)
        return None
    head = bytes(seen)
    del received[: len(head)]
    return head


def check_request(head: bytes, most_target: int) -> None:
    """Raises HeadError unless this is the head of one plain HTTP/1.1 request."""
    line, fields = _lines(head)
    if line.startswith(b"PRI * HTTP/2"):
        raise HeadError("HTTP/2 is not spoken here", 505)
    if not _REQUEST_LINE.fullmatch(line):
        raise HeadError("the request line is not plain HTTP/1.1")
    method, target, _ = line.split(b" ")
    if len(target) > most_target:
        raise HeadError("the request target is too long", 414)
    if method in (b"TRACE", b"TRACK"):
        raise HeadError("this method is not served", 405)
    names = [name for name, _ in fields]
    for name in _ONCE:
        if names.count(name) > 1:
            raise HeadError(f"there are two {name.decode()} headers")
    if b"host" not in names:
        raise HeadError("there is no Host header")
    if _OVERRIDES.intersection(names):
        raise HeadError("a header asks for another method")
    if b"http2-settings" in names or b"upgrade" in names:
        raise HeadError("this protocol is not changed for another one")
    _check_framing(fields)


def check_answer(head: bytes) -> None:
    """Raises HeadError unless this is the head of one plain HTTP/1.x answer."""
    line, fields = _lines(head)
    if not _STATUS_LINE.fullmatch(line):
        raise HeadError("the status line is not plain HTTP/1.1")
    names = [name for name, _ in fields]
    if names.count(b"content-length") > 1 or names.count(b"transfer-encoding") > 1:
        raise HeadError("the length is given twice")
    _check_framing(fields)


def _check_line_ends(data: bytearray, *, whole: bool) -> None:
    feeds = data.count(b"\n")
    if feeds != data.count(b"\r\n"):
        raise HeadError("a line ends with a bare line feed")
    returns = data.count(b"\r")
    if returns != feeds and not (not whole and data.endswith(b"\r") and returns == feeds + 1):
        raise HeadError("the head holds a bare carriage return")


def _lines(head: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    line, *rest = head[: -len(END)].split(b"\r\n")
    fields: list[tuple[bytes, bytes]] = []
    for each in rest:
        if each[:1] in (b" ", b"\t"):
            raise HeadError("a header is folded over two lines")
        found = _FIELD.fullmatch(each)
        if found is None:
            raise HeadError("a header is malformed")
        fields.append((found[1].lower(), found[2] or b""))
    return line, fields


def _check_framing(fields: list[tuple[bytes, bytes]]) -> None:
    given = dict(fields)
    length, coding = given.get(b"content-length"), given.get(b"transfer-encoding")
    if length is not None and coding is not None:
        raise HeadError("the length is given in two ways")
    if length is not None and not _LENGTH.fullmatch(length):
        raise HeadError("the length is no plain number")
    if coding is not None and coding.lower() != b"chunked":
        raise HeadError("this transfer coding is not served", 501)
