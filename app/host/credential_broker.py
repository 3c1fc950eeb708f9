"""What the host wants of the credential broker; broker/client.py is the real one, tests have another."""

from collections.abc import Callable
from typing import Any, Protocol

import httpx

from app.host.refusal import RequestRefused

DOWN_REMEDY = "see: barnacle status; start everything with: barnacle up"


class CredentialBroker(Protocol):
    """Each method may raise errors with `message` and `remedy`, and with `code` when the broker itself said no."""

    async def state(self) -> dict[str, Any]: ...
    async def next_state(self, seen: str) -> dict[str, Any]: ...
    async def open_lease(self, scope: Any) -> str: ...
    async def revoke(self, *, run: str | None = None, lease: str | None = None) -> int: ...
    async def append_audit(self, events: list[dict[str, Any]]) -> dict[str, Any]: ...
    async def set_overrides(self, overrides: list[dict[str, Any]]) -> None: ...
    async def test_policy(self, url: str, method: str = "GET", group: str | None = None) -> dict[str, Any]: ...
    async def change_policy(self, change: str, body: dict[str, Any]) -> dict[str, Any]: ...
    def transport(self, lease: str) -> httpx.AsyncBaseTransport: ...


MakeScope = Callable[..., Any]
"""broker.client.LeaseScope, by keywords: run, group, purpose, credential, scheme, host, port, methods, path, calls,
bytes, ttl_s, approval, fetch_url."""


def plain(error: Exception) -> RequestRefused:
    """What the box hears of an error of the broker's client; one that is not such an error is raised as it is."""
    message, remedy = getattr(error, "message", None), getattr(error, "remedy", None)
    if not isinstance(message, str):
        raise error
    code = getattr(error, "code", None)
    if isinstance(code, str) and code:
        return RequestRefused(code, message, str(remedy or ""))
    return RequestRefused("broker_down", message, str(remedy or DOWN_REMEDY))
