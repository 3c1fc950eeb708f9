"""Takes secrets out of text that leaves this machine. What is secret is read from where it is kept, in every form in
which it may have been written: as it stands, its bytes, base64 (with and without padding, both alphabets), hex.
"""

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from app.host.limits import INCIDENT_SECRET_FILE_BYTES
from app.host.paths import Paths

SCRUBBED = "[secret]"
SHORTEST = 8  # characters of a secret; shorter values of the keys file are names
_ASSIGNED = re.compile(
    r"""(?im)^(\s*["']?[\w.-]*(?:password|passwd|secret|token|api[_-]?key|private)[\w.-]*["']?\s*[=:]\s*).+$"""
)
_PLAIN_NAMES = ("device_id", "device", "id", "client", "name", "host", "user", "assistant", "version", "port")


class Scrubber:
    """`text` and `data` return what they are given without any known secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in forms_of(secret)}
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True)

    def text(self, text: str) -> str:
        """Text without secrets."""
        return self.data(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def data(self, data: bytes) -> bytes:
        """Bytes without secrets."""
        for form in self._forms:
            data = data.replace(form, SCRUBBED.encode())
        return data

    def settings(self, text: str) -> str:
        """A settings file: also whatever is assigned to a name that sounds like a secret."""
        return _ASSIGNED.sub(rf'\1"{SCRUBBED}"', self.text(text))


def known_secrets(paths: Paths) -> set[str]:
    """Every secret text in this installation's files of keys and passwords."""
    found: set[str] = set()
    for path in (paths.keys, paths.provision, *_files(paths.mosquitto)):
        try:
            if path.stat().st_size > INCIDENT_SECRET_FILE_BYTES:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        with contextlib.suppress(ValueError, RecursionError):
            found.update(_texts(json.loads(text)))
            continue
        found.update(part for line in text.splitlines() for part in line.split(":")[1:] if "$" in part)
    return {secret for secret in found if len(secret) >= SHORTEST}


def forms_of(secret: str) -> Iterator[bytes]:
    """How a secret may have been written down."""
    for raw in {secret.encode(), *_decoded(secret)}:
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(raw)
            yield encode(raw).rstrip(b"=")
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()


def _decoded(secret: str) -> Iterator[bytes]:
    for decode in (bytes.fromhex, _standard, _urlsafe):
        with contextlib.suppress(ValueError, binascii.Error):
            raw = decode(secret)
            if len(raw) >= SHORTEST:
                yield raw


def _standard(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _urlsafe(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _texts(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if name not in _PLAIN_NAMES:
            yield value
    elif isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from _texts(item, key)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _texts(item, name)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.rglob("*") if path.is_file())
