"""[models.NAME] and [inference] of config.toml: which language models there are and who is asked for which group.

    [models.claude]                      [inference]
    api = "anthropic"                    default = ["claude", "ollama"]
    url = "https://api.anthropic.com"    [inference.groups]
    model = "claude-sonnet-5"          family = ["ollama"]
    credential = "anthropic-api-key"

Only the *name* of a credential is here; its value is in the keyring. Prices become whole micro-USD.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast
from urllib.parse import urlsplit

from app.errors import SettingsError
from app.host import limits

Api = Literal["anthropic", "openai"]
APIS: Final[tuple[Api, ...]] = ("anthropic", "openai")
MICRO: Final = 1_000_000
PRICES: Final = ("input", "output", "cache_read", "cache_write")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_CREDENTIAL: Final = re.compile(r"[a-z0-9-]{1,40}")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_NUMBERS: Final = {"max_tokens": (16, 65_536), "context": (1024, 4_000_000), "timeout_s": (5, 3600)} | {
    "first_token_s": (1, 3600)
}
_TEXTS: Final = ("api", "url", "model", "credential", "thinking", "ca")
_THINKING: Final = ("", "disabled", "between_tools", "adaptive")


class Endpoint(NamedTuple):
    """Where a model is: what a lease for it is scoped to. `path` is "" or begins with "/" and does not end with one."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Prices:
    """Micro-USD for a million tokens of each kind; 0 is free."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True)
class ModelSettings:
    """[models.NAME]: one model at one server."""

    name: str
    """Its name in these settings: what groups and people call it."""
    api: Api
    """Which protocol the server speaks."""
    url: str
    """Base address: requests go to /v1/messages (anthropic) or /chat/completions (openai) below it."""
    model: str
    """The server's own name of the model."""
    credential: str = ""
    """Name of the credential that the broker adds; "" for a server that asks for none."""
    max_tokens: int = 2048
    """Longest answer; a request may ask for less."""
    context: int = 32_768
    """Tokens that the model can read; longer requests are refused before they are sent."""
    timeout_s: int = 300
    """Seconds that a whole answer may take."""
    first_token_s: int = 90
    """Seconds until its first word; a local server may have to load the model first."""
    thinking: str = ""
    """Anthropic's thinking mode; "" leaves it to the model. Newer models think unless told not to ("between_tools" is
    the least for Claude 5.5, "disabled" for those before): that takes time and tokens before the first word."""
    ca: str = ""
    """Certificate authority (PEM file) of a server of one's own with TLS; "" trusts the system's."""
    prices: Prices = field(default_factory=Prices)

    @property
    def endpoint(self) -> Endpoint:
        """Scheme, host, port and path below which every request of this model stays."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return Endpoint(parts.scheme, parts.hostname or "", port, parts.path)


@dataclass(frozen=True)
class ModelsSettings:
    """All models by name, in the file's order, and whom a group asks. `ModelsSettings()` has none."""

    models: Mapping[str, ModelSettings] = field(default_factory=dict[str, ModelSettings])
    default: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def order(self, folder: str) -> tuple[ModelSettings, ...]:
        """The models that a group asks, first choice first; empty when there is none."""
        return tuple(self.models[name] for name in self.groups.get(folder, self.default))


def read_models(document: Mapping[str, Any], path: Path) -> ModelsSettings:
    """The two sections of a decoded config.toml; `path` is only named in errors. Raises SettingsError."""
    tables = _table(document.get("models", {}), f"{path}: models", "[models.NAME]")
    if len(tables) > limits.MODELS:
        raise SettingsError(f"{path}: {len(tables)} models", f"keep at most {limits.MODELS}")
    models = {name: _model(name, table, path) for name, table in tables.items()}
    section = _table(document.get("inference", {}), f"{path}: inference", "[inference]")
    for key in section:
        if key not in ("default", "groups"):
            raise SettingsError(f"{path}: unknown key in [inference]: {key}", "known are default, groups")
    default = _names(section.get("default", list(models)), models, f"{path}: inference.default")
    groups = _table(section.get("groups", {}), f"{path}: inference.groups", "[inference.groups]")
    if len(groups) > limits.MODEL_GROUPS:
        raise SettingsError(f"{path}: {len(groups)} groups in [inference.groups]", f"at most {limits.MODEL_GROUPS}")
    chosen = {name: _names(value, models, f"{path}: inference.groups.{name}") for name, value in groups.items()}
    return ModelsSettings(models, default, chosen)


