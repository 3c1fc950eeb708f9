"""Barnacle's settings: one frozen object, read once from config.toml and passed down. Secrets are never in it.

An unknown section or key, a wrong type or a value out of range is an error that names file, key and remedy.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

import tzlocal

from app.errors import SettingsError
from app.host.models_settings import ModelsSettings, read_models
from app.host.settings_template import TEMPLATE

BrokerKind = Literal["auto", "mosquitto", "amqtt"]
BoxKind = Literal["simulator", "desktop", "board"]
Backend = Literal["keyring", "file"]
BACKENDS: tuple[Backend, ...] = ("keyring", "file")
BOX_KINDS: tuple[BoxKind, ...] = ("simulator", "desktop", "board")
BROKER_KINDS: tuple[BrokerKind, ...] = ("auto", "mosquitto", "amqtt")


@dataclass(frozen=True)
class BoxSettings:
    """[box]: the appliance itself."""

    id: str = ""
    """Device id; "" uses the one made at first start (in keys.json)."""
    assistant: str = "Barnacle"
    """The assistant's name: trigger word of new groups and reply prefix. Told to the box when it changes here."""
    kind: BoxKind = field(default="simulator", metadata={"choices": BOX_KINDS})
    """What the box is: the simulator, the desktop host (no screen, nothing compiled), or a board on the desk."""
    database: str = ""
    """SQLite file of the desktop host; "" uses one of its own. NanoClaw's store/messages.db opens as it is."""
    heap_bytes: int = field(default=2 * 1024 * 1024, metadata={"range": (256 * 1024, 64 * 1024 * 1024)})
    """Heap of the simulated box; the default is the smallest that real boards have."""
    slots: int = field(default=2, metadata={"range": (1, 8)})
    """Runs at a time. Told to the box when it changes here."""


@dataclass(frozen=True)
class MqttSettings:
    """[mqtt]: the broker between box and laptop."""

    host: str = "127.0.0.1"
    """Where host and operators connect."""
    port: int = field(default=21883, metadata={"range": (1, 65535)})
    """TCP port of the broker."""
    external: bool = False
    """True: use a broker that runs elsewhere and start none."""
    broker_kind: BrokerKind = field(default="auto", metadata={"choices": BROKER_KINDS})
    """Which broker to start: mosquitto, amqtt, or auto (Mosquitto when it is installed)."""
    bind: str = "127.0.0.1"
    """Address the started broker listens on; a real box needs one that it can reach, such as 0.0.0.0."""
    user: str = ""
    """User name at an external broker; its password is in the keyring (`barnacle secret set mqtt-password`)."""
    tls_ca: str = ""
    """Certificate authority file (PEM) of an external broker with TLS; "" connects without TLS."""


@dataclass(frozen=True)
class TimeSettings:
    """[time]"""

    zone: str = ""
    """IANA zone for schedules and displayed times; "" uses this machine's."""


@dataclass(frozen=True)
class LogSettings:
    """[logs]: output of the supervised processes, one file each."""

    max_bytes: int = field(default=1024 * 1024, metadata={"range": (16 * 1024, 1024 * 1024 * 1024)})
    """Size at which a log is rotated."""
    keep: int = field(default=3, metadata={"range": (1, 100)})
    """Rotated files kept per log."""


@dataclass(frozen=True)
class ScreenSettings:
    """[screen]"""

    on: bool = True
    """Show something on the round screen."""


@dataclass(frozen=True)
class DashboardSettings:
    """[dashboard]: defaults; what was chosen in the dashboard itself comes first."""

    theme: str = ""
    """A theme's name; "" is Barnacle's dark one. `barnacle-light` and `barnacle-colour-blind` are there too."""
    density: str = field(default="comfortable", metadata={"choices": ("comfortable", "compact")})
    """compact leaves out frames."""
    notify: str = field(default="bell", metadata={"choices": ("off", "bell", "desktop")})
    """How a question is announced while the window has not the focus; desktop asks the terminal (OSC 777)."""
    keys: dict[str, str] = field(default_factory=dict[str, str])
    """Action -> key, such as "schedules.run" = "x"; the names are in the dashboard's help."""


@dataclass(frozen=True)
class CredentialsSettings:
    """[credentials]: where the credential broker keeps them."""

    backend: Backend = field(default="keyring", metadata={"choices": BACKENDS})
    """keyring: the system's. file: one encrypted with a passphrase, for a machine that has no keyring."""


