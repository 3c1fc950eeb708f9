"""The exceptions to the rules that are in force, with what is left of each."""

from collections.abc import Sequence
from typing import Any

from app.tui import say
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

SOON_MS = 60_000
COLUMNS = (
    Column("opens", 16, grow=2),
    Column("left", 8, align="right"),
    Column("group", 8, grow=1),
    Column("reason", 10, grow=2, hide_below=46),
    Column("by", 6, hide_below=60),
)


class OverridesTable(LineTable):
    """One row per exception, whichever ends first on top."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty="no exceptions are in force (e makes one)", id="overrides")
        self._overrides: dict[str, dict[str, Any]] = {}

    @property
    def override(self) -> dict[str, Any] | None:
        """The exception under the cursor."""
        return self._overrides.get(self.selected or "")

    def show_overrides(self, overrides: Sequence[dict[str, Any]]) -> None:
        """Those that have not ended, with the time that is left now."""
        now = say.now_ms()
        self._overrides = {str(one["id"]): one for one in overrides if one["end_ms"] > now}
        set_title(self, f"Exceptions · {len(self._overrides)}")
        left = {key: one["end_ms"] - now for key, one in self._overrides.items()}

        def row_of(key: str) -> Sequence[Cell]:
            one = self._overrides.get(key)
            return _row(one, left[key]) if one is not None and key in left else ()

        self.show(list(self._overrides), row_of)


def opened(override: dict[str, Any]) -> str:
    """Host, port and methods that an exception opens."""
    port = f":{override['port']}" if override.get("port") else ""
    methods = " " + " ".join(override["methods"]) if override.get("methods") else ""
    return say.plain(f"{override['host']}{port}{methods}")


def _row(one: dict[str, Any], left_ms: int) -> Sequence[Cell]:
    return (
        (opened(one), "strong"),
        (_left(left_ms), "warn" if left_ms < SOON_MS else "accent"),
        (say.plain(one.get("group") or "all"), "" if one.get("group") else "quiet"),
        say.plain(one.get("reason", "")),
        (say.plain(one.get("by", "")), "quiet"),
    )


def _left(ms: int) -> str:
    seconds = max(0, ms) // 1000
    return (
        f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if seconds >= 3600
        else (f"{seconds // 60}:{seconds % 60:02}")
    )
