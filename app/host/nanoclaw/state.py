"""NanoClaw's small state: the router's cursors by key, and the agent session of each group."""

from typing import Any

from app.host.nanoclaw.binding import bound
from app.host.nanoclaw.connection import Connection


class State:
    """Tables router_state and sessions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: Any) -> str | None:
        """A value of the router's state."""
        row = self._connection.one("SELECT value FROM router_state WHERE key = ?", bound(key))
        return row["value"] if row else None

    def put(self, key: Any, value: Any) -> None:
        """Set a value of the router's state; raises RowRefused for None."""
        self._connection.run("INSERT OR REPLACE INTO router_state (key, value) VALUES (?, ?)", bound(key, value))

    def session(self, folder: Any) -> str | None:
        """The agent session of a group."""
        row = self._connection.one("SELECT session_id FROM sessions WHERE group_folder = ?", bound(folder))
        return row["session_id"] if row else None

    def put_session(self, folder: Any, session_id: Any) -> None:
        """Set the agent session of a group; raises RowRefused for None."""
        self._connection.run(
            "INSERT OR REPLACE INTO sessions (group_folder, session_id) VALUES (?, ?)", bound(folder, session_id)
        )

    def sessions(self) -> dict[str, str]:
        """All sessions by folder."""
        return {row["group_folder"]: row["session_id"] for row in self._connection.table("sessions")}
