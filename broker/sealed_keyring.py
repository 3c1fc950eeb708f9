"""The encrypted file in the keyring's place: what the owner chose with `barnacle secret backend file`.

backend = use_file(path)           from now on `keyring` means this file, locked
backend.unlock(passphrase)
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from keyring import set_keyring
from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import KeyringError, PasswordDeleteError

from broker.sealed_file import NO_FILE, SealedError, SealedFile, SealedKey
from broker.secret import Secret

T = TypeVar("T")
SERVICE = "barnacle"
FILE = "secrets.enc"
LOCKED = "the encrypted file of credentials is locked"
UNLOCK = "run: barnacle secret unlock"


class SealedKeyringError(KeyringError):
    """Why the file does not serve, in words for people that quote nothing of it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class SealedKeyring(KeyringBackend):
    """Entries of the service "barnacle" in a SealedFile. It keeps the key, never the passphrase nor an entry."""

    def __init__(self, file: SealedFile) -> None:
        self.file = file
        self._key: SealedKey | None = None

    @properties.classproperty
    def priority(self) -> float:
        """None: it is never found by looking around, only by the owner's choice."""
        raise RuntimeError("only by the owner's choice")

    @property
    def unlocked(self) -> bool:
        """Whether it has a key; `check` tells whether that opens the file."""
        return self._key is not None

    def unlock(self, passphrase: Secret) -> None:
        """Take the key. Raises SealedError."""
        self._key = self.file.unlock(passphrase)

    def create(self, passphrase: Secret) -> None:
        """A new, empty file, unlocked. Raises SealedError, OSError."""
        self._key = self.file.create(passphrase)

    def check(self) -> None:
        """Raises SealedKeyringError unless the file is there, unlocked, and whole."""
        self._do(lambda key: self.file.entries(key))

    def names(self) -> list[str]:
        """Every entry's name. Raises SealedKeyringError."""
        return sorted(self._do(lambda key: self.file.entries(key)))

    def get_password(self, service: str, username: str) -> str | None:
        """The entry, None without it. Raises SealedKeyringError."""
        return self._do(lambda key: self.file.entries(key).get(username)) if service == SERVICE else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry. Raises SealedKeyringError."""
        if service != SERVICE:
            raise SealedKeyringError("the file holds Barnacle's entries only", "")
        self._do(lambda key: self.file.change(key, lambda entries: entries.update({username: password})))

    def delete_password(self, service: str, username: str) -> None:
        """Forget an entry. Raises PasswordDeleteError when there is none, SealedKeyringError."""
        if service != SERVICE or not self._do(
            lambda key: self.file.change(key, lambda entries: entries.pop(username, None) is not None)
        ):
            raise PasswordDeleteError(username)

    def _do(self, work: Callable[[SealedKey], T]) -> T:
        if self._key is None:
            there = self.file.exists()
            raise SealedKeyringError(LOCKED, UNLOCK) if there else SealedKeyringError(*NO_FILE)
        try:
            return work(self._key)
        except SealedError as error:
            raise SealedKeyringError(error.message, error.remedy) from None
        except OSError as error:
            raise SealedKeyringError(f"the file of credentials: {error.strerror}", "see the disk") from None


def use_file(path: Path) -> SealedKeyring:
    """Put the file in the keyring's place, in this process. It is locked."""
    backend = SealedKeyring(SealedFile(path))
    set_keyring(backend)
    return backend
