"""The dashboard in a browser: for whoever holds the address only, and never outliving its server."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from app.cli.main import main
from app.errors import ProblemError
from app.tui import limits
from app.tui.serve import DashboardServer, serve
from bench.appliance import until

SIZE = "width=80&height=24"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    """A running server of the real dashboard, in a home where nothing runs."""

    def __init__(self, home: Path) -> None:
        argv = [sys.executable, "-m", "app.cli.main", "--home", str(home), "tui"]
        self.home = home
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.addresses: list[str] = []
        port = int(self.origin.rpartition(":")[2])
        self.server = DashboardServer(argv, "127.0.0.1", port, self.addresses.append)

    def processes(self) -> int:
        """Dashboards of this home that run."""
        found = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                argv = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found += str(self.home).encode() in argv and b"tui" in argv
        return found


@asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    one = Served(tmp_path / "home")
    stop = asyncio.Event()
    running = asyncio.create_task(one.server.run(stop), name="server")
    try:
        await until(lambda: bool(one.addresses) or running.done(), "an address")
        yield one
    finally:
        stop.set()
        await running
    await until(lambda: not one.processes(), "every dashboard has ended")


@asynccontextmanager
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:  # a jar for addresses
        yield session


async def status(session: aiohttp.ClientSession, url: str, **more: object) -> int:
    async with session.get(url, **more) as response:  # type: ignore[arg-type]
        return response.status


async def test_the_address_opens_the_dashboard_and_keys_reach_it(tmp_path: Path) -> None:
    (tmp_path / "home" / "dashboard").mkdir(parents=True)
    (tmp_path / "home" / "dashboard" / "dashboard.json").write_text('{"welcomed": true}')
    async with served(tmp_path) as one, browser() as session:
        async with session.get(one.addresses[0]) as page:
            text = await page.text()
            assert page.status == 200 and "token" not in str(page.url)
            assert f"ws://{one.origin.removeprefix('http://')}/ws" in text
            assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
            assert page.headers["Referrer-Policy"] == "no-referrer"
        assert await status(session, one.origin + "/static/js/textual.js") == 200
        url = f"{one.origin}/ws?{SIZE}"
        async with session.ws_connect(url, headers={"Origin": one.origin}) as socket_:
            seen = b""
            async with asyncio.timeout(30):
                while b"nothing runs here" not in seen:
                    seen += (await socket_.receive()).data
                await socket_.send_str(json.dumps(["stdin", "?"]))
                while b"Everywhere" not in seen:
                    seen += (await socket_.receive()).data
            assert one.processes() == 1


async def test_a_stranger_on_this_machine_gets_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as one, browser() as stranger:
        for path in ("/", "/?token=", "/?token=guess", "/static/js/textual.js", "/download/x", "/nothing"):
            assert await status(stranger, one.origin + path) == 403, path
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stranger.ws_connect(f"{one.origin}/ws?{SIZE}", headers={"Origin": one.origin})
        assert refused.value.status == 403
        assert one.processes() == 0
        assert await status(stranger, one.addresses[0]) == 200  # the allowed twin


async def test_an_address_opens_once_and_the_next_browser_gets_the_next(tmp_path: Path) -> None:
    async with served(tmp_path) as one, browser() as first, browser() as second:
        assert await status(first, one.addresses[0]) == 200
        assert await status(second, one.addresses[0]) == 403
        assert len(one.addresses) == 2
        assert await status(second, one.addresses[1]) == 200
        assert await status(first, one.origin + "/") == 200


async def test_cross_site_websocket_hijacking_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as one, browser() as session:
        assert await status(session, one.addresses[0]) == 200
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", one.origin.replace("http", "https")):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{one.origin}/ws?{SIZE}", headers={"Origin": origin})
            assert refused.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{one.origin}/ws?{SIZE}")
        assert one.processes() == 0


async def test_dns_rebinding_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as one, browser() as session:
        port = one.origin.rpartition(":")[2]
        for name in (f"evil.example:{port}", "127.0.0.1.evil.example", ""):
            assert await status(session, one.addresses[0], headers={"Host": name}) == 403
        assert await status(session, one.addresses[0], headers={"Host": f"localhost:{port}"}) == 200


async def test_the_number_of_dashboards_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SERVED", 1)
    async with served(tmp_path) as one, browser() as session:
        assert await status(session, one.addresses[0]) == 200
        url, headers = f"{one.origin}/ws?{SIZE}", {"Origin": one.origin}
        async with session.ws_connect(url, headers=headers) as socket_:
            await asyncio.wait_for(socket_.receive(), 30)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url, headers=headers)
            assert refused.value.status == 503


async def test_more_browsers_than_are_kept_lose_their_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SERVED_BROWSERS", 1)
    async with served(tmp_path) as one, browser() as first, browser() as second:
        assert await status(first, one.addresses[0]) == 200
        assert await status(second, one.addresses[1]) == 200
        assert await status(first, one.origin + "/") == 403


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ProblemError, match="cannot listen"):
            serve(["true"], "127.0.0.1", taken.getsockname()[1], lambda _: None)


def test_beyond_this_machine_only_with_yes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path), "tui", "--serve", "--host", "0.0.0.0"]) == 1
    assert "unencrypted" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["--home", str(tmp_path), "tui", "--serve", "--host", "0.0.0.0", "--port", port, "--yes"]) == 1
    said = capsys.readouterr()
    assert "WARNING" in said.out and "cannot listen" in said.err
