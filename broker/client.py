"""The host's side of the credential broker: one unix socket, JSON for what it asks, a transport for what goes out.

BrokerRefused       the broker said no: `code` (see the broker's errors), `message`, `remedy`
BrokerUnreachable   it does not answer
"""

import itertools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import httpx

from broker.http_message import ERROR_HEADER
from broker.lease_scope import LeaseScope, proxy_scope
from broker.limits import ADMIN_CONNECTIONS, CONNECTIONS, STATE_WAIT_MS
from broker.secret import Secret

__all__ = ["BrokerClient", "BrokerRefused", "BrokerUnreachable", "LeaseScope", "proxy_scope"]

_REMEDY = "see: barnacle status; start everything with: barnacle up"
_TIMEOUT_S = 10.0


class BrokerRefused(Exception):  # noqa: N818 - reads as what happened
    """The broker refused, or could not: a stable code, why, and what to do."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class BrokerUnreachable(Exception):  # noqa: N818 - reads as what happened
    """Nothing listens at the socket, or it does not answer in time."""

    def __init__(self, message: str, remedy: str = _REMEDY) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class BrokerClient:
    """`async with BrokerClient(path) as broker`. Connections are made when they are needed and used again."""

    def __init__(self, socket_path: Path) -> None:
        most = httpx.Limits(max_connections=CONNECTIONS - 2 * ADMIN_CONNECTIONS, max_keepalive_connections=8)
        few = httpx.Limits(max_connections=ADMIN_CONNECTIONS)  # of their own: many slow answers hold no revocation up
        self._wire = httpx.AsyncHTTPTransport(uds=str(socket_path), trust_env=False, limits=most)
        self._admin_wire = httpx.AsyncHTTPTransport(uds=str(socket_path), trust_env=False, limits=few)
        self._admin = httpx.AsyncClient(
            transport=self._admin_wire, base_url="http://credentials", timeout=_TIMEOUT_S, trust_env=False
        )

    async def __aenter__(self) -> "BrokerClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._admin.aclose()
        await self._wire.aclose()

    async def state(self) -> dict[str, Any]:
        """How keyring, audit log and policy are, which credentials there are."""
        return await self._ask("GET", "/v1/state")

    async def next_state(self, seen: str) -> dict[str, Any]:
        """The same, as soon as its "mark" is another than `seen`, or after STATE_WAIT_MS."""
        return await self._ask("POST", "/v1/state/next", {"seen": seen}, _TIMEOUT_S + STATE_WAIT_MS / 1000)

    async def policy(self) -> dict[str, Any]:
        """{"version", "rules", "problem"}: what the box is told."""
        return await self._ask("GET", "/v1/policy")

    async def open_lease(self, scope: LeaseScope) -> str:
        """The id of a new lease."""
        answer = await self._ask("POST", "/v1/leases", scope.as_dict())
        return str(answer["lease"])

    async def revoke(self, *, run: str | None = None, lease: str | None = None) -> int:
        """End the leases of a run, or one; with neither, all. How many there were."""
        body = {"run": run} if run is not None else {"lease": lease} if lease is not None else {"all": True}
        answer = await self._ask("POST", "/v1/leases/revoke", body)
        return int(answer["revoked"])

    async def credential_changed(self, name: str, action: str = "set", place: str = "") -> int:
        """Tell that a credential was stored anew or removed ("set", "remove"), and where it belongs; how many leases
        that ended."""
        body = {"name": name, "action": action, "place": place}
        answer = await self._ask("POST", "/v1/credentials/changed", body)
        return int(answer["revoked"])

    async def unlock(self, passphrase: Secret) -> str:
        """Open the encrypted file: "unlocked" (the broker starts again now) or "open" (it was)."""
        return str((await self._ask("POST", "/v1/unlock", {"passphrase": passphrase.reveal()}))["state"])

    async def append_audit(self, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Record events; {"n", "hash"} of the last once all are on the disk."""
        return await self._ask("POST", "/v1/audit", {"events": list(events)})

    async def set_overrides(self, overrides: Sequence[dict[str, Any]]) -> None:
        """The exceptions that are in force now, all of them."""
        await self._ask("POST", "/v1/overrides", {"overrides": list(overrides)})

    async def test_policy(self, url: str, method: str = "GET", group: str | None = None) -> dict[str, Any]:
        """What would happen to a request now (see PolicyDesk.test)."""
        return await self._ask("POST", "/v1/policy/test", {"url": url, "method": method, "group": group})

    async def change_policy(self, change: str, body: dict[str, Any]) -> dict[str, Any]:
        """`change` is "add" {rule, before?, version?, actor} or "remove" {name, version?, actor}: see PolicyDesk."""
        return await self._ask("POST", f"/v1/policy/{change}", body)

    async def open_proxy(self, scope: LeaseScope) -> str:
        """The path of a forward proxy's socket for one run (see lease_scope.proxy_scope); it is gone once the run's
        leases are revoked."""
        wanted = {name: getattr(scope, name) for name in ("run", "group", "calls", "bytes", "ttl_s")}
        return str((await self._ask("POST", "/v1/proxies", wanted))["path"])

    def transport(self, lease: str) -> httpx.AsyncBaseTransport:
        """A transport whose requests are the lease's calls, from 1 on. It raises BrokerRefused, BrokerUnreachable."""
        return _LeaseTransport(self._wire, lease)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = _TIMEOUT_S
    ) -> dict[str, Any]:
        try:
            answer = await self._admin.request(method, path, json=body, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        if ERROR_HEADER in answer.headers:
            raise _refusal(answer.content, answer)
        try:
            return cast("dict[str, Any]", answer.json())
        except ValueError:
            raise BrokerUnreachable("the credential broker's answer cannot be read") from None


class _LeaseTransport(httpx.AsyncBaseTransport):
    def __init__(self, wire: httpx.AsyncHTTPTransport, lease: str) -> None:
        self._wire = wire
        self._lease = lease
        self._calls = itertools.count(1)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name, value) for name, value in request.headers.raw if not name.lower().startswith(b"barnacle-")]
        headers += [(b"Barnacle-Lease", self._lease.encode()), (b"Barnacle-Call", b"%d" % next(self._calls))]
        sent = httpx.Request(
            request.method,
            "http://credentials/",
            headers=headers,
            stream=request.stream,
            extensions={**request.extensions, "target": str(request.url).encode("ascii")},
        )
        try:
            answer = await self._wire.handle_async_request(sent)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _unreachable(error) from None
        except httpx.TransportError:
            raise BrokerRefused(
                "outcome_unknown", "the credential broker went away before an answer", "it may have been carried out"
            ) from None
        if ERROR_HEADER not in answer.headers:
            return httpx.Response(answer.status_code, headers=answer.headers, stream=_Rest(answer), request=request)
        try:
            content = await answer.aread()
        finally:
            await answer.aclose()
        raise _refusal(content, answer)


class _Rest(httpx.AsyncByteStream):
    """The body as it arrives; one that is cut raises BrokerRefused("outcome_unknown")."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._answer.aiter_raw():
                yield piece
        except httpx.ReadTimeout:
            raise
        except httpx.TransportError:
            raise BrokerRefused("outcome_unknown", "the answer was cut off", "ask again") from None

    async def aclose(self) -> None:
        await self._answer.aclose()


def _refusal(content: bytes, answer: httpx.Response) -> BrokerRefused:
    import json

    try:
        error = cast("dict[str, Any]", json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        error = {}
    code = str(error.get("code") or answer.headers[ERROR_HEADER])
    return BrokerRefused(code, str(error.get("message") or code), str(error.get("remedy") or ""))


def _unreachable(error: Exception) -> BrokerUnreachable:
    slow = isinstance(error, httpx.TimeoutException)
    return BrokerUnreachable(
        "the credential broker does not answer" if slow else "the credential broker is not running"
    )
