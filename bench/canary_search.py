"""Looks for a secret in anything: raw, reversed, other case, base64 in either alphabet at three offsets, hexadecimal,
percent-encoded, with JSON's escapes, in UTF-16."""

import base64
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 20


def forms(secret: str) -> dict[str, bytes]:
    """Name and bytes of each form. Of base64 only what the secret alone determines, whatever stands around it."""
    raw = secret.encode()
    found = {
        "raw": raw,
        "reversed": raw[::-1],
        "upper case": raw.upper(),
        "other case": secret.swapcase().encode(),
        "hexadecimal": raw.hex().encode(),
        "hexadecimal, upper": raw.hex().upper().encode(),
        "percent-encoded": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "percent-encoded, lower": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "percent-encoded as usual": urllib.parse.quote(secret, safe="").encode(),
        "JSON escapes": "".join(f"\\u{ord(char):04x}" for char in secret).encode(),
        "UTF-16": secret.encode("utf-16-le"),
    }
    for offset in range(3):
        lead = (0, 2, 3)[offset]  # characters that depend on what stands before
        coded = base64.b64encode(b"\0" * offset + raw)
        whole = coded[lead : (offset + len(raw)) * 8 // 6]
        found[f"base64 at {offset}"] = whole
        found[f"base64url at {offset}"] = whole.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def search(data: bytes, secret: str) -> list[str]:
    """Names of the forms that `data` contains."""
    return [name for name, form in forms(secret).items() if form in data]


def search_file(path: Path, secret: str) -> list[str]:
    """The same for a file of any size, its name included; one that is gone has nothing."""
    wanted = forms(secret)
    found = set(search(os.fsencode(path), secret))
    overlap = max(map(len, wanted.values())) - 1
    try:
        with path.open("rb") as file:
            rest = b""
            while chunk := file.read(CHUNK):
                rest += chunk
                found.update(name for name, form in wanted.items() if form in rest)
                rest = rest[-overlap:]
    except FileNotFoundError:
        return []
    return sorted(found)


def files_below(*folders: Path) -> Iterator[Path]:
    """Every regular file below the folders."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path
