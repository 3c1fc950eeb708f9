"""What operators, and the host itself, may read of the box's smaller states (mirror_facts.py)."""

import json
from typing import Any

from app.host.arguments import Arguments
from app.host.database import Database
from app.host.device_core import Clock

Row = dict[str, Any]
_RUNNING = "running"


class FactReads:
    """Each of the first methods answers the request of its name; raises RequestRefused."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def asks(self, args: Row) -> list[Row]:
        """{all?, limit?}: the asks that wait for an answer, oldest first; with `all` those answered lately as well."""
        given = Arguments(args, "all", "limit")
        every = args.get("all") is True
        rows = await self._newest("ask", given.limit())
        now_ms = self._clock.now_ms()
        return [ask for ask in rows if every or (ask["state"] == "open" and ask["expires_ms"] > now_ms)]

    async def overrides(self, args: Row) -> list[Row]:
        """{}: those in force, whichever ends first first."""
        Arguments(args)
        return await self.live_overrides()

    async def notes(self, args: Row) -> list[Row]:
        """{scope?}: notes that are not empty."""
        scope = Arguments(args, "scope").text("scope", "")
        return [note for note in await self._all("note") if scope in ("", note["scope"])]

    async def spend(self, args: Row) -> list[Row]:
        """{folder?, limit?}: per group and day, the newest last."""
        given = Arguments(args, "folder", "limit")
        folder = given.text("folder", "")
        rows = await self._newest("spend", 500)
        return [row for row in rows if folder in ("", row["folder"])][-given.limit() :]

    async def ask(self, name: str) -> Row | None:
        """One ask as it was reported last."""
        text = await self._database.value("SELECT body FROM facts WHERE kind = 'ask' AND key = ?", (name,))
        return json.loads(text) if text else None

    async def live_overrides(self) -> list[Row]:
        """The bodies of those in force at this moment."""
        now_ms = self._clock.now_ms()
        rows = [row for row in await self._all("override") if row["end_ms"] > now_ms]
        return sorted(rows, key=lambda row: row["end_ms"])

    async def policy(self) -> Row | None:
        """The egress policy that the box has; None when it has never been told one."""
        found = await self._all("policy")
        return found[0] if found else None

    async def witnesses(self) -> list[Row]:
        """The audit heads that the box has seen, newest last."""
        return await self._newest("witness", 500)

    async def running(self) -> dict[str, str]:
        """The runs that the box has reported as going on: id -> group."""
        rows = await self._database.read("SELECT id, folder FROM runs WHERE state = ?", (_RUNNING,))
        return {row[0]: row[1] for row in rows}

    async def _all(self, kind: str) -> list[Row]:
        rows = await self._database.read("SELECT body FROM facts WHERE kind = ? ORDER BY key", (kind,))
        return [json.loads(row[0]) for row in rows]

    async def _newest(self, kind: str, count: int) -> list[Row]:
        rows = await self._database.read(
            "SELECT body FROM facts WHERE kind = ? ORDER BY arrival DESC LIMIT ?", (kind, count)
        )
        return [json.loads(row[0]) for row in reversed(rows)]
