"""The one message on the bus: 64 hex characters of HMAC-SHA256, then the JSON text they sign, byte for byte.

Fields: `v` 1 · `src` "device:<id>", "host" or "op:<client>" · `boot` hex, random per boot · `seq`, `ack`, `ts`
integers · `id` idempotency key · `kind` · `body` object.
What is signed are the bytes sent: dicts have no order on MicroPython.
"""

import hashlib
import json

from device.host import limits
from device.host.errors import BarnacleError
from device.host.portable import const, dumps, hexlify

VERSION = const(1)
_MAC_CHARS = const(64)
_BLOCK_BYTES = const(64)
_KEYS_KEPT = const(16)
_INTEGER_MAX = const(0x1FFFFFFFFFFFFF)  # 2**53 - 1: what every JSON reader takes exactly
_FIELDS = ("v", "src", "boot", "seq", "ack", "ts", "id", "kind", "body")
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
_KIND = "abcdefghijklmnopqrstuvwxyz0123456789._-"
_HEX = "0123456789abcdef"

_pads = {}


class EnvelopeError(BarnacleError):
    """`.code`: too_large, too_deep, bad_mac, bad_json or bad_field. Strangers get only the first and third."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def seal(key, fields):
    """The envelope for `fields` (all of the above but `v`) as bytes, at most ENVELOPE_BYTES; raises EnvelopeError."""
    whole = {"v": VERSION}
    whole.update(fields)
    _check_fields(whole)
    check_value(whole, limits.JSON_DEPTH)
    try:
        text = dumps(whole).encode("utf-8")
    except ValueError:
        raise EnvelopeError("bad_json", "the body holds text that is not valid UTF-8")
    if _MAC_CHARS + len(text) > limits.ENVELOPE_BYTES:
        raise EnvelopeError(
            "too_large",
            "an envelope of %d bytes exceeds the %d allowed" % (_MAC_CHARS + len(text), limits.ENVELOPE_BYTES),
        )
    return _mac(key, text) + text


def open_envelope(key, data):
    """The checked fields of a received envelope; raises EnvelopeError. Nothing is parsed before the MAC holds."""
    if len(data) > limits.ENVELOPE_BYTES:
        raise EnvelopeError("too_large", "received %d bytes, more than %d" % (len(data), limits.ENVELOPE_BYTES))
    data = bytes(data)
    text = data[_MAC_CHARS:]
    if not _same(_mac(key, text), data[:_MAC_CHARS]):
        raise EnvelopeError("bad_mac", "the signature does not fit: another key, or the bytes were changed")
    if depth_of(text) > limits.JSON_DEPTH:
        raise EnvelopeError("too_deep", "nested deeper than %d" % limits.JSON_DEPTH)
    if has_surrogate_escape(text):
        raise EnvelopeError("bad_json", "holds a surrogate escape; text goes as plain UTF-8")
    try:
        fields = json.loads(str(text, "utf-8"))
    except ValueError:
        raise EnvelopeError("bad_json", "not JSON in UTF-8")
    _check_fields(fields)
    return fields


def check_value(value, depth):
    """Only what JSON can carry: MicroPython's `dumps` would turn any object into text without a word."""
    if value is None or value is True or value is False:
        return
    kind = type(value)
    if kind is str or kind is int:
        return
    if kind is float:
        if value != value or value in (float("inf"), float("-inf")):
            raise EnvelopeError("bad_json", "JSON has no such number")
        return
    if depth == 0:
        raise EnvelopeError("too_deep", "nested deeper than %d" % limits.JSON_DEPTH)
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise EnvelopeError("bad_json", "a key in the body is not text")
            check_value(value[key], depth - 1)
    elif kind is list or kind is tuple:
        for item in value:
            check_value(item, depth - 1)
    else:
        raise EnvelopeError("bad_json", "the body holds something that JSON cannot carry")


def depth_of(text):
    """Deepest nesting of the JSON text, found before it is parsed. Few brackets, the usual case, need no scan."""
    brackets = text.count(b"{") + text.count(b"[")
    if brackets <= limits.JSON_DEPTH:
        return brackets
    depth = deepest = at = 0
    while at < len(text):
        byte = text[at]
        if byte == 0x22:  # a string: jump to its end
            at = _string_end(text, at + 1)
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            if depth > deepest:
                deepest = depth
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
        at += 1
    return deepest


