"""Which columns the tables of recorded NanoClaw databases have."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from app.errors import UsageError


def recorded_columns(folder: Path) -> dict[str, tuple[str, ...]]:
    """Columns by table from every recording in `folder` that holds tables (db.json, replay.json …); tables that are
    always empty are left out. Raises UsageError without any."""
    found: dict[str, dict[str, None]] = {}
    for path in sorted(folder.glob("*.json")):
        for tables in _tables(_read(path)):
            for table, rows in tables.items():
                for row in cast("list[Any]", rows) if isinstance(rows, list) else []:
                    found.setdefault(table, {}).update(dict.fromkeys(cast("dict[str, Any]", row)))
    if not found:
        raise UsageError(f"no recording in {folder} holds tables", "name a folder with db.json or replay.json")
    return {table: tuple(names) for table, names in found.items()}


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "name a folder of recordings") from error


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every object under a key "tables", however deep."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            if key == "tables" and isinstance(inner, dict):
                yield cast("dict[str, Any]", inner)
            else:
                yield from _tables(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _tables(inner)
