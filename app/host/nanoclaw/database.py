"""NanoClaw's database, opened as it is; its functions by subject: chats, messages, tasks, groups, state.

    with NanoClawDatabase.open(path, now) as database:
        database.messages.since("a@g.us", "", "Andy")

Rows go in and out as NanoClaw's own objects (camelCase only where it has it). A key that is absent means NULL.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Self

from app.host.nanoclaw.chats import Chats
from app.host.nanoclaw.connection import Connection
from app.host.nanoclaw.errors import NotADatabase
from app.host.nanoclaw.groups import Groups
from app.host.nanoclaw.messages import Messages
from app.host.nanoclaw.schema import prepare
from app.host.nanoclaw.state import State
from app.host.nanoclaw.tasks import Tasks


class NanoClawDatabase:
    """An open database; `now` gives the time as an ISO text with milliseconds and Z."""

    def __init__(self, connection: Connection, now: Callable[[], str]) -> None:
        self._connection = connection
        self.chats = Chats(connection, now)
        self.messages = Messages(connection)
        self.tasks = Tasks(connection, now)
        self.groups = Groups(connection)
        self.state = State(connection)

    @classmethod
    def open(cls, path: Path | None, now: Callable[[], str]) -> Self:
        """Open the file, or make it; None keeps it in memory. Older files get the columns they lack. Raises
        NotADatabase."""
        try:
            raw = sqlite3.connect(path or ":memory:", isolation_level=None)
        except sqlite3.Error as error:
            raise NotADatabase(path or "memory", str(error)) from error
        try:
            prepare(raw)
        except sqlite3.Error as error:
            raw.close()
            raise NotADatabase(path or "memory", str(error)) from error
        return cls(Connection(raw), now)

    def rows(self, table: str) -> list[dict[str, object]]:
        """All rows of one of schema.TABLES in the order in which they were stored."""
        return self._connection.table(table)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
