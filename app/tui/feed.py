"""Keeps a `LiveData` current from the host, for as long as the dashboard runs.

Loads everything once per connection, then applies events. Events that the host
thinned, or that were dropped here, mean a full reload. Nothing reachable is a state to show, never an exception.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from app.errors import ProblemError
from app.host.local_appliance import NotRunningError
from app.tui.live import LiveData, Part

LOADED: dict[Part, dict[str, Any]] = {
    "status": {},
    "groups": {},
    "tasks": {},
    "audit": {"limit": 200},
    "runs": {"limit": 200},
    "asks": {},
    "spend": {"limit": 500},
}
RETRY_S = 2.0
LOOK_S = 0.25
GIVE_UP_S = 20.0  # longer than any request waits: those under way are carried over by the client
NO_ANSWER = ProblemError("the host does not answer; trying again")


class Client(Protocol):
    """What the feed needs of `app.host.operator_client.OperatorClient`."""

    @property
    def connected(self) -> bool:
        """Whether the host answers at present."""
        ...

    async def request(self, name: str, /, **args: Any) -> Any:
        """Ask the host; raises a ProblemError with the reason."""
        ...

    def events(self) -> AsyncIterator[Any]:
        """Events as they come: objects with `kind`, `body`."""
        ...

    async def __aenter__(self) -> "Client": ...

    async def __aexit__(self, *error: object) -> None: ...


class Feed:
    """`run` for ever; `changed` is called (from the same loop) whenever there may be something new to draw."""

    def __init__(
        self,
        connect: Callable[[], Client],
        live: LiveData,
        changed: Callable[[], None],
        problem: Callable[[], ProblemError | None] = lambda: None,
    ) -> None:
        """`connect` raises ProblemError for what speaks against trying; `problem` is asked for the reason while the
        host does not answer."""
        self._connect = connect
        self._live = live
        self._changed = changed
        self._problem = problem
        self._again = asyncio.Event()
        self._client: Client | None = None
        self._chats: dict[str, None] = {}

    async def run(self) -> None:
        """Connect, load, follow; again after every failure."""
        while True:
            try:
                async with self._connect() as client:
                    self._client = client
                    await self._follow(client)
            except ProblemError as error:
                self._note(False, error)
            finally:
                self._client = None
            self._again.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await self._again.wait()

    def hurry(self) -> None:
        """Something was started: try to connect at once, not at the next turn."""
        self._again.set()

    async def request(self, name: str, /, **args: Any) -> Any:
        """Pass a request on; raises the client's own errors, or NotConnected."""
        if self._client is None:
            raise NotConnected(self._live.problem or "not connected to the host")
        return await self._client.request(name, **args)

    async def reload(self) -> None:
        """Ask for everything anew; raises ProblemError."""
        if self._client is None:
            raise NotConnected(self._live.problem or "not connected to the host")
        await self._load(self._client)

    async def open_chat(self, folder: str) -> None:
        """Load a group's history and keep it current from now on."""
        self._chats[folder] = None
        await self._load_chat(folder)

    async def _follow(self, client: Client) -> None:
        """Returns when it is time to connect anew, with fresh credentials."""
        await self._load(client)
        async for event in client.events():
            if event.kind == "client.connection":
                if not event.body["connected"]:
                    self._note(False, self._problem() or NO_ANSWER)
                    if not await self._comes_back(client):
                        return
                if not self._live.connected:
                    await self._load(client)
            elif event.kind == "client.thinned":
                await self._load(client)
            else:
                self._live.apply(event.kind, event.body)
                self._note(True)

    async def _comes_back(self, client: Client) -> bool:
        """Wait until the client has its connection again; False when it had better be given up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GIVE_UP_S
        while not client.connected:
            problem = self._problem()
            if (problem or NO_ANSWER).message != self._live.problem:
                self._note(False, problem or NO_ANSWER)
            if isinstance(problem, NotRunningError) or loop.time() > deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def _load(self, client: Client) -> None:
        for part, args in LOADED.items():
            try:
                self._live.load(part, await client.request(part, **args))
            except ProblemError as error:
                if getattr(error, "code", "") != "unknown_request":
                    raise
                self._live.load(part, [])  # a host that is older than this dashboard
        for folder in self._chats:
            await self._load_chat(folder)
        self._note(True)

    async def _load_chat(self, folder: str) -> None:
        self._live.load_chat(folder, await self.request("messages", folder=folder, limit=100))
        self._changed()

    def _note(self, connected: bool, problem: ProblemError | None = None) -> None:
        self._live.set_connection(connected, problem.message if problem else "", problem.remedy if problem else "")
        self._changed()


class NotConnected(ProblemError):  # noqa: N818 - a state, told to the user
    """A request was made while nothing is connected."""
