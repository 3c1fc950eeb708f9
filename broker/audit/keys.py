"""The audit key: in the system's keyring as `audit-key`, or in a 0600 file where there is no usable keyring.

A key that was in the file before the keyring became usable stays there, so that the records signed with it can be
verified; the chain goes on with the keyring's.
"""

import os
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from broker.audit.folder import UnsafePathError, open_file
from broker.audit.record import key_id

SERVICE, ENTRY, FILE = "barnacle", "audit-key", "audit.key"
_HEX = re.compile(r"[0-9a-f]{64}")
_PATIENCE_S = 5.0  # a locked keyring may wait for somebody who is not there

Read = Callable[[], str | None]
Write = Callable[[str], None]


@dataclass(frozen=True)
class AuditKeys:
    """`current` signs; `older` only verify. `source` is "keyring" or "file"."""

    current: bytes = field(repr=False)
    older: tuple[bytes, ...] = field(repr=False)
    source: str

    def by_id(self) -> dict[str, bytes]:
        """For broker.audit.verify."""
        return {key_id(key): key for key in (*self.older, self.current)}


def open_keys(state: Path, usable: bool, read: Read | None = None, write: Write | None = None) -> AuditKeys:
    """The keys, made on first need. `usable`: whether the keyring was found to work; then `read` and `write` are
    asked (by default the system's), and the file serves when they fail all the same. A key that is in the keyring is
    never written over. Raises UnsafePathError for a file that others may touch, OSError."""
    kept = _file_key(state / FILE)
    stored = _stored(read or _read_keyring, write or _write_keyring) if usable else None
    if stored is None:
        return AuditKeys(kept or _make_file(state / FILE), (), "file")
    return AuditKeys(stored, () if kept is None else (kept,), "keyring")


def keys_at_hand(state: Path, read: Read | None = None) -> dict[str, bytes]:
    """Every audit key that can be read now, by id; none is made. Raises UnsafePathError, OSError."""
    found = [_file_key(state / FILE), _decoded(_in_time(read or _read_leniently))]
    return {key_id(key): key for key in found if key is not None}


def _stored(read: Read, write: Write) -> bytes | None:
    from keyring.errors import KeyringError

    try:
        text = read()
        if text is not None:
            return _decoded(text)
        made = secrets.token_bytes(32)
        write(made.hex())
    except KeyringError:
        return None  # it was locked since it was found to work: the file serves, and `source` says so
    return made


def _file_key(path: Path) -> bytes | None:
    try:
        handle = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(handle) as file:
        key = _decoded(file.read(200))
    if key is None:
        raise UnsafePathError(
            f"{path} holds no key", "restore it from a backup, or move it away to begin with a new one"
        )
    return key


def _make_file(path: Path) -> bytes:
    key = secrets.token_bytes(32)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(handle, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key


def _decoded(text: str | None) -> bytes | None:
    plain = (text or "").strip()
    return bytes.fromhex(plain) if _HEX.fullmatch(plain) else None


def _in_time(read: Read) -> str | None:
    """What `read` gives, None when it takes too long."""
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(read()), daemon=True, name="audit-key")
    thread.start()
    thread.join(_PATIENCE_S)
    return found[0] if found else None


def _read_keyring() -> str | None:
    import keyring

    return keyring.get_password(SERVICE, ENTRY)


def _read_leniently() -> str | None:
    from keyring.errors import KeyringError

    try:
        return _read_keyring()
    except KeyringError:
        return None  # the key is not at hand: only hashes can be checked, and verify says so


def _write_keyring(text: str) -> None:
    import keyring

    keyring.set_password(SERVICE, ENTRY, text)
