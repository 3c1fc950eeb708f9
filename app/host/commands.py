"""Requests that change something: passed to the box, which decides, and answered when it has."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from app.host import limits
from app.host.device_core import Clock
from app.host.link_store import LinkStore, RecordTooLarge, SpoolFull
from app.host.outcomes import Outcomes, command_key
from app.host.refusal import RequestRefused

NAMES: Final = frozenset(
    f"{noun}.{verb}"
    for noun, verbs in {
        "group": ("add", "set", "remove", "pause", "resume"),
        "task": ("add", "edit", "pause", "resume", "run", "remove"),
        "settings": ("set",),
        "import": ("group", "task", "messages", "session"),
        "screen": ("shot", "tap", "swipe"),
        "box": ("reboot",),
        "ask": ("answer",),
        "override": ("add", "remove"),
        "notes": ("get", "set"),
        "run": ("cancel",),
        "queue": ("retry", "drop"),
        "audit": ("witness",),
    }.items()
    for verb in verbs
)


class Commands:
    """`carry_out` one command. `refuse_offline` raises RequestRefused("box_offline") when the box cannot answer now."""

    def __init__(
        self,
        store: LinkStore,
        outcomes: Outcomes,
        clock: Clock,
        kick: Callable[[], None],
        refuse_offline: Callable[[], None],
    ) -> None:
        self._store = store
        self._outcomes = outcomes
        self._clock = clock
        self._kick = kick
        self._refuse_offline = refuse_offline

    async def carry_out(self, name: str, args: dict[str, Any], request_id: str, client: str) -> Any:
        """The box's result; raises RequestRefused with the box's own code, box_offline, timeout, full or too_large."""
        self._refuse_offline()
        now_ms = self._clock.now_ms()
        body: dict[str, Any] = {"id": request_id, "client": client, "name": name, "args": args}
        body["expires_ms"] = now_ms + limits.COMMAND_TIMEOUT_MS
        key = command_key(request_id)
        with self._outcomes.expect(key) as outcome:
            try:
                await self._store.put(key, "cmd", body, now_ms)
            except (SpoolFull, RecordTooLarge) as error:
                code = "full" if isinstance(error, SpoolFull) else "too_large"
                raise RequestRefused(code, f"{name} was not passed on: {error}", "") from error
            self._kick()
            try:
                async with asyncio.timeout(limits.COMMAND_TIMEOUT_MS / 1000):
                    said = await outcome
            except TimeoutError:
                raise RequestRefused(
                    "timeout",
                    f"the box has not answered {name} in {limits.COMMAND_TIMEOUT_MS // 1000} s: the outcome is unknown",
                    "look whether it was done before trying again: barnacle status",
                ) from None
        if said.get("ok"):
            return said.get("result")
        refused: dict[str, str] = said.get("error") or {}
        raise RequestRefused(
            refused.get("code", "bad_value"), refused.get("message", "refused"), refused.get("remedy", "")
        )
