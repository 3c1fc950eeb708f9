"""How the language model is, told to the box: at the beginning of each session and whenever it changes."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from app.host import device_core, limits
from app.host.device_core import Clock

Body = dict[str, Any]


class ModelNews:
    """`overview()` is the state (inference/service.py), `send(kind, body)` the link's service lane."""

    def __init__(
        self, overview: Callable[[], Body], send: Callable[[str, Body], Awaitable[bool]], clock: Clock
    ) -> None:
        self._overview = overview
        self._send = send
        self._clock = clock

    async def tell(self) -> None:
        """Tell it now; without a session nobody is there to tell."""
        await self._send("host.model", bounded(self._overview()))

    async def greet(self) -> None:
        """A session began. What the box hears before it has heard our welcome is lost, so it is told once more."""
        await self.tell()
        await self._clock.sleep_ms(limits.MODEL_AGAIN_MS)
        await self.tell()


def bounded(overview: Body) -> Body:
    """A body that fits an envelope: beyond MODEL_NEWS_BYTES groups keep their state only, then none of their own."""
    groups = cast("dict[str, Body]", overview.get("groups") or {})
    whole: Body = overview | {"text": str(overview.get("text", ""))[: limits.CALL_TEXT_CHARS], "groups": groups}
    shorter = whole | {"groups": {name: {"state": one.get("state")} for name, one in groups.items()}}
    for body in (whole, shorter):
        if len(device_core.dumps(body).encode()) <= limits.MODEL_NEWS_BYTES:
            return body
    return whole | {"groups": {}}
