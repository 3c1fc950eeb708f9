"""Barnacle's own keys, in keys.json (0600), made on first need: the box's key, MQTT passwords, one key per operator.

Passwords of other systems are never here; they are in the system's keyring (broker/secrets.py).
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from app.errors import KeysError
from app.host.private_file import read_private, write_private
from app.host.settings import MqttSettings

LOCAL = "local"
"""The operator of this machine: the command line and the dashboard beside the box."""
HOST_USER = "host"
VERSION = 1
OPERATORS_MAX = 32
NOT_OPERATORS: Final = frozenset({"host", "screen", "box"})
"""Whom the box itself knows by these names: the host, which sets its policy, and the finger on its glass."""
_CLIENT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class MqttLogin:
    """How one peer connects to the broker. `user` and `password` are None at a broker that asks for none."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls_ca: str = ""


@dataclass(frozen=True)
class OperatorCredentials:
    """Everything one operator needs to reach the host: also what a portable credential file holds."""

    host: str
    port: int
    device: str
    client: str
    user: str | None
    password: str | None = field(repr=False)
    key: bytes = field(repr=False)
    events_key: bytes = field(repr=False)
    tls_ca: str = ""


@dataclass(frozen=True)
class _Operator:
    password: str = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """The contents of keys.json. Its repr shows names only."""

    device_id: str
    device_key: bytes = field(repr=False)
    events_key: bytes = field(repr=False)
    device_password: str = field(repr=False)
    host_password: str = field(repr=False)
    operators: Mapping[str, _Operator]

    @property
    def device_user(self) -> str:
        """The box's MQTT user name."""
        return f"device-{self.device_id}"

    def mqtt_users(self) -> dict[str, str]:
        """Every user of the broker that Barnacle starts: name -> password."""
        users = {self.device_user: self.device_password, HOST_USER: self.host_password}
        return users | {f"op-{client}": operator.password for client, operator in self.operators.items()}

    def operator_keys(self) -> dict[str, bytes]:
        """The key of each operator, by client name."""
        return {client: operator.key for client, operator in self.operators.items()}

    def login(self, user: str, mqtt: MqttSettings) -> MqttLogin:
        """How `user` (a name of `mqtt_users`) connects. At an external broker all peers use the account in the
        settings, whose password is in the keyring. Raises KeysError for an unknown user, SecretError without
        a usable keyring."""
        if mqtt.external:
            password = _external_password() if mqtt.user else None
            return MqttLogin(mqtt.host, mqtt.port, mqtt.user or None, password, mqtt.tls_ca)
        users = self.mqtt_users()
        if user not in users:
            raise KeysError(f"there is no MQTT user {user!r}", "run: barnacle operator add NAME --out FILE")
        return MqttLogin(mqtt.host, mqtt.port, user, users[user])

    def operator_credentials(self, client: str, mqtt: MqttSettings) -> OperatorCredentials:
        """What operator `client` needs to connect. Raises KeysError when there is no such operator."""
        if client not in self.operators:
            raise KeysError(f"there is no operator {client!r}", f"run: barnacle operator add {client} --out FILE")
        login = self.login(f"op-{client}", mqtt)
        key = self.operators[client].key
        return OperatorCredentials(
            login.host,
            login.port,
            self.device_id,
            client,
            login.user,
            login.password,
            key,
            self.events_key,
            login.tls_ca,
        )


def load_keys(path: Path, device_id: str = "") -> Keys:
    """The keys in `path`, made when there is no such file. `device_id` (settings) wins over the stored id.
    Raises KeysError when the file is open to other users or damaged."""
    if not path.exists():
        _write(path, _new_keys())
    keys = _decode(read_private(path), path)
    return _with(keys, device_id=device_id) if device_id else keys


def add_operator(path: Path, client: str) -> Keys:
    """Make keys for a new operator and store them. Raises KeysError for a bad or taken name."""
    if not _CLIENT.fullmatch(client):
        raise KeysError(
            f"{client!r} cannot be an operator's name", "use up to 32 lower-case letters, digits and dashes"
        )
    if client in NOT_OPERATORS:
        raise KeysError(f"{client!r} is a name of Barnacle's own", "choose another name")
    keys = load_keys(path)
    if client in keys.operators:
        raise KeysError(f"there is already an operator {client!r}", "choose another name, or remove that one first")
    if len(keys.operators) >= OPERATORS_MAX:
        raise KeysError(
            f"there are already {OPERATORS_MAX} operators", "remove one first: barnacle operator remove NAME"
        )
    keys = _with(keys, operators=dict(keys.operators) | {client: _new_operator()})
    _write(path, keys)
    return keys