@dataclass(frozen=True)
class Settings:
    """All sections. `Settings()` is the defaults."""

    box: BoxSettings = field(default_factory=BoxSettings)
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    time: TimeSettings = field(default_factory=TimeSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    credentials: CredentialsSettings = field(default_factory=CredentialsSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)

    @property
    def zone(self) -> str:
        """The IANA zone in force: the configured one, else this machine's."""
        return self.time.zone or local_zone()


_SECTIONS: dict[str, type] = {
    "box": BoxSettings,
    "mqtt": MqttSettings,
    "time": TimeSettings,
    "logs": LogSettings,
    "screen": ScreenSettings,
    "dashboard": DashboardSettings,
    "credentials": CredentialsSettings,
}
_OF_MODELS: dict[str, type] = {"models": ModelsSettings, "inference": ModelsSettings}


def local_zone() -> str:
    """This machine's IANA zone, "UTC" when it does not say."""
    try:
        return tzlocal.get_localzone_name() or "UTC"
    except (LookupError, OSError, ValueError):
        return "UTC"


def read_settings(path: Path) -> Settings:
    """The settings in `path`; defaults when there is no such file. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "make it a readable UTF-8 text file") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "correct that line, or remove the file") from error
    return parse_settings(document, path)


def write_template(path: Path) -> bool:
    """Write a commented config.toml where there is none; True when it was written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        return False
    return True


def parse_settings(document: Mapping[str, Any], path: Path) -> Settings:
    """Check a decoded TOML document. `path` is only named in errors."""
    _refuse_unknown(document, _SECTIONS | _OF_MODELS, "section", path)
    sections: dict[str, Any] = {}
    for name, kind in _SECTIONS.items():
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: {name} must be a section", f"write [{name}] on a line of its own")
        sections[name] = _section(name, kind, cast("dict[str, Any]", table), path)
    settings = Settings(**sections, models=read_models(document, path))
    _check_together(settings, path)
    return settings


def _section(name: str, kind: type, table: dict[str, Any], path: Path) -> Any:
    known = {item.name: item for item in fields(kind)}
    for key in table:
        if (name, key) in _RENAMED:
            raise SettingsError(f"{path}: {name}.{key} is no longer a setting", _RENAMED[name, key])
    _refuse_unknown(table, known, f"key in [{name}]", path)
    defaults = kind()
    for key, value in table.items():
        where = f"{path}: {name}.{key}"
        wanted = cast("object", getattr(defaults, key)).__class__
        if value.__class__ is not wanted:
            raise SettingsError(
                f"{where} must be {_TYPE_NAMES[wanted]}, not {value!r}",
                f"for example: {key} = {_toml(getattr(defaults, key))}",
            )
        if isinstance(value, dict):
            _check_texts(where, cast("dict[str, object]", value))
        _check_value(where, value, known[key].metadata)
    return kind(**table)


def _check_value(where: str, value: Any, rules: Mapping[str, Any]) -> None:
    if "range" in rules:
        low, high = rules["range"]
        if not low <= value <= high:
            raise SettingsError(f"{where} is {value}", f"use a number from {low} to {high}")
    if "choices" in rules and value not in rules["choices"]:
        raise SettingsError(f"{where} is {value!r}", "use one of " + ", ".join(rules["choices"]))


def _check_texts(where: str, table: Mapping[str, object]) -> None:
    for name, value in table.items():
        if not isinstance(value, str):
            raise SettingsError(f"{where}.{name} must be a text in quotes, not {value!r}", f'write {name} = "…"')


def _check_together(settings: Settings, path: Path) -> None:
    if settings.time.zone:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(settings.time.zone)
        except (LookupError, ValueError, OSError):
            raise SettingsError(
                f"{path}: time.zone {settings.time.zone!r} is no time zone", 'use an IANA name such as "Europe/Berlin"'
            ) from None
    if not settings.mqtt.host:
        raise SettingsError(f"{path}: mqtt.host is empty", 'use the broker\'s address, such as "127.0.0.1"')
    name = settings.box.id
    if name and not (len(name) <= 32 and all(c.isascii() and (c.isalnum() or c == "-") for c in name)):
        raise SettingsError(f"{path}: box.id {name!r} cannot be a device id", "use up to 32 letters, digits and dashes")
    if not settings.box.assistant.strip() or len(settings.box.assistant.encode()) > 64:
        raise SettingsError(
            f"{path}: box.assistant cannot be {settings.box.assistant!r}", "use a name of 1 to 64 bytes"
        )


def _refuse_unknown(found: Mapping[str, Any], known: Mapping[str, Any], what: str, path: Path) -> None:
    for name in found:
        if name not in known:
            raise SettingsError(f"{path}: unknown {what}: {name}", "known are " + ", ".join(known))


_RENAMED = {
    ("box", "simulator"): 'write kind = "simulator" (or "desktop", or "board" for a real box) in its place under [box]'
}
_TYPE_NAMES: dict[type[object], str] = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    dict: "a table",
}


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{}"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
