"""Gateways: one per way of chatting. A gateway says which chat addresses are its own, hands inbound messages to the
`Inbox`, and is given the box's replies for its addresses."""

from typing import Any, Protocol


class Gateway(Protocol):
    """What the host needs of a gateway."""

    name: str
    connected: bool

    def owns(self, jid: str) -> bool:
        """Whether this gateway serves the chat address."""
        ...

    async def deliver(self, reply: dict[str, Any]) -> None:
        """Pass a `msg.out` body on to the chat. The reply is in the mirror already."""
        ...


class Inbox(Protocol):
    """Where a gateway hands in what people write."""

    async def accept(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a `msg.in` body durably. {"id", "accepted": stored by the box, "queued": held on the laptop}; raises
        RequestRefused when the box or the spool refuses it."""
        ...
