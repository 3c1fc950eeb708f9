"""The credential broker's heart: leases, policy, credentials and the audit log put together around each request.

Every call: look at the lease → decide → resolve and check → take the call, durably → send. Denials are recorded too.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from broker import limits
from broker.audit.log import AuditLog, AuditUnavailable
from broker.binding import TEST_PATHS
from broker.carrying import CarriedBody, Carrying
from broker.egress_core import Decision, Rules, Target, TargetError, approved, decide, named_by_owner, parse_url
from broker.errors import BadRequest, Denied, Unavailable
from broker.forward import Forwarder, Route
from broker.http_message import Request, Response
from broker.lease_scope import LeaseScope
from broker.leases import Lease, Leases, call_number
from broker.model_endpoints import ModelEndpoints
from broker.vault import Vault

_NOTE_S = 5.0  # the vault itself writes more rarely still


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
        self._noted: dict[str, float] = {}

    async def state(self) -> dict[str, Any]:
        """How everything is, for the host and for people."""
        await self._look_again()
        keyring = self._vault.state
        audit = self._audit.describe() | {"key": self._audit_place}
        told = {
            "ready": keyring.ready and audit["state"] == "ok",
            "keyring": {"state": keyring.state, "message": keyring.message, "remedy": keyring.remedy},
            "audit": audit,
            "policy": self.policy(),
            "credentials": self._vault.listed(),
            "leases": len(self.leases),
        }
        return told | {"mark": mark(told)}

    async def next_state(self, seen: str) -> dict[str, Any]:
        """The state as soon as its mark is another than `seen`, at the latest after STATE_WAIT_MS."""
        until = time.monotonic() + limits.STATE_WAIT_MS / 1000
        told, facts = await self.state(), self._facts()
        while told["mark"] == seen and time.monotonic() < until:
            await asyncio.sleep(limits.STATE_LOOK_MS / 1000)
            await self._look_again()
            if facts != self._facts():
                told, facts = await self.state(), self._facts()
        return told

    async def _look_again(self) -> None:
        await self._audit.probe()
        await self._vault.probe_again()

    def _facts(self) -> object:
        """Differs when the state may do so; costs two looks at files."""
        rules = self._rules()
        policy = rules.version, rules.problem
        return self._vault.state, self._vault.version(), self._audit.state, self._audit.message, policy

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

    async def credential_changed(self, name: str, event: dict[str, Any]) -> int:
        """The command line stored or removed a credential: leases with the older value are void, and `event` goes into
        the log."""
        await self._vault.probe_again(now=True)
        ended = await self.leases.credential_changed(name)
        await self._append(event)
        return ended

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
            return approved(decision)
        return decision

    async def forward(self, request: Request) -> Response:
        """The absolute form: one call of a lease. Raises BrokerError, AuditUnavailable."""
        lease_id, number = request.header("barnacle-lease"), request.header("barnacle-call")
        if lease_id is None or number is None:
            raise BadRequest("bad_request", "Barnacle-Lease or Barnacle-Call is missing", "open a lease first")
        lease = await self.leases.find(lease_id)
        try:
            return await self._carry(lease, call_number(number), request)
        except (Denied, BadRequest) as error:
            await self.leases.refused(lease, error.code, f"{request.method} {lease.scope.origin}: {error.message}")
            raise
        except AuditUnavailable:
            raise
        except Unavailable as error:
            with suppress(AuditUnavailable):  # what has happened stays the answer
                await self.leases.failed(lease, error.code, f"{request.method} {lease.scope.origin}: {error.message}")
            raise

    async def _carry(self, lease: Lease, call: int, request: Request) -> Response:
        try:
            target = parse_url(request.target)
        except TargetError as error:
            raise BadRequest("bad_url", str(error), "write the URL in its one spelling") from None
        if request.header("host") != target.authority:
            raise BadRequest("bad_request", "Host differs from the request's target", "send the target's")
        why = lease.scope.outside(target, request.method)
        if lease.scope.purpose == "proxy":
            why = "the lease is for a proxy's own socket"
        if why is not None:
            raise Denied("out_of_scope", why, "a lease is for what it was opened for")
        decision, route = await self._route(target, request.method, lease.scope)
        grant = await self.leases.consume(lease.id, call, target, request.method, decision.rule, decision.version)
        headers = [(name, value) for name, value in request.headers if name != "host"]
        carrying = Carrying(lease, lambda: self.leases.left_s(lease))
        response = await carrying.do(self._forwarder.send(route, request.method, headers, request.body, grant))
        if lease.scope.credential:
            self._note_use(lease.scope.credential)
        if not isinstance(response.body, bytes):
            response.body = CarriedBody(carrying, response.body)
        return response

    def _note_use(self, name: str) -> None:
        """In a thread, as it may write a file; not for each call, which the change of threads would delay."""
        now = time.monotonic()
        if now - self._noted.get(name, -_NOTE_S) >= _NOTE_S:
            self._noted[name] = now
            asyncio.get_running_loop().run_in_executor(None, self._vault.used, name)

    async def _route(self, target: Target, method: str, scope: LeaseScope) -> tuple[Decision, Route]:
        """Decided by the policy that is in force when the addresses are known: looking them up takes its time."""
        decision = self.judge(target, method, scope)
        while True:
            route = await self._forwarder.route(target, decision)
            now = self.judge(target, method, scope)
            if (now.effect, now.rule, now.version) == (decision.effect, decision.rule, decision.version):
                break
            decision = now
        if scope.purpose == "model":
            route = replace(route, ca=self._endpoints.of(scope).ca)
        return decision, route

    async def _record(self, group: str | None, what: str, rule: str, detail: str) -> None:
        event = {"ts_ms": time.time_ns() // 1_000_000, "src": "broker", "what": what, "actor": "host", "folder": group}
        await self._append(event | {"decision": "deny", "rule": rule, "reason": "", "detail": detail})

    async def _append(self, event: dict[str, Any]) -> object:
        return await self._audit.append(event)


def mark(state: dict[str, Any]) -> str:
    """A short text that differs when something of a state() does that matters: not counts, not times of use."""
    audit, policy = state["audit"], state["policy"]
    stored = [(one["name"], one.get("host"), one.get("port"), one.get("set_ms")) for one in state["credentials"]]
    matters = state["keyring"], audit["state"], audit["message"], policy["version"], policy["problem"], stored
    return hashlib.sha256(json.dumps(matters).encode()).hexdigest()[:16]


def _require_harmless(scope: LeaseScope) -> None:
    where = TEST_PATHS.get(scope.credential or "", "/")
    asked = parse_url(scope.fetch_url or "")  # checked when the scope was read
    if (scope.path, asked.path, asked.query) != (where, where, None):
        raise Denied("out_of_scope", f"a check of {scope.credential} asks for {where}", "see: barnacle secret test")
