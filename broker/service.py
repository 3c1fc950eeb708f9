"""The credential broker's heart: leases, policy, credentials and the audit log put together around each request.

Every call: look at the lease → decide → resolve and check → take the call, durably → send. Denials are recorded too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from broker import limits
from broker.audit.log import AuditLog
from broker.binding import TEST_PATHS
from broker.egress_core import Decision, Rules, Target, TargetError, decide, named_by_owner, parse_url
from broker.errors import BadRequest, Denied, Unavailable
from broker.forward import Forwarder
from broker.http_message import AnswerError, Request, Response
from broker.lease_scope import LeaseScope
from broker.leases import Lease, Leases, call_number
from broker.model_endpoints import ModelEndpoints
from broker.vault import Vault


class Service:
    """What the admin interface calls. `rules()` gives the policy in force; `audit` is open; leases for models are for
    one of `endpoints`."""

    def __init__(
        self,
        vault: Vault,
        audit: AuditLog,
        forwarder: Forwarder,
        rules: Callable[[], Rules],
        audit_place: str = "file",
        endpoints: ModelEndpoints | None = None,
    ) -> None:
        self._endpoints = endpoints or ModelEndpoints()
        self.leases = Leases(self._append)
        self._vault = vault
        self._audit = audit
        self._forwarder = forwarder
        self._rules = rules
        self._audit_place = audit_place
        self._overrides: list[dict[str, Any]] = []

    async def state(self) -> dict[str, Any]:
        """How everything is, for the host and for people."""
        await self._audit.probe()
        keyring = await self._vault.probe_again()
        audit = self._audit.describe() | {"key": self._audit_place}
        return {
            "ready": keyring.ready and audit["state"] == "ok",
            "keyring": {"state": keyring.state, "message": keyring.message, "remedy": keyring.remedy},
            "audit": audit,
            "policy": self.policy(),
            "credentials": self._vault.listed(),
            "leases": len(self.leases),
        }

    def policy(self) -> dict[str, Any]:
        """The rules in force, as the box gets them."""
        rules = self._rules()
        return {"version": rules.version, "rules": rules.rules, "problem": rules.problem}

    async def open_lease(self, scope: LeaseScope) -> Lease:
        """A lease for the scope. Raises BrokerError, AuditUnavailable."""
        try:
            if scope.purpose == "model":
                self._endpoints.of(scope)
            if scope.purpose == "check":
                _require_harmless(scope)
            credential = await self._vault.credential(scope.credential) if scope.credential else None
            return await self.leases.issue(scope, credential)
        except Denied as denial:
            await self._record(scope.group, "lease.deny", denial.code, f"{scope.run}: {denial.message}")
            raise

    async def credential_changed(self, name: str) -> int:
        """The command line stored or removed a credential: leases with the older value are void."""
        await self._vault.probe_again(now=True)
        return await self.leases.credential_changed(name)

    async def append(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """Record what device and host did."""
        heads = await self._audit.append_all(events)
        head = heads[-1] if heads else self._audit.head
        return {"n": head.n, "hash": head.hash}

    def set_overrides(self, overrides: list[dict[str, Any]]) -> None:
        """The exceptions in force, as the box has them."""
        if len(overrides) > limits.OVERRIDES:
            raise BadRequest("bad_request", f"more than {limits.OVERRIDES} overrides", "remove some")
        self._overrides = overrides

    @property
    def overrides(self) -> list[dict[str, Any]]:
        """The exceptions in force."""
        return self._overrides

    def judge(self, target: Target, method: str, scope: LeaseScope) -> Decision:
        """By the owner's configuration for a model's own endpoint, by its binding for a check of a credential, by the
        rules for everything else."""
        rules = self._rules()
        request = {"target": target, "method": method, "group": scope.group, "credential": scope.credential}
        decision = decide(request, rules, self._overrides, time.time_ns() // 1_000_000)  # pyright: ignore[reportArgumentType]
        if scope.purpose == "model" and decision.rule != "never":
            return named_by_owner("the owner named it in config.toml", rules)
        if scope.purpose == "check" and decision.rule != "never":
            return named_by_owner("the credential belongs there", rules)
        if decision.effect == "ask" and scope.approval is not None and scope.fetch_url == target.url:
            decision.effect = "allow"
        return decision

    async def forward(self, request: Request) -> Response:
        """The absolute form: one call of a lease. Raises BrokerError, AuditUnavailable."""
        lease_id, number = request.header("barnacle-lease"), request.header("barnacle-call")
        if lease_id is None or number is None:
            raise BadRequest("bad_request", "Barnacle-Lease or Barnacle-Call is missing", "open a lease first")
        lease = await self.leases.find(lease_id)
        try:
            return await self._carry(lease, call_number(number), request)
        except Denied as denial:
            await self.leases.refused(lease, denial.code, f"{request.method} {lease.scope.origin}: {denial.message}")
            raise

    async def _carry(self, lease: Lease, call: int, request: Request) -> Response:
        try:
            target = parse_url(request.target)
        except TargetError as error:
            raise BadRequest("bad_url", str(error), "write the URL in its one spelling") from None
        if request.header("host") != target.authority:
            raise BadRequest("bad_request", "Host differs from the request's target", "send the target's")
        why = lease.scope.outside(target, request.method)
        if why is not None:
            raise Denied("out_of_scope", why, "a lease is for what it was opened for")
        decision = self.judge(target, request.method, lease.scope)
        route = await self._forwarder.route(target, decision)
        if lease.scope.purpose == "model":
            route = replace(route, ca=self._endpoints.of(lease.scope).ca)
        grant = await self.leases.consume(lease.id, call, target, request.method, decision.rule, decision.version)
        headers = [(name, value) for name, value in request.headers if name != "host"]
        with _carrying(lease) as carrying:
            response = await carrying.do(self._forwarder.send(route, request.method, headers, request.body, grant))
        if lease.scope.credential:
            asyncio.get_running_loop().run_in_executor(None, self._vault.used, lease.scope.credential)
        if not isinstance(response.body, bytes):
            response.body = _until_revoked(lease, response.body)
        return response

    async def _record(self, group: str | None, what: str, rule: str, detail: str) -> None:
        event = {"ts_ms": time.time_ns() // 1_000_000, "src": "broker", "what": what, "actor": "host", "folder": group}
        await self._append(event | {"decision": "deny", "rule": rule, "reason": "", "detail": detail})

    async def _append(self, event: dict[str, Any]) -> object:
        return await self._audit.append(event)


def _require_harmless(scope: LeaseScope) -> None:
    where = TEST_PATHS.get(scope.credential or "", "/")
    asked = parse_url(scope.fetch_url or "")  # checked when the scope was read
    if (scope.path, asked.path, asked.query) != (where, where, None):
        raise Denied("out_of_scope", f"a check of {scope.credential} asks for {where}", "see: barnacle secret test")


class _carrying:  # noqa: N801 - reads as what it does
    """The present task carries a call of the lease: the end of the lease cancels it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def __enter__(self) -> "_carrying":
        task = asyncio.current_task()
        if task is not None:
            self._lease.tasks.add(task)
        return self

    def __exit__(self, *_: object) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._lease.tasks.discard(task)

    async def do(self, work: Any) -> Any:
        """The result of `work`; Unavailable("outcome_unknown") when the lease ended meanwhile."""
        try:
            return await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._lease.ended is None or task is None:
                raise
            task.uncancel()
            raise Unavailable("outcome_unknown", f"cut off: {self._lease.ended}", "ask again in a new run") from None


async def _until_revoked(lease: Lease, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        while True:
            if lease.ended is not None:
                raise AnswerError("lease_expired", lease.ended)
            with _carrying(lease) as carrying:
                piece: bytes | None = await carrying.do(anext(pieces, None))
            if piece is None:
                return
            yield piece
    except Unavailable as error:
        raise AnswerError(error.code, error.message) from None
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
