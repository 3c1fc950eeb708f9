"""Messages, and which of them were not handed over yet.

NanoClaw remembers only the time of the last message it saw, so one that arrives later with the same time is lost.
`Cursor` also holds the row, and `after` loses none. A bare time still means what it means to NanoClaw: everything at
that time has been seen.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from app.host.nanoclaw.binding import SqlValue, bound
from app.host.nanoclaw.connection import Connection, Row

_FIELDS: Final = "id, chat_jid, sender, sender_name, content, timestamp"
LAST_ROW: Final = 2**63 - 1


@dataclass(frozen=True, order=True)
class Cursor:
    """The last message handed over: its time and its row."""

    timestamp: str = ""
    row: int = LAST_ROW


@dataclass(frozen=True)
class NewMessages:
    """Messages in order of time, the last time among them, and the cursor behind them."""

    messages: list[Row] = field(default_factory=list[Row])
    timestamp: Any = ""
    cursor: Cursor = Cursor()


class Messages:
    """Table messages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def store(self, message: dict[str, Any]) -> None:
        """Store {id, chat_jid, sender, sender_name, content, timestamp, is_from_me}; one with the same id and chat is
        replaced. Raises RowRefused when the chat is unknown."""
        names = ("id", "chat_jid", "sender", "sender_name", "content", "timestamp")
        values = bound(*(message.get(name) for name in names), 1 if message.get("is_from_me") else 0)
        self._connection.run(
            f"INSERT OR REPLACE INTO messages ({_FIELDS}, is_from_me) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            values,
        )

    def new(self, jids: list[Any], since: Any, bot_prefix: str) -> NewMessages:
        """Messages of these chats later than the time `since` (as text), without the assistant's own ("<prefix>:…",
        by LIKE)."""
        if not jids:
            return NewMessages(timestamp=since)
        found = self._select(jids, "timestamp > ?", bound(since), bot_prefix)
        return _answer(found, since, since if isinstance(since, str) else "")

    def since(self, jid: Any, since: Any, bot_prefix: str) -> list[Row]:
        """The same for one chat."""
        return self.new([jid], since, bot_prefix).messages

    def after(self, jids: list[Any], cursor: Cursor, bot_prefix: str) -> NewMessages:
        """Messages behind `cursor`, also those that came later with its time; none is lost, none comes twice."""
        if not jids:
            return NewMessages(timestamp=cursor.timestamp, cursor=cursor)
        where = "(timestamp > ? OR (timestamp = ? AND rowid > ?))"
        place = (cursor.timestamp, cursor.timestamp, cursor.row)
        found = self._select(jids, where, place, bot_prefix)
        answer = _answer(found, cursor.timestamp, cursor.timestamp)
        return answer if found else NewMessages([], cursor.timestamp, cursor)

    def _select(self, jids: list[Any], where: str, place: tuple[SqlValue, ...], bot_prefix: str) -> list[Row]:
        marks = ", ".join("?" for _ in jids)
        return self._connection.all(
            f"SELECT {_FIELDS}, rowid AS barnacle_row FROM messages WHERE {where} AND chat_jid IN ({marks})"  # noqa: S608
            " AND content NOT LIKE ? ORDER BY timestamp, rowid",
            (*place, *bound(*jids), *bound(f"{bot_prefix}:%")),
        )


def _answer(found: list[Row], since: Any, least: str) -> NewMessages:
    places = [Cursor(row["timestamp"], row.pop("barnacle_row")) for row in found]
    return NewMessages(found, found[-1]["timestamp"] if found else since, places[-1] if places else Cursor(least))
