"""Forward proxies for what runs on a group's behalf: a unix socket per run, open as long as its lease.

The socket is the run's identity: whoever can connect to it asks for that run and its group. No credential goes through
it, and every target is judged by the rules (broker/proxy.py). Sandboxes are given the one socket and no network.
"""

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from broker import limits
from broker.audit.errors import AuditUnavailable
from broker.dial import Dialer
from broker.egress_core import METHODS, Decision, Target
from broker.errors import BrokerError, Denied, Unavailable
from broker.forward import Forwarder, Grant
from broker.http_server import Server, serve_unix
from broker.lease_scope import LeaseScope, read_proxy_scope
from broker.leases import Lease, Leases
from broker.proxy import Proxy


class Judge(Protocol):
    """What decides about a request of a lease."""

    def __call__(self, target: Target, method: str, scope: LeaseScope) -> Decision: ...


@dataclass(frozen=True)
class _Open:
    lease: Lease
    proxy: Proxy
    server: Server


class RunProxies:
    """All that are open, their sockets in `folder`. `close` ends them."""

    def __init__(self, folder: Path, leases: Leases, judge: Judge, forwarder: Forwarder, dialer: Dialer) -> None:
        self._folder = folder
        self._leases = leases
        self._judge = judge
        self._forwarder = forwarder
        self._dialer = dialer
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def open(self, body: dict[str, Any]) -> dict[str, str]:
        """{"run", "group", "calls"?, "bytes"?, "ttl_s"?} -> {"path", "lease"}. Raises BrokerError."""
        scope = read_proxy_scope(body)
        if len(self._tasks) >= limits.PROXIES:
            raise Denied("limited", f"there are {limits.PROXIES} proxies already", "let runs end first")
        lease = await self._leases.issue(scope, None)
        path = self._folder / f"{lease.mark}.sock"
        proxy = Proxy(self._forwarder, self._dialer, _Gate(lease, self._leases, self._judge))
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            server = await serve_unix(path, proxy.handle, most=limits.PROXY_CONNECTIONS)
        except OSError as error:
            await self._leases.revoke(lease=lease.id, reason="its proxy could not be opened")
            raise Unavailable("unreachable", f"no socket can be made: {error.strerror or error}", "") from None
        task = asyncio.create_task(self._until_over(_Open(lease, proxy, server)), name="run proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.sleep(0)  # a task that is cancelled before it has begun would close nothing
        lease.tasks.add(task)  # the end of the lease cancels it
        if lease.ended is not None:
            task.cancel()
        return {"path": str(path), "lease": lease.id}

    async def close(self) -> None:
        """End every proxy and its connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_over(self, one: _Open) -> None:
        try:
            while (left_s := self._leases.left_s(one.lease)) > 0:  # noqa: ASYNC110 - the wall clock may be set any time
                await asyncio.sleep(min(left_s, limits.PROXY_LOOK_MS / 1000))
        finally:
            await one.proxy.close()
            await one.server.close()


class _Gate:
    """The rules and the lease of one run, for broker/proxy.py."""

    def __init__(self, lease: Lease, leases: Leases, judge: Judge) -> None:
        self._lease = lease
        self._leases = leases
        self._judge = judge
        self._calls = itertools.count(1)

    def decide(self, target: Target, method: str) -> Decision:
        return self._judge(target, method, self._lease.scope)

    async def consume(self, target: Target, method: str) -> Grant:
        methods = METHODS if method == "CONNECT" else (method,)
        decisions = [self.decide(target, one) for one in methods]  # anew: the look-up took its time
        denial = next((one for one in decisions if not one.allowed), None)
        if denial is not None:
            raise Denied("denied", denial.reason, "see: barnacle policy test URL")
        rule, version = decisions[0].rule, decisions[0].version
        return await self._leases.consume(self._lease.id, next(self._calls), target, method, rule, version)

    async def refused(self, target: str, method: str, error: BrokerError) -> None:
        with suppress(AuditUnavailable):  # nothing was sent; the state says that nothing can be recorded
            await self._leases.refused(self._lease, error.code, f"{method} {target[:200]}: {error.message}")
