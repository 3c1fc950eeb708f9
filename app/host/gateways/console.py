"""The console chat: what `barnacle send` and the dashboard write, as the owner, to a group's own address."""

from typing import Any

from app.host import device_core
from app.host.arguments import Arguments
from app.host.device_core import Clock
from app.host.gateways import Inbox
from app.host.refusal import RequestRefused

PREFIX = "console:"
_TEXT_CHARS = 1_000_000  # what arrives in one envelope is far less; the real bound is MESSAGE_BYTES


class ConsoleGateway:
    """Addresses are "console:<folder>". Replies need no delivery: operators read the mirror and the events."""

    name = "console"
    connected = True

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock

    def owns(self, jid: str) -> bool:
        """Whether `jid` is a console address."""
        return jid.startswith(PREFIX)

    async def deliver(self, reply: dict[str, Any]) -> None:
        """Nothing to do: whoever looks at the console follows the events."""

    async def send(self, args: dict[str, Any], request_id: str, client: str) -> dict[str, Any]:
        """The request `send` {folder, text, id?, sender_name?}; raises RequestRefused.

        Without an `id` the request's own is the message's, so that a repeated request stays one message.
        """
        given = Arguments(args, "folder", "text", "id", "sender_name")
        text = given.text("text", most=_TEXT_CHARS)
        size = len(text.encode())
        if size > device_core.MESSAGE_BYTES:
            raise RequestRefused(
                "too_large",
                f"the message has {size} bytes, at most {device_core.MESSAGE_BYTES} are taken",
                "send it in parts",
            )
        message_id = given.text("id", request_id)
        jid = PREFIX + given.text("folder")
        for name, value in (("id", message_id), ("folder", jid)):
            if not value or len(value.encode()) > device_core.ID_BYTES:
                raise RequestRefused("bad_value", f"{name} must have 1 to {device_core.ID_BYTES} bytes")
        message = {
            "jid": jid,
            "id": message_id,
            "sender": f"owner:{client}",
            "sender_name": given.text("sender_name", "owner"),
            "text": text,
            "ts_ms": self._clock.now_ms(),
            "from_me": False,
        }
        return await self._inbox.accept(message)
