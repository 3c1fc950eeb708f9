"""What the way through the credential broker costs, against the same TLS server without it, interleaved in one run.

direct, through       one small POST and its answer, kept-alive connections, milliseconds
overhead              p50 and p99 of through minus those of direct (bar: p50 < 3 ms)
sync_alone            a write of a record's size and its sync, nothing else: what of the overhead is this disk's
token_delay           a server-sent event leaves the server → the client has it, through minus the median of direct
                      (bar: p99 < 5 ms)

Everything is real: three processes, the unix socket, TLS, resolver, lease, and one synced audit record per call.
Only the keyring is not.
"""

import asyncio
import json
import os
import ssl
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from bench.figures import percentiles, show

CALLS = 400
WARM_UP = 30
STREAMS = 4
TOKENS = 100
TOKEN_GAP_S = 0.01
MODULE = "bench.proxy"


async def upstream(folder: Path) -> None:
    """A TLS server: /stream sends timed events, everything else a small answer."""
    from tests.broker.hostile import Authority, Server, reply

    async def answer(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/stream" not in head.split(b"\r\n")[0]:
            writer.write(reply(b'{"content": [{"type": "text", "text": "a small answer"}]}'))
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(TOKENS):
            await asyncio.sleep(TOKEN_GAP_S)
            event = b'data: {"at": %d, "delta": {"type": "text_delta", "text": "word "}}\n\n' % time.monotonic_ns()
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async with Server(answer, Authority(folder).server_context("localhost")) as server:
        await _ready(server.port)


async def broker(folder: Path) -> None:
    """The broker's own parts, put together as its process does, with a credential that needs no keyring."""
    from broker.api import Api
    from broker.audit.log import AuditLog
    from broker.dial import Dialer
    from broker.egress_core import make_rules
    from broker.forward import Forwarder
    from broker.http_server import serve_unix
    from broker.model_endpoints import ModelEndpoint, ModelEndpoints
    from broker.request_headers import Credential
    from broker.resolve import Resolver
    from broker.secret import Secret
    from broker.service import Service

    port = int(os.environ["UPSTREAM_PORT"])

    class NoKeyring:
        async def credential(self, name: str) -> Credential:
            return Credential(Secret("sk-made-up-" + "0123456789" * 8), "https", "localhost", port, "x-api-key")

        def used(self, name: str) -> None:
            """Nothing is kept."""

    audit = await AuditLog.open(folder / "audit", bytes(32))
    forwarder = Forwarder(Resolver(), Dialer(folder / "ca.pem"))
    vault: Any = NoKeyring()
    endpoints = ModelEndpoints([ModelEndpoint("https", "localhost", port, "/")])
    service = Service(vault, audit, forwarder, lambda: make_rules("v1", []), endpoints=endpoints)
    others: Any = SimpleNamespace(test=None, add=None, remove=None, unlock=None, open=None)
    server = await serve_unix(folder / "s", Api(service, others, others, others).handle)
    await _ready(0)
    await server.close()


async def measure(folder: Path, port: int) -> dict[str, Any]:
    """All figures, with both processes up."""
    from broker.client import BrokerClient
    from broker.lease_scope import LeaseScope

    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    scope = LeaseScope(
        "bench", "main", "model", "https", "localhost", port, ("POST",), credential="made-up", calls=1000, ttl_s=300
    )
    async with BrokerClient(folder / "s") as client:
        lease = await client.open_lease(scope)
        url = f"https://localhost:{port}"
        async with (
            httpx.AsyncClient(verify=context, trust_env=False, base_url=url, timeout=30) as direct,
            httpx.AsyncClient(transport=client.transport(lease), trust_env=False, base_url=url, timeout=30) as through,
        ):
            times = {direct: [], through: []}
            syncs: list[float] = []
            for n in range(WARM_UP + CALLS):
                for way, taken in times.items():
                    ms = await _call_ms(way)
                    if n >= WARM_UP:
                        taken.append(ms)
                syncs.append(_sync_ms(folder))
            delays: dict[httpx.AsyncClient, list[float]] = {direct: [], through: []}
            for _ in range(STREAMS):
                for way in (direct, through):
                    delays[way] += await _token_delays_ms(way)
    plain, carried = percentiles(times[direct]), percentiles(times[through])
    base = percentiles(delays[direct])
    added = [ms - base["p50"] for ms in delays[through]]
    return {
        "direct": plain,
        "through": carried,
        "overhead": {name: round(carried[name] - plain[name], 2) for name in ("p50", "p99")},
        "bar_overhead_p50_ms": 3,
        "sync_alone": percentiles(syncs),
        "token_direct": base,
        "token_delay": percentiles(added),
        "bar_token_delay_p99_ms": 5,
    }


async def _call_ms(client: httpx.AsyncClient) -> float:
    started = time.perf_counter()
    answer = await client.post("/v1/messages", json={"text": "x" * 1000})
    if answer.status_code != 200:
        raise RuntimeError(f"answered {answer.status_code}")
    return (time.perf_counter() - started) * 1000


def _sync_ms(folder: Path) -> float:
    with (folder / "sync").open("ab", buffering=0) as file:
        started = time.perf_counter()
        file.write(b"x" * 400)
        os.fdatasync(file.fileno())
        return (time.perf_counter() - started) * 1000


async def _token_delays_ms(client: httpx.AsyncClient) -> list[float]:
    delays: list[float] = []
    async with client.stream("POST", "/stream", headers={"accept": "text/event-stream"}) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                delays.append((time.monotonic_ns() - json.loads(line[6:])["at"]) / 1e6)
    return delays


async def _ready(port: int) -> None:
    """Tell the parent, and stay until it closes the pipe."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)


async def _start(part: str, folder: Path, **env: str) -> tuple[asyncio.subprocess.Process, int]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, part, str(folder), stdin=pipe, stdout=pipe, env={**os.environ, **env}
    )
    if process.stdout is None:
        raise RuntimeError("no pipe")
    return process, int(await process.stdout.readline() or -1)


async def main() -> dict[str, Any]:
    """Start both processes, measure, end them."""
    with tempfile.TemporaryDirectory(prefix="barnacle-bench-") as name:
        folder = Path(name)
        far, port = await _start("upstream", folder)
        near, _ = await _start("broker", folder, UPSTREAM_PORT=str(port))
        try:
            return await measure(folder, port)
        finally:
            for process in (near, far):
                if process.stdin is not None:
                    process.stdin.close()
                await process.wait()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        part = {"upstream": upstream, "broker": broker}[sys.argv[1]]
        asyncio.run(part(Path(sys.argv[2])))
    else:
        show("proxy", asyncio.run(main()))