def price(value: float | Decimal) -> int:
    """USD as it is written in the file to whole micro-USD (0.15 is 150000)."""
    return int(Decimal(str(value)) * MICRO)


def _model(name: str, value: object, path: Path) -> ModelSettings:
    where = f"{path}: models.{name}"
    if not NAME.fullmatch(name):
        raise SettingsError(f"{where}: no name for a model", "use up to 32 small letters, digits and dashes")
    table = _table(value, where, f"[models.{name}]")
    prices = {f"{kind}_usd_per_mtok": kind for kind in PRICES}
    for key in table:
        if key not in _TEXTS and key not in _NUMBERS and key not in prices:
            known = ", ".join([*_TEXTS, *_NUMBERS, *prices])
            raise SettingsError(f"{path}: unknown key in [models.{name}]: {key}", f"known are {known}")
    texts = {key: _text(table, key, where) for key in _TEXTS if key in table}
    for key, example in (("api", "anthropic"), ("url", "https://api.anthropic.com"), ("model", "claude-sonnet-5")):
        if not texts.get(key):
            raise SettingsError(f"{where}.{key} is missing", f'add for example: {key} = "{example}"')
    if texts["api"] not in APIS:
        raise SettingsError(f"{where}.api is {texts['api']!r}", "use one of " + ", ".join(APIS))
    if texts.get("thinking", "") not in _THINKING:
        raise SettingsError(f"{where}.thinking is {texts['thinking']!r}", "use one of " + ", ".join(_THINKING[1:]))
    texts["url"] = _url(texts["url"], f"{where}.url", texts.get("credential", ""))
    if texts.get("credential") and not _CREDENTIAL.fullmatch(texts["credential"]):
        raise SettingsError(
            f"{where}.credential cannot be a credential's name",
            'write the name, such as "anthropic-api-key"; the value goes in by: barnacle secret set NAME',
        )
    numbers: dict[str, Any] = {key: _number(table[key], key, where) for key in _NUMBERS if key in table}
    paid = {kind: _price(table[key], f"{where}.{key}") for key, kind in prices.items() if key in table}
    given: dict[str, Any] = texts | numbers
    return ModelSettings(name=name, **given, prices=Prices(**paid))


def _url(text: str, where: str, credential: str) -> str:
    remedy = 'write it like "https://api.anthropic.com" or "http://localhost:11434/v1"'
    text = text.removesuffix("/")
    scheme, separator, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition(":") if re.search(r":\d*\Z", authority) else (authority, "", "")
    good = scheme in ("http", "https") and separator and _HOST.fullmatch(host) and _PATH.fullmatch(slash + path)
    if not good or ".." in host or "/.." in path or path.startswith(".."):
        raise SettingsError(f"{where} {text!r} is no address of a server", remedy)
    if colon and not (port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise SettingsError(f"{where} {text!r} has no valid port", remedy)
    if scheme == "http" and credential and host not in _LOOPBACK:
        raise SettingsError(
            f"{where} would send {credential} unencrypted", 'use https, or credential = "" for a server without a key'
        )
    return text


def _names(value: object, models: Mapping[str, ModelSettings], where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in cast("list[object]", value)):
        raise SettingsError(f"{where} must be a list of names of models", 'for example: default = ["claude"]')
    names = cast("list[str]", value)
    for name in names:
        if name not in models:
            known = ", ".join(models) or "none; add a section [models.NAME]"
            raise SettingsError(f"{where} names {name!r}, which is no model here", f"known are {known}")
    if len(set(names)) != len(names):
        raise SettingsError(f"{where} names a model twice", "name each once, first choice first")
    return tuple(names)


def _table(value: object, where: str, section: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where} must be a section", f"write {section} on a line of its own")
    return cast("dict[str, Any]", value)


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str) or len(value) > limits.MODEL_SETTING_CHARS or any(char < " " for char in value):
        raise SettingsError(f"{where}.{key} must be a short text in quotes", f'for example: {key} = "…"')
    return value


def _number(value: object, key: str, where: str) -> int:
    low, high = _NUMBERS[key]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SettingsError(f"{where}.{key} is {value!r}", f"use a whole number from {low} to {high}")
    return value


def _price(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= limits.MODEL_PRICE_USD:
        raise SettingsError(
            f"{where} is {value!r}", f"use US dollars for a million tokens, 0 to {limits.MODEL_PRICE_USD}, such as 3.0"
        )
    return price(value)
