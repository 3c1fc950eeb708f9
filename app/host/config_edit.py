"""Changes to config.toml that keep everything else in it as it is: comments, order, what its owner wrote.

Each writes only what reads back as valid settings, and raises SettingsError or UsageError otherwise.
"""

import os
import re
import tempfile
import tomllib
from pathlib import Path

from app.errors import SettingsError, UsageError
from app.host.model_presets import Preset
from app.host.models_settings import NAME
from app.host.settings import Settings, parse_settings, read_settings, write_template


def set_box_kind(path: Path, kind: str) -> Settings:
    """Choose what the box is: one of settings.BOX_KINDS. Returns the new settings."""
    write_template(path)
    return _replace(path, _with_key(_read(path), "box", "kind", f'"{kind}"'))


def set_credentials_backend(path: Path, backend: str) -> Settings:
    """Choose where credentials are kept: one of settings.BACKENDS. Returns the new settings."""
    write_template(path)
    return _replace(path, _with_key(_read(path), "credentials", "backend", f'"{backend}"'))


def add_model(path: Path, preset: Preset, name: str = "", model: str = "", url: str = "") -> Settings:
    """Append a model's section; `name`, `model` and `url` stand for the preset's own. Returns the new settings."""
    known = read_settings(path).models.models
    name = name or preset.name
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a model", "use up to 32 small letters, digits and dashes")
    if name in known:
        raise UsageError(f"{path} has a model named {name} already", f"edit [models.{name}] there, or use --name")
    write_template(path)
    before = _read(path)
    return _replace(path, before + ("" if before.endswith("\n") else "\n") + "\n" + preset.section(name, model, url))


def _with_key(text: str, section: str, key: str, value: str) -> str:
    """`text` with `key = value` in [section]: in place of the line that sets it, else of the one that shows its
    default in a comment, else as the section's first line."""
    lines = text.splitlines()
    heads = [at for at, line in enumerate(lines) if re.fullmatch(rf"\[{section}\]\s*(#.*)?", line.strip())]
    if not heads:
        return text + ("" if text.endswith("\n") or not text else "\n") + f"\n[{section}]\n{key} = {value}\n"
    begin = heads[0] + 1
    end = next((at for at in range(begin, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    for mark in ("", r"#\s*"):
        pattern = re.compile(rf"\s*{mark}{key}\s*=\s*(\"[^\"]*\"|'[^']*'|[^#\s]+)(.*)")
        for at in range(begin, end):
            found = pattern.fullmatch(lines[at])
            if found:
                lines[at] = f"{key} = {value}{found[2]}"
                return "\n".join(lines) + "\n"
    lines.insert(begin, f"{key} = {value}")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "make it a readable UTF-8 text file") from error


def _replace(path: Path, text: str) -> Settings:
    try:
        settings = parse_settings(tomllib.loads(text), path)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} cannot be changed: {error}", "correct it with an editor") from error
    target = path.resolve()  # a link stays a link
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return settings
