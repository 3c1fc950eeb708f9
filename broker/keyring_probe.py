"""Whether the system's keyring really keeps something: a random entry is written, read and deleted.

A locked or promptless Secret Service may wait for ever for a prompt that nobody sees: such a collection is recognised
before it is asked, and the whole probe is limited in time.
"""

import os
import secrets
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from broker import limits
from broker.sealed_keyring import SealedKeyring, SealedKeyringError

T = TypeVar("T")
READY = "ready"
_INSTALL = "install gnome-keyring and run inside a session bus: dbus-run-session -- sh"
_UNLOCK = "unlock it: log in to the desktop, or end gnome-keyring-daemon and start it with --unlock"


class KeyringState(NamedTuple):
    """`state` is ready, none, no_bus, locked, promptless, null, plain, silent or refused; with the encrypted file in
    the keyring's place also locked_file, no_file or damaged_file. The rest is for people."""

    state: str
    message: str
    remedy: str

    @property
    def ready(self) -> bool:
        """Whether secrets can be kept."""
        return self.state == READY


class TooSlowError(Exception):
    """The keyring did not answer in time."""


def probe(timeout_ms: int = limits.KEYRING_TIMEOUT_MS) -> KeyringState:
    """How the keyring is now. Never raises, never waits longer than `timeout_ms`."""
    try:
        return within(_probe, timeout_ms)
    except TooSlowError:
        return KeyringState("silent", "the keyring does not answer (it may wait for a prompt)", _UNLOCK)
    except Exception as error:  # a back-end's text may quote what it was given: the class only
        return KeyringState("refused", f"the keyring cannot be used ({type(error).__name__})", _UNLOCK)


def within(work: Callable[[], T], timeout_ms: int = limits.KEYRING_TIMEOUT_MS) -> T:
    """The result of `work`, done in a thread that is left behind when it takes too long: then TooSlowError."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(timeout_ms / 1000)
    if failed:
        raise failed[0]
    if not done:
        raise TooSlowError
    return done[0]


def _probe() -> KeyringState:
    import keyring
    from keyring.backends import fail

    if isinstance(keyring.get_keyring(), fail.Keyring):
        _look_again()
    if isinstance(keyring.get_keyring(), SealedKeyring):
        return _sealed(cast("SealedKeyring", keyring.get_keyring()))
    for backend in _members(keyring.get_keyring()):
        problem = _unfit(backend)
        if problem is not None:
            return problem
    return _write_read_delete()


def _look_again() -> None:
    """One may have come up since."""
    from keyring.core import init_backend

    init_backend()


def _members(backend: Any) -> list[Any]:
    """The back-ends of a chain, or the one."""
    chained = getattr(backend, "backends", None)
    return list(chained) if chained else [backend]


def _sealed(backend: SealedKeyring) -> KeyringState:
    try:
        backend.check()
    except SealedKeyringError as error:
        state = "no_file" if not backend.file.exists() else "damaged_file" if backend.unlocked else "locked_file"
        return KeyringState(state, error.message, error.remedy)
    return KeyringState(READY, "the encrypted file of credentials is open", "")


def _unfit(backend: Any) -> KeyringState | None:
    module, name = type(backend).__module__, type(backend).__name__
    if module == "keyring.backends.fail":
        if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            return KeyringState("no_bus", "there is no keyring here: no session bus", _INSTALL)
        return KeyringState("none", "this system has no usable keyring", _INSTALL)
    if module == "keyring.backends.null":
        return KeyringState("null", "the keyring that is set keeps nothing", "remove it from keyringrc.cfg")
    if module.startswith("keyrings.alt") or "plaintext" in name.lower():
        return KeyringState("plain", "the keyring that is set keeps secrets in a plain file", "set another one")
    if module == "keyring.backends.SecretService":
        return _secret_service()
    return None


def _secret_service() -> KeyringState | None:
    """Looks at the default collection without asking for it: asking may open a prompt."""
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException, SecretServiceNotAvailableException

    try:
        bus = secretstorage.dbus_init()
    except SecretServiceNotAvailableException:
        return KeyringState("no_bus", "there is no session bus, so no keyring", _INSTALL)
    try:
        locked = secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked()
    except ItemNotFoundException:
        return KeyringState("promptless", "the keyring has no default collection, and cannot ask for one", _UNLOCK)
    finally:
        bus.close()
    return KeyringState("locked", "the keyring is locked", _UNLOCK) if locked else None


def _write_read_delete() -> KeyringState:
    import keyring

    name, value = f"probe-{secrets.token_hex(8)}", secrets.token_hex(16)
    keyring.set_password("barnacle", name, value)
    read = keyring.get_password("barnacle", name)
    if read is not None:
        keyring.delete_password("barnacle", name)
    if read != value:
        return KeyringState("null", "the keyring does not give back what it was given", "set another one")
    return KeyringState(READY, "the keyring is ready", "")
