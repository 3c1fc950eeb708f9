"""One record of the chain: a line of JSON that carries its own MAC and the hash of the line before.

    {"mac":"<64 hex>","n":7,"prev":"<64 hex>","event":{…}}

The MAC (HMAC-SHA256, key derived per chain) covers the exact bytes of the line without the `mac` field. `prev` is the
SHA-256 of the whole line before, its MAC included, without the line feed. So whoever has the key can tell which
record was changed; whoever has not can still tell that the lines belong together.

The first record of each file has `file` instead of `event`: {"v", "chain", "key", "number", "ts_ms", "feeds"}.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Any, cast

from broker.audit import limits

ZERO = "0" * 64
VERSION = 1
_HEAD = re.compile(rb'\{"mac":"([0-9a-f]{64})",(?="n":)')
_HEX = re.compile(r"[0-9a-f]{64}")


class UnreadableLineError(ValueError):
    """The line is no record."""


@dataclass(frozen=True)
class Record:
    """A line that was read. `event` is None in the first record of a file, `file` in all others."""

    n: int
    prev: str
    event: dict[str, Any] | None
    file: dict[str, Any] | None
    mac: str
    hash: str
    body: bytes = field(repr=False)

    def signed_with(self, mac_key: bytes) -> bool:
        """Whether the MAC is that of this key."""
        return hmac.compare_digest(self.mac, _mac(mac_key, self.body))


def encode(n: int, prev: str, what: str, content: dict[str, Any], mac_key: bytes) -> tuple[bytes, str]:
    """The line (without line feed) and its hash; `what` is "event" or "file"."""
    body = dumps({"n": n, "prev": prev, what: content})
    line = b'{"mac":"' + _mac(mac_key, body).encode() + b'",' + body[1:]
    return line, hash_of(line)


def parse(line: bytes) -> Record:
    """Raises UnreadableLineError."""
    head = _HEAD.match(line)
    if head is None or len(line) > limits.LINE_BYTES:
        raise UnreadableLineError("no record")
    body = b"{" + line[head.end() :]
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableLineError("no JSON") from None
    n, prev = value.get("n"), value.get("prev")
    event, file = value.get("event"), value.get("file")
    shaped = type(n) is int and n > 0 and isinstance(prev, str) and _HEX.fullmatch(prev) and len(value) == 3
    if not shaped or isinstance(event, dict) == isinstance(file, dict):
        raise UnreadableLineError("a record of another shape")
    return Record(n, cast("str", prev), event, file, head[1].decode(), hash_of(line), body)


def hash_of(line: bytes) -> str:
    """What the next record's `prev` says of this line."""
    return hashlib.sha256(line).hexdigest()


def dumps(value: Any) -> bytes:
    """The one JSON form that is written: ASCII, so no byte of it can be a control character."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def chain_key(key: bytes, chain: str) -> bytes:
    """The key of one chain's MACs: a record is worth nothing in another chain."""
    return hmac.digest(key, b"barnacle audit chain " + chain.encode(), "sha256")


def key_id(key: bytes) -> str:
    """Names a key without telling it."""
    return hmac.digest(key, b"barnacle audit key id", "sha256").hex()[:16]


def _mac(mac_key: bytes, body: bytes) -> str:
    return hmac.digest(mac_key, body, "sha256").hex()
