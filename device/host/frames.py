"""Reading files of frames: `[length u32, top bit: batch goes on][crc32 u32][payload]`, little endian."""

import struct
from binascii import crc32

from device.host import limits
from device.host.portable import const

HEADER_BYTES = const(8)
MORE = const(0x80000000)
_AT_END = const(-2)
END = b"[]"  # closes a snapshot: without it the file is not whole


def replay_batches(files, name, apply):
    """Hand the payloads of every whole batch to `apply`, in one pass; stops at the first frame that cannot be read.

    Returns (bytes up to the last whole batch, size, torn): `torn` says that the rest looks like a cut or zeroed write.
    """
    file = files.open(name)
    try:
        good = offset = 0
        batch = []
        while True:
            payload, more, consumed = _read_frame(file)
            if payload is None:
                break
            offset += consumed
            batch.append(payload)
            if not more:
                good = offset
                for record in batch:
                    apply(record)
                batch = []
    finally:
        file.close()
    if consumed == _AT_END and not batch:
        return good, good, False
    size = files.size(name)
    torn = good < size and (consumed < 0 or _only_zeros_follow(files, name, offset, size))
    return good, size, torn


def whole(files, name):
    """True when a snapshot file reads without fault up to its end mark."""
    size = files.size(name)
    file = files.open(name)
    offset, last = 0, None
    try:
        while True:
            payload, _, consumed = _read_frame(file)
            if payload is None:
                break
            offset += consumed
            last = payload
    finally:
        file.close()
    return offset == size and last == END


def replay(files, name, length, apply):
    """Hand the payloads of the first `length` bytes (known to be good) to `apply`, end mark left out."""
    file = files.open(name)
    try:
        offset = 0
        while offset < length:
            payload, _, consumed = _read_frame(file)
            if payload is None:
                raise OSError(5)
            offset += consumed
            if payload != END:
                apply(payload)
    finally:
        file.close()


def _read_frame(file):
    """(payload, more, bytes consumed); payload None at the end or a bad frame; consumed is then 0, or below it when the
    frame was cut short."""
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None, False, -1 if header else _AT_END
    length, crc = struct.unpack("<II", header)
    more = bool(length & MORE)
    length &= ~MORE
    if not 0 < length <= limits.RECORD_BYTES:
        return None, False, 0
    payload = file.read(length)
    if len(payload) < length:
        return None, False, -1
    if crc32(payload) != crc:
        return None, False, 0 if file.read(1) else -1
    return payload, more, HEADER_BYTES + length


def _only_zeros_follow(files, name, offset, size):
    """True when everything from `offset` on is zero: storage that grew before its data arrived."""
    file = files.open(name)
    try:
        skip = offset
        while skip:
            skip -= len(file.read(min(skip, 512)))
        while offset < size:
            piece = file.read(512)
            if any(piece):
                return False
            offset += len(piece)
    finally:
        file.close()
    return True
