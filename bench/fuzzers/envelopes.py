"""Envelopes: what was sealed opens unchanged, what was changed never opens, what a peer sends is checked."""

import hashlib
import hmac
import json
from random import Random
from typing import Any

from bench.fuzzers.judged import Judge, Wrong, fuzzer
from device.host import limits
from device.host.envelope import EnvelopeError, open_envelope, seal

KEY = b"fuzz" * 8
OTHER_KEY = b"zzuf" * 8
CODES = ("too_large", "too_deep", "bad_mac", "bad_json", "bad_field")
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**53,
    1.5,
    "",
    "x",
    "\x00",
    "\U0001f600",
    [],
    {},
    [[]],
    {"a": {"b": [1]}},
    "host",
)
PIECES = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"1e999",
    b"NaN",
    b"-0",
    b"null",
    b" ",
    b"[" * 20,
)
FIELDS = {"v", "src", "boot", "seq", "ack", "ts", "id", "kind", "body"}


@fuzzer("envelope", 0.17)
def make() -> Judge:
    """A Judge of envelopes."""
    return _judge


def _judge(rng: Random) -> None:
    fields = _fields(rng)
    sealed = seal(KEY, fields)
    kind = rng.random()
    if kind < 0.25:
        opened = open_envelope(KEY, sealed)
        if {name: value for name, value in opened.items() if name != "v"} != fields:
            raise Wrong(f"{fields} opened as {opened}")
    elif kind < 0.6:
        changed = _changed(rng, sealed)
        if changed != sealed and _opens(KEY, changed) is not None:
            raise Wrong(f"{changed!r} opened and was changed")
        if _opens(OTHER_KEY, sealed) is not None:
            raise Wrong(f"{sealed!r} opened with another key")
    else:
        text = _changed(rng, _with_odd_field(rng, fields) if rng.random() < 0.6 else sealed[64:])
        opened = _opens(KEY, hmac.new(KEY, text, hashlib.sha256).hexdigest().encode() + text)
        if opened is not None:
            _check_opened(text, opened)


def _fields(rng: Random) -> dict[str, Any]:
    seq = int(rng.random() * 1000)
    body = {"text": rng.choice(("", "hi", "ü\n", '"\\')), "n": seq, "x": rng.choice(VALUES)}
    source = rng.choice(("host", "device:desk", "op:cli"))
    return {
        "src": source,
        "boot": "0a1b",
        "seq": seq,
        "ack": 0,
        "ts": 1,
        "id": f"i{seq}",
        "kind": "msg.in",
        "body": body,
    }


def _with_odd_field(rng: Random, fields: dict[str, Any]) -> bytes:
    odd: dict[str, Any] = {"v": 1, **fields, rng.choice((*FIELDS, "extra")): rng.choice(VALUES)}
    if rng.random() < 0.1:
        odd.pop(rng.choice(tuple(odd)))
    return json.dumps(odd).encode()


def _changed(rng: Random, data: bytes) -> bytes:
    for _ in range(rng.choice((0, 1, 1, 2))):
        at, kind = int(rng.random() * (len(data) + 1)), rng.random()
        if kind < 0.4:
            data = data[:at] + bytes([int(rng.random() * 256)]) + data[at + 1 :]
        elif kind < 0.6:
            data = data[:at]
        else:
            data = data[:at] + rng.choice(PIECES) + data[at:]
    return data if rng.random() < 0.99 else data + b" " * limits.ENVELOPE_BYTES


def _opens(key: bytes, data: bytes) -> dict[str, Any] | None:
    try:
        return open_envelope(key, data)
    except EnvelopeError as error:
        if error.code not in CODES:
            raise Wrong(f"{data!r} refused as {error.code}") from error
        return None


def _check_opened(text: bytes, opened: dict[str, Any]) -> None:
    numbers = [opened["v"], opened["seq"], opened["ack"], opened["ts"]]
    good = set(opened) == FIELDS and all(type(one) is int and 0 <= one < 2**53 for one in numbers)
    if not good or type(opened["body"]) is not dict or len(text) + 64 > limits.ENVELOPE_BYTES:
        raise Wrong(f"{text!r} opened as {opened}")
    if repr(json.loads(text)) != repr(opened):
        raise Wrong(f"{text!r} is not {opened}")
