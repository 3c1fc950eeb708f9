"""What waits in a group's mailbox, as far as the box has reported, and what it refused lately."""

import json
from typing import Any

from app.host import limits
from app.host.arguments import Arguments
from app.host.database import Database

Row = dict[str, Any]
_REFUSALS = ("message.send", "task.missed", "run.gave_up", "run.interrupted")


class QueueReads:
    """Answers the request `queue`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def contents(self, args: Row) -> Row:
        """{folder}: {"folder", "messages", "runs", "refused"}, each oldest first; raises RequestRefused.

        messages   those that no run has in hand: id, n, sender_name, text, ts_ms
        runs       the runs that wait or go on, as the box reported them
        refused    audit records of what was not taken, was missed or given up: ts_ms, what, rule, reason, detail
        """
        folder = Arguments(args, "folder").text("folder")
        runs = await self._runs(folder)
        in_hand = max((run.get("upto") or 0 for run in runs if run["state"] == "running"), default=0)
        return {
            "folder": folder,
            "messages": await self._messages(folder, in_hand),
            "runs": runs,
            "refused": await self._refused(folder),
        }

    async def _messages(self, folder: str, in_hand: int) -> list[Row]:
        rows = await self._database.read(
            "SELECT n, id, sender_name, text, ts_ms, dropped FROM messages WHERE folder = ? AND from_me = 0"
            " AND n > max(?, (SELECT coalesce(max(n), 0) FROM cursors WHERE folder = ?)) ORDER BY arrival DESC LIMIT ?",
            (folder, in_hand, folder, limits.READ_LIMIT),
        )
        found: list[Row] = []
        last_n = 2**53
        for n, name, sender, text, ts_ms, dropped in rows:
            if n >= last_n:  # from before the box was reset
                break
            last_n = n
            if not dropped:
                found.append({"n": n, "id": name, "sender_name": sender, "text": text, "ts_ms": ts_ms})
        return found[::-1]

    async def _runs(self, folder: str) -> list[Row]:
        rows = await self._database.read(
            "SELECT body FROM runs WHERE folder = ? AND state IN ('queued', 'running') ORDER BY arrival", (folder,)
        )
        return [json.loads(row[0]) for row in rows]

    async def _refused(self, folder: str) -> list[Row]:
        rows = await self._database.read(
            "SELECT ts_ms, what, rule, reason, detail FROM audit WHERE folder = ? AND (decision = 'deny' OR what IN"
            " (?, ?, ?, ?)) ORDER BY arrival DESC LIMIT ?",
            (folder, *_REFUSALS, limits.READ_LIMIT_DEFAULT),
        )
        names = ("ts_ms", "what", "rule", "reason", "detail")
        return [dict(zip(names, row, strict=True)) for row in reversed(rows)]
