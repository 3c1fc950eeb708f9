"""secrets.enc: names and values, encrypted with a passphrase, for a machine that has no keyring.

    magic 8 | version 1 | log2 n 1 | r 1 | p 1 | salt 16 | nonce 12      then AES-256-GCM over one JSON of all entries

The key comes from the passphrase by scrypt. The whole header is authenticated, the nonce is new with every write, and
a write is a new file in place of the old one. What this does not show: an older copy of the file put back.
"""

import json
import os
import secrets
import stat
import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from broker import limits
from broker.lock_file import held
from broker.secret import Secret
from broker.whole_file import replace_file

T = TypeVar("T")
Entries = dict[str, str]
NO_FILE = ("there is no encrypted file of credentials yet", "run: barnacle secret backend file")
_HEADER = struct.Struct(">8sBBBB16s12s")
_MAGIC, _VERSION = b"BARNACLE", 1
_LOG2_N, _R, _P = 16, 8, 1  # 64 MiB and some 0.2 s: what a small board can bear too
_LEAST_LOG2_N, _MOST_LOG2_N, _MOST_P = 14, 18, 4


class SealedError(Exception):
    """The file cannot be read or written: `message` says why, `remedy` what to do. Never what is in it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Strength(NamedTuple):
    """scrypt's cost."""

    log2_n: int = _LOG2_N
    r: int = _R
    p: int = _P


class SealedKey(NamedTuple):
    """The key of a file, as long as the file keeps its salt."""

    salt: bytes
    strength: Strength
    value: bytes

    def __repr__(self) -> str:
        return "SealedKey()"


class _Sealed(NamedTuple):
    strength: Strength
    salt: bytes
    nonce: bytes
    header: bytes
    body: bytes


class SealedFile:
    """The file at `path`, 0600. Methods raise SealedError, and OSError for the disk's own reasons."""

    def __init__(self, path: Path, strength: Strength | None = None) -> None:
        self.path = path
        self._strength = strength or Strength()

    def exists(self) -> bool:
        """Whether something is there."""
        return os.path.lexists(self.path)

    def create(self, passphrase: Secret) -> SealedKey:
        """A new, empty file. One that exists is never written over."""
        check_passphrase(passphrase)
        key = _derived(passphrase, secrets.token_bytes(16), self._strength)
        with self._lock():
            if self.exists():
                raise SealedError(f"{self.path} exists already", "use its passphrase, or move it away")
            self._write(key, {})
        return key

    def unlock(self, passphrase: Secret) -> SealedKey:
        """The key, when the passphrase is right."""
        sealed = self._read()
        key = _derived(passphrase, sealed.salt, sealed.strength)
        _opened(self.path, key, sealed)
        return key

    def entries(self, key: SealedKey) -> Entries:
        """Everything in it."""
        return _opened(self.path, key, self._read())

    def change(self, key: SealedKey, change: Callable[[Entries], T]) -> T:
        """Let `change` alter the entries, and keep them; what it returns."""
        with self._lock():
            entries = self.entries(key)
            result = change(entries)
            self._write(key, entries)
        return result

    def _lock(self) -> Any:
        return held(self.path.with_name(self.path.name + ".lock"))

    def _read(self) -> _Sealed:
        data = self._bytes()
        damaged = SealedError(f"{self.path} is no file of Barnacle's, or damaged", "restore it from a backup")
        if len(data) < _HEADER.size:
            raise damaged
        magic, version, log2_n, r, p, salt, nonce = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise damaged
        if version != _VERSION:
            raise SealedError(f"{self.path} is of another version ({version})", "use the Barnacle that wrote it")
        if not _LEAST_LOG2_N <= log2_n <= _MOST_LOG2_N or r != _R or not 1 <= p <= _MOST_P:
            raise damaged  # before anything is computed: a header must not ask for all memory
        return _Sealed(Strength(log2_n, r, p), salt, nonce, data[: _HEADER.size], data[_HEADER.size :])

    def _bytes(self) -> bytes:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise SealedError(*NO_FILE) from None
        except OSError as error:
            raise SealedError(f"{self.path} cannot be opened: {error.strerror}", "see what is there") from None
        try:
            _check_private(self.path, os.fstat(handle))
            with os.fdopen(handle, "rb", closefd=False) as file:
                data = file.read(limits.SEALED_FILE_BYTES + 1)
        finally:
            os.close(handle)
        if len(data) > limits.SEALED_FILE_BYTES:
            raise SealedError(f"{self.path} is too large", "restore it from a backup")
        return data

    def _write(self, key: SealedKey, entries: Entries) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(12)
        header = _HEADER.pack(_MAGIC, _VERSION, *key.strength, key.salt, nonce)
        plain = json.dumps({"entries": entries}, separators=(",", ":")).encode()
        data = header + AESGCM(key.value).encrypt(nonce, plain, header)
        if len(data) > limits.SEALED_FILE_BYTES:
            raise SealedError(f"{self.path} would become too large", "remove credentials that are not used")
        replace_file(self.path, data)


def check_passphrase(passphrase: Secret) -> None:
    """Raises SealedError for one that is too short to protect anything, or too long."""
    size = len(passphrase.reveal())
    if not limits.PASSPHRASE_MIN_CHARS <= size <= limits.PASSPHRASE_CHARS:
        raise SealedError(
            f"a passphrase has {limits.PASSPHRASE_MIN_CHARS} to {limits.PASSPHRASE_CHARS} characters",
            "four random words are a good one",
        )


def _derived(passphrase: Secret, salt: bytes, strength: Strength) -> SealedKey:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    scrypt = Scrypt(salt=salt, length=32, n=1 << strength.log2_n, r=strength.r, p=strength.p)
    typed = unicodedata.normalize("NFC", passphrase.reveal())
    return SealedKey(salt, strength, scrypt.derive(typed.encode("utf-8", "surrogateescape")))


def _opened(path: Path, key: SealedKey, sealed: _Sealed) -> Entries:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if (key.salt, key.strength) != (sealed.salt, sealed.strength):
        raise SealedError(f"{path} was made anew since it was unlocked", "run: barnacle secret unlock")
    try:
        plain = AESGCM(key.value).decrypt(sealed.nonce, sealed.body, sealed.header)
    except InvalidTag:
        raise SealedError(
            "the passphrase is wrong, or the file was changed", f"try again; the file is {path}"
        ) from None
    value: Any = json.loads(plain)
    entries: Any = cast("dict[str, Any]", value).get("entries") if isinstance(value, dict) else None
    if not isinstance(entries, dict):
        raise SealedError(f"{path} holds no entries", "restore it from a backup")
    return cast("Entries", entries)


def _check_private(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        raise SealedError(f"{path} is no plain file with one name", "move it away")
    if state.st_uid != os.geteuid():
        raise SealedError(f"{path} belongs to another user", f"chown it to this user: {path}")
    if state.st_mode & 0o077:
        raise SealedError(f"{path} is open to other users", f"chmod 600 {path}")
