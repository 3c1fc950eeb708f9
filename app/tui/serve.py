"""`barnacle tui --serve`: the dashboard in a browser, through textual-serve, for whoever holds the address.

textual-serve itself lets everybody in who reaches the port, and gives each of them a process with the operator's
rights. So nothing is answered here before the browser has shown the token of the printed address. It is good for one
opening, which sets a cookie; the next browser gets the next address, printed then.
"""

import asyncio
import contextlib
import hmac
import secrets
import shlex
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakSet

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server

from app.errors import ProblemError
from app.tui import limits

DEFAULT_PORT = 21884
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHUTDOWN_S = 3.0
_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DashboardServer(Server):
    """Serves what `argv` runs. `say` gets each address that opens it; a fresh one replaces one that was used."""

    def __init__(self, argv: Sequence[str], host: str, port: int, say: Callable[[str], None]) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  a parameter of the library's is not fully typed
            shlex.join(argv), host=host, port=port, title="Barnacle"
        )
        self._say = say
        self._token = ""
        self._cookie_name = f"barnacle-{port}"  # cookies know no ports
        self._sessions: set[str] = set()
        self._open: WeakSet[asyncio.Task[Any]] = WeakSet()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; every dashboard it has opened ends with it. Raises ProblemError."""
        application = await self._make_app()
        application.middlewares.append(self._guard)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self.host, self.port).start()
            except OSError as error:
                remedy = "choose another with --port, or 127.0.0.1 with --host"
                raise ProblemError(
                    f"cannot listen at {self.host}:{self.port}: {error.strerror or error}", remedy
                ) from None
            self._renew()
            await stop.wait()
        finally:
            for session in list(self._open):
                session.cancel()
            if self._open:
                await asyncio.wait(list(self._open), timeout=SHUTDOWN_S)
            await runner.cleanup()

    async def on_startup(self, app: web.Application) -> None:
        """Without the library's banner: the address is ours to print."""

    async def handle_index(self, request: web.Request) -> Any:
        """The page, with addresses as this browser sees them."""
        context = {
            "font_size": 16,
            "app_websocket_url": f"ws://{request.host}/ws",
            "config": {"static": {"url": "/static/"}},
            "application": {"name": self.title},
        }
        response = aiohttp_jinja2.render_template("app_index.html", request, context)
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data:; connect-src 'self' ws://{request.host}; frame-ancestors 'none'"
        )
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One dashboard for one page: a process of its own."""
        if len(self._open) >= limits.SERVED:
            raise web.HTTPServiceUnavailable(text=f"{limits.SERVED} dashboards are open already")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a handler runs in a task")
        self._open.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._open.discard(task)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._host_is_ours(request):
            raise web.HTTPForbidden(text="This address is not served here.")
        shown = request.query.get("token", "")
        if request.path == "/" and shown:
            raise self._admission(shown)
        if request.cookies.get(self._cookie_name, "") not in self._sessions:
            raise web.HTTPForbidden(text="Open the address that the terminal shows; it opens once.")
        if request.path == "/ws" and request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="Another page may not open the dashboard.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_PAGE_HEADERS)
        return response

    def _admission(self, shown: str) -> web.HTTPException:
        """What a browser with this token gets."""
        if not hmac.compare_digest(shown.encode(), self._token.encode()):
            return web.HTTPForbidden(text="This address was used already, or is another one's. The terminal shows one.")
        session = secrets.token_urlsafe(32)
        if len(self._sessions) >= limits.SERVED_BROWSERS:
            self._sessions.clear()  # all but the newest have to be let in again
        self._sessions.add(session)
        self._renew()
        response = web.HTTPSeeOther("/", headers=_PAGE_HEADERS)
        response.set_cookie(self._cookie_name, session, httponly=True, samesite="Strict", path="/")
        return response

    def _renew(self) -> None:
        self._token = secrets.token_urlsafe(24)
        host = f"[{self.host}]" if ":" in self.host else self.host
        self._say(f"http://{host}:{self.port}/?token={self._token}")

    def _host_is_ours(self, request: web.Request) -> bool:
        """No foreign name may lead here: a page of that name would be this one's neighbour."""
        if self.host not in LOOPBACK:
            return True  # by which name others reach this machine is not known here
        name = request.host.rpartition(":")[0].strip("[]") or request.host
        return name in LOOPBACK


def serve(argv: Sequence[str], host: str, port: int, say: Callable[[str], None]) -> int:
    """Serve what `argv` runs until Ctrl-C or SIGTERM; the exit code. Raises ProblemError."""

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        await DashboardServer(argv, host, port, say).run(stop)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(until_stopped())
    return 0


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host in LOOPBACK
