"""A picture of the round screen for an operator: asks for a shot and collects its tiles from the bus."""

import asyncio
import secrets
from typing import Any, Protocol

from app.errors import ProblemError
from app.host.bridge import Bridge, Message
from app.host.keys import OperatorCredentials
from app.host.screen import BadTile, ScreenError, ScreenShot, parse_tile

TILES_MAX = 720
"""Tiles held while the shot's number is not known yet: two whole pictures of one row each."""
TRIES = 2


class _Asks(Protocol):
    async def request(self, name: str, /, **args: Any) -> Any: ...


class ScreenFetchError(ProblemError):
    """No picture of the screen can be had."""


class ScreenFetch:
    """`async with ScreenFetch(credentials) as fetch: frame = await fetch.frame(client)`."""

    def __init__(self, credentials: OperatorCredentials, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._tiles: list[bytes] = []
        self._arrived = asyncio.Event()
        self._online = asyncio.Event()
        self._state = ""
        client_id = f"op-{credentials.client}-screen-{secrets.token_hex(4)}"
        self._bridge = Bridge(
            credentials.host,
            credentials.port,
            credentials.user,
            credentials.password,
            client_id,
            self._on_message,
            [(f"barnacle/{credentials.device}/screen", 0)],
            on_state=self._on_state,
            tls_ca=credentials.tls_ca,
            clean_session=True,
        )

    async def __aenter__(self) -> "ScreenFetch":
        await self._bridge.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._bridge.__aexit__(*error)

    async def frame(self, client: _Asks) -> bytes:
        """The raw frame (259,200 bytes). Tiles may get lost: one more try, then ScreenFetchError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._online.wait()
        except TimeoutError:
            raise ScreenFetchError(f"the broker cannot be reached ({self._state})", "see: barnacle status") from None
        for attempt in range(TRIES):
            try:
                return await self._one_shot(client)
            except (ScreenError, TimeoutError) as error:
                if attempt == TRIES - 1:
                    why = str(error) or f"its picture did not arrive within {self._timeout_s:g} s"
                    raise ScreenFetchError(f"no picture of the screen: {why}", "try again") from error
        raise AssertionError("unreachable")

    async def _one_shot(self, client: _Asks) -> bytes:
        self._tiles.clear()
        answer: dict[str, Any] = await client.request("screen.shot")
        shot = ScreenShot(int(answer["shot"]))
        async with asyncio.timeout(self._timeout_s):
            while True:
                self._arrived.clear()
                while self._tiles:
                    shot.add(self._tiles.pop(0))
                if shot.complete:
                    return shot.frame(answer.get("sha256"))
                await self._arrived.wait()

    async def _on_message(self, message: Message) -> None:
        try:
            parse_tile(message.payload)
        except BadTile:
            return  # not ours: anyone with the box's rights may publish there; the count of tiles will tell
        if len(self._tiles) < TILES_MAX:
            self._tiles.append(message.payload)
        self._arrived.set()

    def _on_state(self, online: bool, reason: str) -> None:
        self._state = reason
        if online:
            self._online.set()
        else:
            self._online.clear()
