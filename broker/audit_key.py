"""The key of the audit chain: in the keyring when that can be used, else in a file (0600) beside the chain's folder.

A key that once was in the file stays valid for what it signed: the chain goes on under the keyring's from the next
record on, and says so.
"""

import os
import secrets
import stat
from pathlib import Path
from typing import NamedTuple

from broker.keyring_probe import TooSlowError, within
from broker.secrets import SecretError, read_entry, write_entry

ENTRY = "audit-key"
FILE = "audit-key"
_BYTES = 32


class AuditKeys(NamedTuple):
    """`key` signs from now on, `older` are still good for what they signed; `place` is "keyring" or "file"."""

    key: bytes
    older: list[bytes]
    place: str


def audit_keys(state: Path, keyring_ready: bool) -> AuditKeys:
    """The keys, made when there are none. Raises OSError when the file cannot be used."""
    in_file = _read(state / FILE)
    in_keyring = _from_keyring(make=True) if keyring_ready else None
    if in_keyring is not None:
        return AuditKeys(in_keyring, [in_file] if in_file else [], "keyring")
    if in_file is None:
        in_file = secrets.token_bytes(_BYTES)
        _write(state / FILE, in_file)
    return AuditKeys(in_file, [], "file")


def known_keys(state: Path, keyring_ready: bool) -> list[bytes]:
    """Every key that can be had, for verifying; makes none."""
    found = [_from_keyring(make=False) if keyring_ready else None, _read(state / FILE)]
    return [key for key in found if key is not None]


def _from_keyring(make: bool) -> bytes | None:
    try:
        text = within(lambda: read_entry(ENTRY))
        if text is None and make:
            text = secrets.token_hex(_BYTES)
            fresh = text
            within(lambda: write_entry(ENTRY, fresh))
    except (SecretError, TooSlowError):
        return None
    return _decoded(text)


def _read(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle) as file:
        facts = os.fstat(file.fileno())
        if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise PermissionError(f"{path} is open to other users; chmod 600 it")
        return _decoded(file.read(_BYTES * 2 + 1).strip())


def _write(path: Path, key: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())


def _decoded(text: str | None) -> bytes | None:
    try:
        key = bytes.fromhex(text or "")
    except ValueError:
        return None
    return key if len(key) == _BYTES else None
