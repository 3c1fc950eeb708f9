"""Ways in which an answer may show a secret, for tests: name -> function from secret bytes to what is sent."""

import base64
import html
import json
from urllib.parse import quote


def percent(secret: bytes, *, every: int = 1, upper: bool = True, deep: str = "") -> bytes:
    form = "%%%s%02X" if upper else "%%%s%02x"
    return "".join(form % (deep, b) if at % every == 0 else chr(b) for at, b in enumerate(secret)).encode("latin-1")


def unicode_escapes(secret: bytes, *, every: int = 1, upper: bool = False, slashes: str = "\\") -> bytes:
    form = slashes + ("u%04X" if upper else "u%04x")
    return "".join(form % b if at % every == 0 else chr(b) for at, b in enumerate(secret)).encode("latin-1")


def references(secret: bytes, form: str) -> bytes:
    return "".join(form % byte for byte in secret).encode()


def php_json(secret: bytes) -> bytes:
    return json.dumps(secret.decode()).replace("/", "\\/").encode()


def mixed(secret: bytes) -> bytes:
    forms = ["%c", "%%%02x", "\\u%04x", "&#%d;", "%%%02X", "&#x%x;", "\\x%02x"]
    return "".join(forms[at % len(forms)] % byte for at, byte in enumerate(secret)).encode("latin-1")


ENCODINGS = {
    "raw": bytes,
    "base64 at offset 0": base64.b64encode,
    "base64 at offset 1": lambda s: base64.b64encode(b"x" + s),
    "base64 at offset 2": lambda s: base64.b64encode(b"xy" + s + b"z"),
    "base64 unpadded": lambda s: base64.b64encode(b"ab" + s).rstrip(b"="),
    "base64url at offset 0": base64.urlsafe_b64encode,
    "base64url at offset 1": lambda s: base64.urlsafe_b64encode(b"x" + s + b"yz"),
    "base64url at offset 2": lambda s: base64.urlsafe_b64encode(b"xy" + s),
    "base64 in a URL": lambda s: quote(base64.b64encode(s)).encode(),
    "base64 in JSON of PHP": lambda s: base64.b64encode(s).replace(b"/", b"\\/"),
    "base64 in MIME lines": base64.encodebytes,
    "hex": lambda s: s.hex().encode(),
    "hex in upper case": lambda s: s.hex().upper().encode(),
    "percent-encoded": percent,
    "percent-encoded in lower case": lambda s: percent(s, upper=False),
    "percent-encoded in part": lambda s: percent(s, every=3),
    "percent-encoded as a URL does": lambda s: quote(s, safe="").encode(),
    "percent-encoded twice": lambda s: percent(s, deep="25"),
    "JSON": lambda s: json.dumps(s.decode()).encode(),
    "JSON of PHP": php_json,
    "JSON escapes": unicode_escapes,
    "JSON escapes in upper case": lambda s: unicode_escapes(s, upper=True),
    "JSON escapes in part": lambda s: unicode_escapes(s, every=4),
    "JSON in JSON": lambda s: unicode_escapes(s, slashes="\\\\"),
    "HTML": lambda s: html.escape(s.decode()).encode(),
    "HTML in decimal": lambda s: references(s, "&#%d;"),
    "HTML in hexadecimal": lambda s: references(s, "&#x%02X;"),
    "UTF-16": lambda s: s.decode().encode("utf-16-le"),
    "UTF-16, big-endian": lambda s: s.decode().encode("utf-16-be"),
    "mixed": mixed,
}
