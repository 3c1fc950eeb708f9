"""Messages on their way to the box: durable on the laptop first, then answered as soon as the box has spoken."""

import asyncio
from collections.abc import Callable
from typing import Any

from app.host import limits
from app.host.device_core import Clock
from app.host.link_store import LinkStore, RecordTooLarge, SpoolFull
from app.host.mirror_reads import MirrorReads
from app.host.outcomes import Outcomes, message_key
from app.host.refusal import RequestRefused

_REMEDIES = {"unknown_group": "see: barnacle groups", "full": "wait for an answer, then send again"}


class SpoolInbox:
    """See gateways.Inbox. `kick` tells the link that there is something to send; `online` whether the box listens."""

    def __init__(
        self,
        store: LinkStore,
        reads: MirrorReads,
        outcomes: Outcomes,
        clock: Clock,
        kick: Callable[[], None],
        online: Callable[[], bool],
    ) -> None:
        self._store = store
        self._reads = reads
        self._outcomes = outcomes
        self._clock = clock
        self._kick = kick
        self._online = online

    async def accept(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message the box has reported before is answered at once: the box says nothing about a repeated one."""
        key = message_key(message["jid"], message["id"])
        with self._outcomes.expect(key) as outcome:
            if await self._reads.has_message(message["jid"], message["id"]):
                return _result(message, accepted=True)
            try:
                await self._store.put(key, "msg.in", message, self._clock.now_ms())
            except SpoolFull as error:
                raise RequestRefused(
                    "full", f"the message was not taken: {error}", "connect the box, then send again"
                ) from error
            except RecordTooLarge as error:
                problem = f"the message has {error.size} bytes as it would be sent, at most {error.bound} fit"
                raise RequestRefused("too_large", problem, "send it in parts") from error
            self._kick()
            if not self._online():
                return _result(message, accepted=False)
            try:
                async with asyncio.timeout(limits.SEND_TIMEOUT_MS / 1000):
                    said = await outcome
            except TimeoutError:
                return _result(message, accepted=False)
        if "code" in said:
            raise RequestRefused(said["code"], said["reason"], _REMEDIES.get(said["code"], ""))
        return _result(message, accepted=True)


def _result(message: dict[str, Any], accepted: bool) -> dict[str, Any]:
    return {"id": message["id"], "accepted": accepted, "queued": not accepted}
