"""The groups that NanoClaw serves: {name, folder, trigger, added_at, containerConfig?, requiresTrigger?} by jid."""

import json
from typing import Any, Final

from app.host.nanoclaw.binding import bound
from app.host.nanoclaw.connection import Connection, Row
from app.host.nanoclaw.errors import NanoClawError, RowRefused
from app.host.nanoclaw.javascript import json_text, truthy
from app.host.nanoclaw.schema import TABLES

_COLUMNS: Final = TABLES["registered_groups"]


class Groups:
    """Table registered_groups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, jid: Any, group: dict[str, Any]) -> None:
        """Register a group, or replace the one of this jid. Raises RowRefused when another jid has the folder
        (NanoClaw deletes that group without a word)."""
        config = group.get("containerConfig")
        stored = json_text(config) if truthy(config) else None
        needs = 1 if truthy(group.get("requiresTrigger", True)) else 0
        named = (group.get(name) for name in ("name", "folder", "trigger", "added_at"))
        values = bound(jid, *named, stored, needs)
        with self._connection.transaction():
            self._check_folder(values[0], values[2])
            self._connection.run(
                f"INSERT OR REPLACE INTO registered_groups ({', '.join(_COLUMNS)})"  # noqa: S608 - names are ours
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def get(self, jid: Any) -> Row | None:
        """One group, with its jid."""
        row = self._connection.one(
            f"SELECT {', '.join(_COLUMNS)} FROM registered_groups WHERE jid = ?",  # noqa: S608 - names are ours
            bound(jid),
        )
        return {"jid": row["jid"]} | _read(row) if row else None

    def all(self) -> dict[str, Row]:
        """All groups by jid."""
        return {row["jid"]: _read(row) for row in self._connection.table("registered_groups")}

    def _check_folder(self, jid: object, folder: object) -> None:
        taken = self._connection.all("SELECT jid, folder FROM registered_groups WHERE folder = ?", bound(folder))
        for row in taken:
            if row["jid"] != jid:
                raise RowRefused(
                    f"the folder {row['folder']} belongs to the chat {row['jid']}",
                    "remove that group first, or choose another folder",
                )


def group_of(row: Row) -> Row:
    """NanoClaw's group object from a row; raises ValueError for container settings that are no JSON."""
    group: Row = {
        "name": row["name"],
        "folder": row["folder"],
        "trigger": row["trigger_pattern"],
        "added_at": row["added_at"],
    }
    if row["container_config"]:
        group["containerConfig"] = json.loads(row["container_config"])
    if row["requires_trigger"] is not None:
        group["requiresTrigger"] = row["requires_trigger"] == 1
    return group


def _read(row: Row) -> Row:
    try:
        return group_of(row)
    except ValueError as error:
        raise NanoClawError(
            f"the container settings of {row['jid']} are no JSON: {error}", "check it: barnacle parity check"
        ) from error