def remove_operator(path: Path, client: str) -> Keys:
    """Forget an operator's keys. Raises KeysError for an unknown one and for this machine's own."""
    keys = load_keys(path)
    if client == LOCAL:
        raise KeysError(f"{LOCAL!r} is this machine's own operator", "remove another one")
    if client not in keys.operators:
        raise KeysError(f"there is no operator {client!r}", "known are " + ", ".join(keys.operators))
    keys = _with(keys, operators={name: one for name, one in keys.operators.items() if name != client})
    _write(path, keys)
    return keys


def write_credentials(path: Path, credentials: OperatorCredentials) -> None:
    """A portable credential file (0600), for an operator on another machine."""
    document = vars(credentials) | {"key": credentials.key.hex(), "events_key": credentials.events_key.hex()}
    write_private(path, json.dumps({"v": VERSION} | document, indent=2) + "\n")


def read_credentials(path: Path) -> OperatorCredentials:
    """The credentials in a portable file. Raises KeysError."""
    document = _document(read_private(path), path)
    try:
        del document["v"]
        for name in ("host", "device", "client", "tls_ca"):
            _text(document[name])
        document["port"] = int(document["port"])
        key, events_key = bytes.fromhex(document.pop("key")), bytes.fromhex(document.pop("events_key"))
        return OperatorCredentials(**document, key=key, events_key=events_key)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def _new_keys() -> Keys:
    return Keys(
        device_id="box-" + secrets.token_hex(3),
        device_key=secrets.token_bytes(32),
        events_key=secrets.token_bytes(32),
        device_password=secrets.token_urlsafe(24),
        host_password=secrets.token_urlsafe(24),
        operators={LOCAL: _new_operator()},
    )


def _new_operator() -> _Operator:
    return _Operator(password=secrets.token_urlsafe(24), key=secrets.token_bytes(32))


def _with(keys: Keys, **changes: Any) -> Keys:
    return Keys(**(vars(keys) | changes))


def _write(path: Path, keys: Keys) -> None:
    operators = {name: {"key": one.key.hex(), "password": one.password} for name, one in keys.operators.items()}
    document = {
        "v": VERSION,
        "device": {"id": keys.device_id, "key": keys.device_key.hex(), "password": keys.device_password},
        "host": {"password": keys.host_password},
        "events_key": keys.events_key.hex(),
        "operators": operators,
    }
    write_private(path, json.dumps(document, indent=2) + "\n")


def _decode(text: str, path: Path) -> Keys:
    document = _document(text, path)
    try:
        return Keys(
            device_id=_text(document["device"]["id"]),
            device_key=bytes.fromhex(document["device"]["key"]),
            events_key=bytes.fromhex(document["events_key"]),
            device_password=_text(document["device"]["password"]),
            host_password=_text(document["host"]["password"]),
            operators={
                name: _Operator(_text(one["password"]), bytes.fromhex(one["key"]))
                for name, one in document["operators"].items()
                if name not in NOT_OPERATORS
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error


def _document(text: str, path: Path) -> dict[str, Any]:
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise _damaged(path, "it is not JSON") from error
    if not isinstance(document, dict) or cast("dict[str, Any]", document).get("v") != VERSION:
        raise _damaged(path, f"it is not of version {VERSION}")
    return cast("dict[str, Any]", document)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is missing")
    return value


def _damaged(path: Path, why: object) -> KeysError:
    # never the text itself: it holds keys
    reason = f"field {why} is missing" if isinstance(why, KeyError) else str(why)
    return KeysError(f"{path} cannot be used: {reason}", "restore it from a backup, or move it away to make new keys")


def _external_password() -> str:
    from broker.secrets import MQTT_PASSWORD, require_secret

    return require_secret(MQTT_PASSWORD)
