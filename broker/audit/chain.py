"""Reading one file of the chain, line by line, without judging more than whether a line is a record."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from broker.audit import limits
from broker.audit.folder import open_file
from broker.audit.record import ZERO, Record, UnreadableLineError, chain_key, hash_of, parse

_PIECE = 256 * 1024


@dataclass(frozen=True)
class Line:
    """A line of a file: its number from 1, and the record in it, None when there is none. `hash` is the line's."""

    number: int
    record: Record | None
    hash: str
    size: int
    whole: bool = True
    data: bytes = field(default=b"", repr=False)


def read_lines(path: Path) -> Iterator[Line]:
    """Every line; the last may lack its end (`whole` False). Raises OSError, UnsafePathError."""
    handle = open_file(path, os.O_RDONLY)
    with os.fdopen(handle, "rb", buffering=_PIECE) as file:
        number = 0
        while data := file.readline(limits.LINE_BYTES + 1):
            number += 1
            size = len(data)
            while not data.endswith(b"\n") and (more := file.readline(_PIECE)):  # far too long: no record
                size += len(more)
                data = data[: limits.LINE_BYTES + 1] + more[-1:]
            yield _line(number, data, size)


def _line(number: int, data: bytes, size: int) -> Line:
    text = data.removesuffix(b"\n")
    if not data.endswith(b"\n"):
        return Line(number, None, hash_of(text), size, whole=False, data=text)
    try:
        return Line(number, parse(text), hash_of(text), size, data=text)
    except UnreadableLineError:
        return Line(number, None, hash_of(text), size, data=text)


@dataclass
class Ending:
    """Where a file ends: the last record's number and hash, how many bytes are whole lines and how many are torn,
    and what is wrong with it ("" for nothing)."""

    n: int = 0
    hash: str = ZERO
    chain: str = ""
    key: str = ""
    bytes: int = 0
    torn: int = 0
    problem: str = ""
    feeds: dict[str, int] = field(default_factory=dict[str, int])


def read_ending(path: Path, mac_key_of: "MacKeyOf") -> Ending:
    """Read a whole file. The MACs count only when it names a key that `mac_key_of` knows."""
    end = Ending()
    mac_key: bytes | None = None
    for line in read_lines(path):
        if not line.whole:
            end.torn = line.size
            break
        end.bytes += line.size
        record = line.record
        if record is not None and record.file is not None and line.number == 1:
            _take_header(end, record)
            mac_key = mac_key_of(end.key, end.chain)
        elif record is None or record.file is not None or line.number == 1:
            end.problem = end.problem or f"line {line.number} is no record"
        elif (record.n, record.prev) != (end.n + 1, end.hash):
            end.problem = end.problem or f"line {line.number} does not follow the one before"
        if record is not None and mac_key is not None and not record.signed_with(mac_key):
            end.problem = end.problem or f"line {line.number} was changed"
        if record is not None:
            end.n = record.n
            feed = feed_of(record.event)
            if feed is not None:
                remember(end.feeds, *feed)
        end.hash = line.hash
    return end


def feed_of(event: Mapping[str, Any] | None) -> tuple[str, int] | None:
    """Where an event comes from and its number there; None when it does not say."""
    feed = event.get("feed") if event else None
    if not isinstance(feed, dict):
        return None
    fields = cast("dict[str, Any]", feed)
    name, seq = fields.get("id"), fields.get("seq")
    return (name[: limits.FEED_CHARS], seq) if isinstance(name, str) and type(seq) is int else None


def remember(feeds: dict[str, int], name: str, seq: int) -> None:
    """Note that `name` has come as far as `seq`; the source unheard of for longest is forgotten."""
    feeds[name] = max(seq, feeds.pop(name, 0))
    while len(feeds) > limits.FEEDS:
        del feeds[next(iter(feeds))]


def _take_header(end: Ending, record: Record) -> None:
    header = record.file or {}
    end.chain, end.key = str(header.get("chain", "")), str(header.get("key", ""))
    feeds = header.get("feeds")
    if isinstance(feeds, dict):
        for name, seq in cast("dict[str, Any]", feeds).items():
            if type(seq) is int:
                remember(end.feeds, name, seq)


class MacKeyOf:
    """Finds the key for a file's MACs among those at hand."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = keys

    def __call__(self, key: str, chain: str) -> bytes | None:
        """None when the key with this id is not at hand."""
        found = self._keys.get(key)
        return None if found is None else chain_key(found, chain)
