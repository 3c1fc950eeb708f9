"""What its user chose in the dashboard, kept for the next time. No secret, and losing it costs a choice."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from app.host.private_file import write_private
from app.host.settings import DashboardSettings
from app.tui.themes import DEFAULT

DENSITIES = ("comfortable", "compact")
NOTICES = ("off", "bell", "desktop")
FILE_BYTES = 4096


@dataclass(frozen=True)
class Preferences:
    """`theme` a theme's name, `density` of DENSITIES, `notify` of NOTICES; `welcomed`: the first start was shown."""

    theme: str = DEFAULT
    density: str = DENSITIES[0]
    notify: str = "bell"
    welcomed: bool = False


def load(path: Path | None, settings: DashboardSettings) -> Preferences:
    """What was chosen last, else what config.toml says. A file that cannot be read counts as none."""
    base = Preferences(settings.theme or DEFAULT, settings.density, settings.notify)
    return replace(base, **_read(path)) if path is not None else base


def save(path: Path | None, preferences: Preferences) -> None:
    """Keep them, readable by their owner only. Raises OSError."""
    if path is None:
        return
    write_private(path, json.dumps(asdict(preferences)))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found: object = json.loads(file.read(FILE_BYTES))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    kept = cast("Mapping[str, Any]", found)
    defaults = Preferences()
    return {
        item.name: kept[item.name]
        for item in fields(Preferences)
        if isinstance(kept.get(item.name), type(getattr(defaults, item.name)))
    }
