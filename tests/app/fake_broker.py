"""A credential broker for tests: keeps what it was asked, lends plain transports, and can be absent or refuse."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx

from broker.errors import BrokerError
from broker.service import mark
from tests.app.inference.rig import KeyedTransport


class Absent(Exception):  # noqa: N818 - reads as what happened
    """As the real client says that nobody answers."""

    def __init__(self) -> None:
        super().__init__()
        self.message = "the credential broker does not answer"
        self.remedy = "barnacle up"


def scope(**fields: Any) -> Any:
    return SimpleNamespace(**fields)


class FakeBroker:
    """`leases` are the scopes that were asked for by id, `void` those given back; `key` goes out with each request."""

    def __init__(self, key: str = "sk-fake-0123456789abcdef") -> None:
        self.key = key
        self.present = True
        self.refusal: BrokerError | None = None
        self.leases: dict[str, Any] = {}
        self.void: list[str] = []
        self.revoked: list[str | None] = []
        self.overrides: list[list[dict[str, Any]]] = []
        self.tested: list[tuple[str, str, str | None]] = []
        self.changes: list[tuple[str, dict[str, Any]]] = []
        self.web: httpx.AsyncBaseTransport | None = None
        self.says: dict[str, Any] = {
            "ready": True,
            "keyring": {"state": "ok", "message": "", "remedy": ""},
            "audit": {"state": "ok", "n": 1, "head": "h", "message": "", "chain": "c"},
            "policy": {"version": "v1", "rules": [], "problem": None},
            "credentials": [{"name": "claude-key", "host": "h", "port": 443, "set_ms": 1, "last_used_ms": None}],
            "leases": 0,
        }

    async def state(self) -> dict[str, Any]:
        self._look()
        return self.says | {"mark": mark(self.says)}

    async def next_state(self, seen: str) -> dict[str, Any]:
        while mark(self.says) == seen:
            self._look()
            await asyncio.sleep(0.01)
        return await self.state()

    async def open_lease(self, scope: Any) -> str:
        self._look()
        if self.refusal:
            raise self.refusal
        name = f"lease-{len(self.leases)}"
        self.leases[name] = scope
        return name

    async def revoke(self, *, run: str | None = None, lease: str | None = None) -> int:
        self._look()
        self.revoked.append(run or lease)
        gone = [
            name
            for name, scope in self.leases.items()
            if name == lease or (run and scope.run == run) or not (run or lease)
        ]
        self.void += [name for name in gone if name not in self.void]
        return len(gone)

    async def set_overrides(self, overrides: list[dict[str, Any]]) -> None:
        self._look()
        self.overrides.append(overrides)

    async def test_policy(self, url: str, method: str = "GET", group: str | None = None) -> dict[str, Any]:
        self._look()
        self.tested.append((url, method, group))
        return {"effect": "deny", "rule": "default_deny", "reason": "no rule", "version": "v1", "url": url}

    async def change_policy(self, change: str, body: dict[str, Any]) -> dict[str, Any]:
        self._look()
        if self.refusal:
            raise self.refusal
        self.changes.append((change, body))
        self.says = self.says | {"policy": {"version": f"v{len(self.changes) + 1}", "rules": [], "problem": None}}
        return {"version": self.says["policy"]["version"]}

    async def append_audit(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        self._look()
        return {"n": 1, "hash": "h"}

    def transport(self, lease: str) -> httpx.AsyncBaseTransport:
        scope = self.leases[lease]
        inner = self.web if scope.purpose == "fetch" and self.web else KeyedTransport("anthropic", self.key)
        return _Lent(self, lease, inner)

    @property
    def valid(self) -> list[str]:
        """Leases that can still be used."""
        return [name for name in self.leases if name not in self.void]

    def _look(self) -> None:
        if not self.present:
            raise Absent


class _Lent(httpx.AsyncBaseTransport):
    def __init__(self, broker: FakeBroker, lease: str, inner: httpx.AsyncBaseTransport) -> None:
        self._broker, self._lease, self._inner = broker, lease, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._lease in self._broker.void:
            raise BrokerError("lease_unknown", "this lease is void")
        if self._broker.refusal:
            raise self._broker.refusal
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
