"""The credentials that are kept: names and where each may go. Values never leave the keyring."""

from collections.abc import Sequence
from typing import Any

from app.tui import say
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

COLUMNS = (
    Column("secret", 12, grow=1),
    Column("only for", 16, grow=2),
    Column("set", 9),
    Column("used", 9),
)


class SecretsTable(LineTable):
    """One row per credential."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty="none (barnacle secret set NAME)", id="secrets")
        self._stored: dict[str, dict[str, Any]] = {}

    def show_credentials(self, stored: Sequence[dict[str, Any]] | None) -> None:
        """`stored` as the credential broker lists them; None when it does not answer."""
        self._stored = {str(one["name"]): one for one in stored or ()}
        set_title(self, f"Secrets · {len(self._stored)}")
        self.empty("none (barnacle secret set NAME)" if stored is not None else "not known: no credential broker")
        self.show(list(self._stored), self._cells_of)

    def _cells_of(self, name: str) -> Sequence[Cell]:
        one = self._stored.get(name)
        if one is None:
            return ()
        now = say.now_ms()
        host = say.plain(one.get("host") or "–")
        port = one.get("port")
        used = say.until(one.get("last_used_ms"), now)
        return (
            (say.plain(name), "strong"),
            host if port in (None, 443) else f"{host}:{say.plain(port)}",
            _ago(one.get("set_ms"), now),
            (used.removesuffix(" ago"), "") if used else ("never", "quiet"),
        )


def _ago(ms: int | None, now: int) -> str:
    return say.until(ms, now).removesuffix(" ago") or "–"
