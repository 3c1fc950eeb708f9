"""The chats that NanoClaw has seen, with their names and the time of the last message."""

from collections.abc import Callable
from typing import Any, Final

from app.host.nanoclaw.binding import bound
from app.host.nanoclaw.connection import Connection, Row

SYNC_ROW: Final = "__group_sync__"
"""The jid under which the time of the last look at the chat application's groups is kept."""


class Chats:
    """Table chats."""

    def __init__(self, connection: Connection, now: Callable[[], str]) -> None:
        self._connection = connection
        self._now = now

    def saw(self, jid: Any, timestamp: Any, name: Any = None) -> None:
        """A message came at `timestamp`: the later time stays (compared as text). Without a name the old one stays,
        and a new chat is named by its jid."""
        renamed = "name = excluded.name, " if name else ""
        self._connection.run(
            "INSERT INTO chats (jid, name, last_message_time) VALUES (?, ?, ?) ON CONFLICT(jid) DO UPDATE SET "  # noqa: S608
            + renamed
            + "last_message_time = MAX(last_message_time, excluded.last_message_time)",
            bound(jid, name or jid, timestamp),
        )

    def rename(self, jid: Any, name: Any) -> None:
        """Give a chat its name; a new chat gets the present time."""
        self._connection.run(
            "INSERT INTO chats (jid, name, last_message_time) VALUES (?, ?, ?)"
            " ON CONFLICT(jid) DO UPDATE SET name = excluded.name",
            bound(jid, name, self._now()),
        )

    def all(self) -> list[Row]:
        """{jid, name, last_message_time}, the latest first."""
        return self._connection.all("SELECT jid, name, last_message_time FROM chats ORDER BY last_message_time DESC")

    def last_sync(self) -> str | None:
        """When the groups were last looked up, as an ISO text."""
        row = self._connection.one("SELECT last_message_time FROM chats WHERE jid = ?", (SYNC_ROW,))
        return (row["last_message_time"] or None) if row else None

    def synced(self) -> None:
        """Note that the groups were looked up now."""
        self._connection.run(
            "INSERT OR REPLACE INTO chats (jid, name, last_message_time) VALUES (?, ?, ?)",
            (SYNC_ROW, SYNC_ROW, self._now()),
        )
