"""What operators may read from the mirror. Arguments are checked and bound; nothing an operator writes becomes SQL."""

import json
from typing import Any

from app.host import limits
from app.host.arguments import Arguments
from app.host.database import Database
from app.host.queue_reads import QueueReads
from app.host.refusal import RequestRefused

Row = dict[str, Any]
_MESSAGE = ("n", "id", "folder", "sender_name", "text", "ts_ms", "from_me", "run")
_AUDIT = ("id", "ts_ms", "what", "actor", "folder", "decision", "rule", "reason", "detail", "origin")


class MirrorReads:
    """Each method answers the request of its name (see the operators' table of requests); raises RequestRefused."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.queues = QueueReads(database)

    async def groups(self, queue: Row | None) -> list[Row]:
        """Every group with cursor, last_message_ms, task_count, and state and depth from the last `tele.queue`."""
        rows = await self._database.read(
            "SELECT g.body, coalesce(c.n, 0),"
            " (SELECT ts_ms FROM messages m WHERE m.folder = g.folder ORDER BY n DESC LIMIT 1),"
            " (SELECT count(*) FROM tasks t WHERE t.folder = g.folder)"
            " FROM groups g LEFT JOIN cursors c ON c.folder = g.folder ORDER BY g.folder"
        )
        live: Row = (queue or {}).get("groups", {})
        found: list[Row] = []
        for body, cursor, last_ms, tasks in rows:
            group: Row = json.loads(body)
            state: Row = live.get(group["folder"], {})
            group["state"] = "paused" if group.get("paused") else state.get("state", "idle")
            group |= {"depth": state.get("depth", 0), "cursor": cursor, "last_message_ms": last_ms, "task_count": tasks}
            found.append(group)
        return found

    async def group(self, folder: str) -> Row | None:
        """One group as the box reported it."""
        text = await self._database.value("SELECT body FROM groups WHERE folder = ?", (folder,))
        return json.loads(text) if text else None

    async def tasks(self, args: Row) -> list[Row]:
        """{folder?}: tasks, the next due one first."""
        folder = Arguments(args, "folder").text("folder", "")
        rows = await self._database.read(
            "SELECT body FROM tasks WHERE ? IN ('', folder) ORDER BY next_ms IS NULL, next_ms, id", (folder,)
        )
        return [json.loads(row[0]) for row in rows]

    async def task(self, args: Row) -> Row:
        """{id}: one task; any unique part of its id will do."""
        part = Arguments(args, "id").text("id")
        rows = await self._database.read(
            "SELECT id, body FROM tasks WHERE instr(id, ?) > 0 ORDER BY id LIMIT 20", (part,)
        )
        exact = [row for row in rows if row[0] == part] or rows
        if len(exact) == 1:
            return json.loads(exact[0][1])
        if not exact:
            raise RequestRefused("unknown_task", f"there is no task {part!r}", "list them with: barnacle schedule list")
        names = ", ".join(str(row[0]) for row in exact[:5])
        raise RequestRefused("bad_value", f"{part!r} fits more than one task: {names}", "give more of the id")

    async def task_history(self, args: Row) -> list[Row]:
        """{id, limit?}: runs of a task (also of one that is gone, by its whole id), newest last."""
        given = Arguments(args, "id", "limit")
        task_id = given.text("id")
        rows = await self._database.read(
            "SELECT body FROM runs WHERE task = ? ORDER BY arrival DESC LIMIT ?", (task_id, given.limit())
        )
        if not rows:
            task_id = (await self.task({"id": task_id}))["id"]
            rows = await self._database.read(
                "SELECT body FROM runs WHERE task = ? ORDER BY arrival DESC LIMIT ?", (task_id, given.limit())
            )
        return [json.loads(row[0]) for row in reversed(rows)]

    async def messages(self, args: Row) -> list[Row]:
        """{folder, limit?, before_n?}: both directions, oldest first."""
        given = Arguments(args, "folder", "limit", "before_n")
        rows = await self._database.read(
            "SELECT n, id, folder, sender_name, text, ts_ms, from_me, run FROM messages"
            " WHERE folder = ? AND n < ? ORDER BY n DESC, arrival DESC LIMIT ?",
            (given.text("folder"), given.number("before_n", 2**53), given.limit()),
        )
        found: list[Row] = [dict(zip(_MESSAGE, row, strict=True)) for row in reversed(rows)]
        for message in found:
            message["from_me"] = bool(message["from_me"])
        return found

    async def has_message(self, jid: str, message_id: str) -> bool:
        """Whether the box has reported this message as stored."""
        return bool(await self._database.read("SELECT 1 FROM messages WHERE jid = ? AND id = ?", (jid, message_id)))

    async def runs(self, args: Row) -> list[Row]:
        """{folder?, limit?}: runs, newest last."""
        given = Arguments(args, "folder", "limit")
        folder = given.text("folder", "")
        rows = await self._database.read(
            "SELECT body FROM runs WHERE ? IN ('', folder) ORDER BY arrival DESC LIMIT ?", (folder, given.limit())
        )
        return [json.loads(row[0]) for row in reversed(rows)]

    async def audit(self, args: Row) -> list[Row]:
        """{limit?, after?, before?, folder?, decision?, what?, actor?, text?}: records, oldest first.

        Without `after` (an `id` of an earlier answer) the newest ones, with it those that follow it. `what` and `text`
        match anywhere, letter case aside.
        """
        given = Arguments(args, "limit", "after", "before", "folder", "decision", "what", "actor", "text")
        after = given.number("after", 0)
        conditions = ["arrival > ?", "arrival < ?"]
        values: list[Any] = [after, given.number("before", 2**53)]
        for name in ("folder", "decision", "actor"):
            if name in args:
                conditions.append(f"{name} = ?")
                values.append(given.text(name))
        for name, column in (
            ("what", "what"),
            ("text", "what || ' ' || actor || ' ' || folder || ' ' || rule || ' ' || reason || ' ' || detail"),
        ):
            if name in args:
                conditions.append(f"{column} LIKE ? ESCAPE '\\'")
                values.append(_like(given.text(name)))
        order = "ASC" if "after" in args else "DESC"
        rows = await self._database.read(
            "SELECT arrival, ts_ms, what, actor, folder, decision, rule, reason, detail, origin FROM audit"  # noqa: S608
            f" WHERE {' AND '.join(conditions)} ORDER BY arrival {order} LIMIT ?",
            (*values, given.limit()),
        )
        return [dict(zip(_AUDIT, row, strict=True)) for row in (rows if order == "ASC" else reversed(rows))]

    async def summary(self) -> tuple[Row, list[Row]]:
        """Counts of groups, tasks and messages; and the five next runs."""
        counts = {
            table: await self._database.value(f"SELECT count(*) FROM {table}", default=0)  # noqa: S608 - our own names
            for table in ("groups", "tasks", "messages")
        }
        rows = await self._database.read(
            "SELECT body FROM tasks WHERE status = 'active' AND next_ms IS NOT NULL ORDER BY next_ms, id LIMIT 5"
        )
        tasks = [json.loads(row[0]) for row in rows]
        return counts, [{name: task[name] for name in ("id", "folder", "prompt", "next_ms")} for task in tasks]

    async def seen_ms(self) -> int | None:
        """When the last record of the box came in, None if never."""
        return await self._database.value("SELECT value FROM state WHERE name = 'seen_ms'")


def _like(text: str) -> str:
    """A LIKE pattern for text as it stands, anywhere."""
    for char in ("\\", "%", "_"):
        text = text.replace(char, "\\" + char)
    return f"%{text[: limits.FILTER_CHARS]}%"
