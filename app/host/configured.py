"""The box's settings that config.toml names, told to the box when they change there.

The box is the source of truth: what was set on it stays, until another value is written into config.toml.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from app.host import device_core
from app.host.commands import Commands
from app.host.database import Database
from app.host.refusal import RequestRefused

log = logging.getLogger("barnacle.host")
CLIENT = "config.toml"
DEFAULTS: dict[str, Any] = {"assistant": "Barnacle", "slots": 2}
"""What a box has when nobody told it anything: a default in config.toml is no wish."""


class Configured:
    """`apply` whenever the box has come: at most one `settings.set` for what differs from what was told last.

    `wanted` {setting: value}; what the mirror shows already counts as told.
    """

    def __init__(self, wanted: Mapping[str, Any], database: Database, commands: Commands) -> None:
        self._wanted = wanted
        self._database = database
        self._commands = commands
        self._turn = asyncio.Lock()

    async def forget(self) -> None:
        """The box was reset: it needs to be told again."""
        await self._database.write(lambda connection: connection.execute("DELETE FROM configured"))

    async def apply(self) -> None:
        """Tell the box; when it refuses or is gone again, the log says so and the next time is another try."""
        async with self._turn:
            told = DEFAULTS | await self._read("configured")
            changed = {name: value for name, value in self._wanted.items() if told.get(name) != value}
            if not changed:
                return
            on_box = await self._read("settings")
            args = {name: value for name, value in changed.items() if on_box.get(name) != value}
            try:
                if args:
                    await self._commands.carry_out("settings.set", args, f"config-{secrets.token_hex(8)}", CLIENT)
            except RequestRefused as error:
                log.warning("the box did not take %s from config.toml: %s", ", ".join(args), error.message)
                return
            rows = [(name, device_core.dumps(value)) for name, value in changed.items()]
            await self._database.write(
                lambda connection: connection.executemany("INSERT OR REPLACE INTO configured VALUES (?, ?)", rows)
            )

    async def _read(self, table: str) -> dict[str, Any]:
        rows = await self._database.read(f"SELECT name, value FROM {table}")  # noqa: S608 - our own table names
        return {name: json.loads(value) for name, value in rows}
