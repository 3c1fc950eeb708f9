"""The system's keyring, service "barnacle": the only code that touches it.

SecretError      the keyring cannot be used, or does not hold what is needed; the message says what to do

The keyring cannot list its entries, so the names that Barnacle knows are fixed here.
"""

import os

SERVICE = "barnacle"
MQTT_PASSWORD = "mqtt-password"  # noqa: S105  the name of an entry, not its value
NAMES = {MQTT_PASSWORD: "password of the user named in config.toml at your own MQTT broker"}
SECRET_BYTES = 2560  # what every platform's keyring takes (Windows' limit)


class SecretError(Exception):
    """A secret cannot be read or kept: `message` says why, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def get_secret(name: str) -> str | None:
    """The secret, None when it is not stored. Raises SecretError for an unknown name or an unusable keyring."""
    check_name(name)
    return _call("get_password", name)


def require_secret(name: str) -> str:
    """The secret; raises SecretError when it is not stored."""
    value = get_secret(name)
    if value is None:
        raise SecretError(f"the keyring holds no {name}", f"run: barnacle secret set {name}")
    return value


def set_secret(name: str, value: str) -> None:
    """Store a secret. Raises SecretError, also for an empty or too long one."""
    check_name(name)
    if not value or "\0" in value:
        raise SecretError(f"{name} is empty or holds a zero byte", "type it again, or pipe it in")
    if len(value.encode()) > SECRET_BYTES:
        raise SecretError(f"{name} is longer than {SECRET_BYTES} bytes", "use a shorter one")
    _call("set_password", name, value)


def remove_secret(name: str) -> bool:
    """Forget a secret; False when there was none. Raises SecretError."""
    if get_secret(name) is None:
        return False
    _call("delete_password", name)
    return True


def stored_names() -> dict[str, bool]:
    """Every known name and whether the keyring holds it. Raises SecretError."""
    return {name: get_secret(name) is not None for name in NAMES}


def read_entry(entry: str) -> str | None:
    """Any entry of the service, by its full name; None without it. Raises SecretError."""
    return _call("get_password", entry)


def write_entry(entry: str, text: str) -> None:
    """Keep an entry. Raises SecretError."""
    if len(text.encode()) > SECRET_BYTES:
        raise SecretError(f"the entry {entry} is longer than {SECRET_BYTES} bytes", "use a shorter one")
    _call("set_password", entry, text)


def remove_entry(entry: str) -> bool:
    """Forget an entry; False when there was none. Raises SecretError."""
    if read_entry(entry) is None:
        return False
    _call("delete_password", entry)
    return True


def check_name(name: str) -> None:
    """Raises SecretError for a name that is not one of NAMES."""
    if name not in NAMES:
        raise SecretError(f"there is no secret named {name!r}", "known are " + ", ".join(NAMES))


def _call(action: str, *arguments: str) -> str | None:
    import keyring
    from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError

    from broker.sealed_keyring import SealedKeyringError

    try:
        return getattr(keyring, action)(SERVICE, *arguments)
    except NoKeyringError:
        raise SecretError("this system has no usable keyring", _how_to_get_one()) from None
    except (KeyringLocked, InitError):
        raise SecretError("the keyring is locked", "unlock it (log in to the desktop once) and try again") from None
    except SealedKeyringError as error:
        raise SecretError(error.message, error.remedy) from None
    except KeyringError as error:
        # the class only: a back-end's text may quote what it was given
        raise SecretError(f"the keyring refused ({type(error).__name__})", "see whether it is unlocked") from None


def _how_to_get_one() -> str:
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return "start a Secret Service, for example gnome-keyring-daemon --unlock"
    return "install gnome-keyring and run inside a session bus: dbus-run-session -- sh"