def has_surrogate_escape(text):
    """True for JSON text (bytes) with half a character, which the two interpreters would read differently."""
    for start in (b"\\ud", b"\\uD"):
        at = text.find(start)
        while at >= 0:
            if not _escaped(text, at) and text[at + 3 : at + 4] in (b"8", b"9", b"a", b"b", b"c", b"d", b"e", b"f"):
                return True
            if not _escaped(text, at) and text[at + 3 : at + 4] in (b"A", b"B", b"C", b"D", b"E", b"F"):
                return True
            at = text.find(start, at + 1)
    return False


def _check_fields(fields):
    if type(fields) is not dict or len(fields) != len(_FIELDS):
        raise EnvelopeError("bad_field", "an envelope is an object of exactly %d fields" % len(_FIELDS))
    for name in _FIELDS:
        if name not in fields:
            raise EnvelopeError("bad_field", "field %s is missing" % name)
    if fields["v"] != VERSION or type(fields["v"]) is not int:
        raise EnvelopeError("bad_field", "only version %d is understood" % VERSION)
    _check_source(fields["src"])
    _check_text("boot", fields["boot"], 1, 32, _HEX)
    _check_text("kind", fields["kind"], 1, 32, _KIND)
    for name in ("seq", "ack", "ts"):
        value = fields[name]
        if type(value) is not int or not 0 <= value <= _INTEGER_MAX:
            raise EnvelopeError("bad_field", "%s must be an integer from 0 to 2**53 - 1" % name)
    key = fields["id"]
    if type(key) is not str or len(key) > limits.ENVELOPE_ID_BYTES or len(key.encode()) > limits.ENVELOPE_ID_BYTES:
        raise EnvelopeError("bad_field", "id must be text of at most %d bytes" % limits.ENVELOPE_ID_BYTES)
    if fields["seq"] and not key:
        raise EnvelopeError("bad_field", "a numbered envelope needs an id")
    if type(fields["body"]) is not dict:
        raise EnvelopeError("bad_field", "body must be an object")


def _check_source(source):
    if source == "host":
        return
    if type(source) is not str or source.split(":", 1)[0] not in ("device", "op"):
        raise EnvelopeError("bad_field", "src must be device:<id>, host or op:<client>")
    _check_text("src", source[source.find(":") + 1 :] if ":" in source else "", 1, 32, _NAME)


def _check_text(name, value, least, most, alphabet):
    if type(value) is not str or not least <= len(value) <= most:
        raise EnvelopeError("bad_field", "%s must be text of %d to %d characters" % (name, least, most))
    for char in value:
        if char not in alphabet:
            raise EnvelopeError("bad_field", "%s holds a character that is not allowed" % name)


def _string_end(text, start):
    end = text.find(b'"', start)
    while end >= 0 and _escaped(text, end):
        end = text.find(b'"', end + 1)
    return end if end >= 0 else len(text)


def _escaped(text, at):
    """True if an odd number of backslashes stands before position `at`."""
    before = at
    while before > 0 and text[before - 1] == 0x5C:
        before -= 1
    return (at - before) % 2 == 1


def _mac(key, text):
    """HMAC-SHA256 in hex (RFC 2104). MicroPython has no hmac module, and its hashes cannot be copied."""
    pads = _pads.get(key)
    if pads is None:
        pads = _make_pads(key)
    inner = hashlib.sha256(pads[0])
    inner.update(text)
    outer = hashlib.sha256(pads[1])
    outer.update(inner.digest())
    return hexlify(outer.digest()).encode()


def _make_pads(key):
    block = hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key
    block = block + bytes(_BLOCK_BYTES - len(block))
    if len(_pads) >= _KEYS_KEPT:
        _pads.clear()
    pads = _pads[key] = (bytes([b ^ 0x36 for b in block]), bytes([b ^ 0x5C for b in block]))
    return pads


def _same(expected, given):
    """Compare in a time that does not tell where the difference is."""
    if len(given) != len(expected):
        return False
    difference = 0
    for at in range(len(expected)):
        difference |= expected[at] ^ given[at]
    return difference == 0
