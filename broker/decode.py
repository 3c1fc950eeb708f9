"""Takes the content coding off an answer, in pieces and within bounds.

    decoder = decoder_for(values of Content-Encoding) ; out = decoder.feed(data) ; decoder.end()

Raises Unavailable: bad_encoding (unknown, nested, broken), too_large (a bomb).
"""

import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Protocol

from broker import limits
from broker.errors import Unavailable

_brotli: Any = import_module("brotli")  # it has no types
_GZIP_MAGIC = b"\x1f\x8b\x08"
_STEP_BYTES = 256 * 1024


class _Codec(Protocol):
    finished: bool

    def steps(self, data: bytes) -> Iterator[bytes]:
        """What the data decodes to, in pieces of bounded size."""
        ...


class Decoder:
    """One answer's decoder; `decoded` counts the bytes that came out."""

    def __init__(self, codec: _Codec | None) -> None:
        self.decoded = 0
        self._encoded = 0
        self._codec = codec
        self._start = b""

    def feed(self, data: bytes) -> bytes:
        """What these bytes decode to."""
        self._encoded += len(data)
        out = data if self._codec is None else self._through(self._codec, data)
        if self._codec is None:
            self._count(len(data))
        if len(self._start) < len(_GZIP_MAGIC):
            self._start = (self._start + out)[: len(_GZIP_MAGIC)]
            if self._start == _GZIP_MAGIC:
                raise _bad("there is another encoding within the answer's")
        return out

    def end(self) -> None:
        """Raises Unavailable when the encoded stream is not complete."""
        if self._codec is not None and self._encoded and not self._codec.finished:
            raise _bad("the encoded answer is cut")

    def _through(self, codec: _Codec, data: bytes) -> bytes:
        if codec.finished and data:
            raise _bad("something follows the encoded answer")
        parts: list[bytes] = []
        try:
            for out in codec.steps(data):
                self._count(len(out))
                parts.append(out)
        except (zlib.error, _brotli.error):
            raise _bad("the encoded answer is broken") from None
        return b"".join(parts)

    def _count(self, size: int) -> None:
        self.decoded += size
        allowed = limits.DECODED_FREE_BYTES + limits.DECODED_RATIO * self._encoded
        if self.decoded > min(limits.ANSWER_BYTES, allowed):
            raise Unavailable("too_large", "the answer decodes to too many bytes", "ask for less")


class _Zlib:
    def __init__(self, window_bits: int, *, guess: bool = False) -> None:
        self.finished = False
        self._guess = guess
        self._object = zlib.decompressobj(window_bits)

    def steps(self, data: bytes) -> Iterator[bytes]:
        while True:
            out = self._step(data)
            yield out
            data = self._object.unconsumed_tail
            if self._object.eof:
                self.finished = True
                if self._object.unused_data:
                    raise _bad("something follows the encoded answer")
                return
            if not data and len(out) < _STEP_BYTES:
                return

    def _step(self, data: bytes) -> bytes:
        try:
            return self._object.decompress(data, _STEP_BYTES)
        except zlib.error:
            if not self._guess:
                raise
            self._object = zlib.decompressobj(-15)  # "deflate" without its header, as some servers send
            return self._object.decompress(data, _STEP_BYTES)
        finally:
            self._guess = False


class _Brotli:
    def __init__(self) -> None:
        self.finished = False
        self._object: Any = _brotli.Decompressor()

    def steps(self, data: bytes) -> Iterator[bytes]:
        yield self._object.process(data, output_buffer_limit=_STEP_BYTES)
        while not self._object.can_accept_more_data():
            more: bytes = self._object.process(b"", output_buffer_limit=_STEP_BYTES)
            if not more:
                break
            yield more
        self.finished = bool(self._object.is_finished())


def decoder_for(values: Sequence[bytes]) -> Decoder:
    """The decoder that an answer's Content-Encoding headers ask for."""
    codings = [each.strip().lower() for value in values for each in value.split(b",") if each.strip()]
    codings = [each for each in codings if each != b"identity"]
    if len(codings) > 1:
        raise _bad("the answer is encoded more than once")
    if not codings:
        return Decoder(None)
    if codings[0] in (b"gzip", b"x-gzip"):
        return Decoder(_Zlib(31))
    if codings[0] == b"deflate":
        return Decoder(_Zlib(15, guess=True))
    if codings[0] == b"br":
        return Decoder(_Brotli())
    raise _bad("the answer's encoding is not known")


def _bad(message: str) -> Unavailable:
    return Unavailable("bad_encoding", message, "ask for an answer without encoding")
