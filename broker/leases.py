"""Leases: who may reach what, with which credential, how often and how long. They live in this process's memory only,
so a restart voids them all; their ids carry a nonce of this start.

    lease = await leases.issue(scope, credential)
    grant = await leases.consume(lease.id, call, target, method)      audited on the disk before it returns

A call number is honoured once: it is taken before the audit record is awaited, so that of two uses at once one wins,
and it stays taken when the record cannot be written or the process dies before the send.
"""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from broker import limits
from broker.egress_core import Target
from broker.errors import BadRequest, Denied
from broker.lease_scope import LeaseScope
from broker.request_headers import Credential

Append = Callable[[dict[str, Any]], Awaitable[object]]
EXPIRED = "open another lease; a run gets one when it begins"


class Lease:
    """A scope in force. `id` is the only thing that must stay private; `mark` stands for it in logs."""

    def __init__(
        self, lease_id: str, scope: LeaseScope, credential: Credential | None, ends: tuple[float, int]
    ) -> None:
        self.id = lease_id
        self.mark = _digest(lease_id)[:12]
        self.scope = scope
        self.credential = credential
        self.bytes_left = scope.bytes
        self.ended: str | None = None  # why, once it is over
        self.used: set[int] = set()
        self.tasks: set[asyncio.Task[Any]] = set()  # that carry its calls
        self._ends_monotonic, self._ends_wall_ms = ends

    def __repr__(self) -> str:
        return f"Lease({self.mark}, {self.scope.run}, {self.scope.origin})"

    def expired(self, monotonic: float, wall_ms: int) -> bool:
        """Whichever clock gets there first."""
        return self.left_s(monotonic, wall_ms) <= 0

    def left_s(self, monotonic: float, wall_ms: int) -> float:
        """Seconds to go; 0 when there are none."""
        return max(0.0, min(self._ends_monotonic - monotonic, (self._ends_wall_ms - wall_ms) / 1000))


class Grant:
    """One consumed call."""

    def __init__(self, lease: Lease, call: int) -> None:
        self.lease = lease
        self.call = call

    @property
    def credential(self) -> Credential | None:
        """What to put into the request."""
        return self.lease.credential

    @property
    def secret(self) -> object:
        """The credential's Secret, or None."""
        return self.lease.credential.secret if self.lease.credential else None

    @property
    def owner(self) -> str:
        """Connections are used again within one group, purpose and credential only."""
        return f"{self.lease.scope.group}/{self.lease.scope.purpose}/{self.lease.scope.credential or ''}"

    @property
    def bytes_left(self) -> int:
        """Both directions together, over all calls."""
        return self.lease.bytes_left

    def spent(self, count: int) -> None:
        """Count bytes."""
        self.lease.bytes_left -= count


class Leases:
    """All leases in force. `append` writes an audit event and returns when it is on the disk."""

    def __init__(
        self,
        append: Append,
        monotonic: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._append = append
        self._monotonic = monotonic
        self._wall_ms = wall_ms
        self._boot = secrets.token_hex(4)
        self._by_digest: dict[str, Lease] = {}
        self._ended: OrderedDict[str, str] = OrderedDict()  # why, for those whose caller may not know yet
        self._approvals: OrderedDict[str, None] = OrderedDict()
        self._guesses: deque[float] = deque(maxlen=limits.GUESSES)

    def __len__(self) -> int:
        return len(self._by_digest)

    async def issue(self, scope: LeaseScope, credential: Credential | None) -> Lease:
        """A new lease. Raises Denied: bad_binding, limited, or an approval that was used before."""
        await self.sweep()
        if credential is not None:
            self._check_binding(scope, credential)
        if len(self._by_digest) >= limits.LEASES:
            raise Denied("limited", f"there are {limits.LEASES} leases already", "let runs end first")
        self._take_approval(scope)
        ends = self._monotonic() + scope.ttl_s, self._wall_ms() + scope.ttl_s * 1000
        lease = Lease(f"{self._boot}.{secrets.token_urlsafe(32)}", scope, credential, ends)
        self._by_digest[_digest(lease.id)] = lease
        try:
            await self._append(self._event("lease.issue", lease, "info", f"{scope.calls} calls, {scope.ttl_s} s"))
        except BaseException:
            self._drop(lease, "it was not recorded")
            raise
        return lease

    async def find(self, lease_id: str) -> Lease:
        """The lease in force with this id. Raises Denied: lease_unknown, lease_expired, limited."""
        lease = self._by_digest.get(_digest(lease_id))  # by hash: the time it takes says nothing about the id
        if lease is None and _digest(lease_id) in self._ended:
            raise Denied("lease_expired", self._ended[_digest(lease_id)], EXPIRED)
        if lease is None:
            raise await self._guessed()
        if lease.ended is None and lease.expired(self._monotonic(), self._wall_ms()):
            await self._expire(lease)
        if lease.ended is not None:
            raise Denied("lease_expired", lease.ended, EXPIRED)
        return lease

    async def consume(
        self, lease_id: str, call: int, target: Target, method: str, rule: str = "model", version: str = ""
    ) -> Grant:
        """Take one call, durably. Raises Denied, and AuditUnavailable: then nothing may be sent."""
        lease = await self.find(lease_id)
        why = lease.scope.outside(target, method)
        if why is not None:
            raise Denied("out_of_scope", why, "a lease is for what it was opened for")
        if not 1 <= call <= lease.scope.calls:
            raise Denied("lease_spent", f"the lease is for {lease.scope.calls} calls", EXPIRED)
        if call in lease.used:
            raise Denied("lease_spent", f"call {call} of the lease was used already", "each call has its own number")
        if lease.bytes_left <= 0:
            raise Denied("lease_spent", "the lease has no bytes left", EXPIRED)
        lease.used.add(call)
        event = self._event("lease.use", lease, "allow", f"call {call}: {method} {target.origin}{target.path}")
        await self._append(event | {"rule": rule, "call": call, "method": method, "version": version})
        if lease.ended is not None:
            raise Denied("lease_expired", lease.ended, EXPIRED)
        return Grant(lease, call)

    async def refused(self, lease: Lease | None, code: str, detail: str) -> None:
        """Record that a call was denied."""
        if lease is not None:
            await self._append(self._event("lease.deny", lease, "deny", detail) | {"rule": code})
            return
        await self._append(_event("lease.deny", None, "deny", code, detail, self._wall_ms()))

    async def failed(self, lease: Lease, code: str, detail: str) -> None:
        """Record that a call could not be carried out, or that nobody knows whether it was."""
        await self._append(self._event("lease.fail", lease, "info", detail) | {"rule": code})

    def left_s(self, lease: Lease) -> float:
        """How many seconds the lease lasts, by whichever clock is ahead; 0 when it is over."""
        return 0.0 if lease.ended is not None else lease.left_s(self._monotonic(), self._wall_ms())

    async def revoke(
        self, *, run: str | None = None, lease: str | None = None, reason: str = "the run has ended"
    ) -> int:
        """End the leases of a run, one lease, or, with neither, all; and the calls under way. How many there were."""
        wanted = [
            one
            for digest, one in self._by_digest.items()
            if (lease is None or digest == _digest(lease)) and (run is None or one.scope.run == run)
        ]
        for one in wanted:
            self._drop(one, reason)
        for one in wanted:
            await self._append(self._event("lease.revoke", one, "info", reason))
        return len(wanted)

    async def credential_changed(self, name: str) -> int:
        """Void what holds an older value."""
        wanted = [one for one in self._by_digest.values() if one.scope.credential == name]
        for one in wanted:
            self._drop(one, f"the credential {name} was changed since")
        for one in wanted:
            await self._append(self._event("lease.revoke", one, "info", one.ended or ""))
        return len(wanted)

    async def sweep(self) -> None:
        """Forget what has expired."""
        now, wall_ms = self._monotonic(), self._wall_ms()
        for lease in [one for one in self._by_digest.values() if one.expired(now, wall_ms)]:
            await self._expire(lease)

    async def _expire(self, lease: Lease) -> None:
        self._drop(lease, "the lease has expired")
        await self._append(self._event("lease.expire", lease, "info", ""))

    def _drop(self, lease: Lease, reason: str) -> None:
        lease.ended = reason
        self._by_digest.pop(_digest(lease.id), None)
        self._ended[_digest(lease.id)] = reason
        while len(self._ended) > limits.LEASES:
            self._ended.popitem(last=False)
        for task in list(lease.tasks):
            task.cancel()

    def _take_approval(self, scope: LeaseScope) -> None:
        if scope.approval is None:
            return
        if scope.approval in self._approvals:
            raise Denied("ask", "that approval was used already", "ask again")
        self._approvals[scope.approval] = None
        while len(self._approvals) > limits.APPROVALS:
            self._approvals.popitem(last=False)

    async def _guessed(self) -> Denied:
        now = self._monotonic()
        many = len(self._guesses) == limits.GUESSES and now - self._guesses[0] < limits.GUESS_WINDOW_MS / 1000
        if many:
            return Denied("limited", "too many unknown leases were tried", "wait a minute")
        self._guesses.append(now)
        alarm = len(self._guesses) == limits.GUESSES and now - self._guesses[0] < limits.GUESS_WINDOW_MS / 1000
        what = "lease.guessing" if alarm else "lease.deny"
        await self._append(_event(what, None, "deny", "lease_unknown", "an unknown lease was used", self._wall_ms()))
        return Denied("lease_unknown", "there is no such lease (any more)", EXPIRED)

    @staticmethod
    def _check_binding(scope: LeaseScope, credential: Credential) -> None:
        if (scope.scheme, scope.host, scope.port) != (credential.scheme, credential.host, credential.port):
            bound = f"{credential.scheme}://{credential.host}:{credential.port}"
            raise Denied(
                "bad_binding", f"{scope.credential} belongs to {bound}, not {scope.origin}", "see: barnacle secret list"
            )

    def _event(self, what: str, lease: Lease, decision: str, detail: str) -> dict[str, Any]:
        scope = lease.scope
        named = {"run": scope.run, "lease": lease.mark, "host": scope.host, "purpose": scope.purpose}
        event = _event(what, scope.group, decision, "lease", detail, self._wall_ms()) | named
        return event | ({"credential": scope.credential} if scope.credential else {})


def call_number(text: str) -> int:
    """The number in a header; raises BadRequest."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6) or text.startswith("0"):
        raise BadRequest("bad_request", "Barnacle-Call is no number from 1 on", "count the calls of a lease from 1")
    return int(text)


def _digest(lease_id: str) -> str:
    return hashlib.sha256(lease_id.encode("utf-8", "replace")).hexdigest()


def _event(what: str, folder: str | None, decision: str, rule: str, detail: str, ts_ms: int) -> dict[str, Any]:
    return {
        "ts_ms": ts_ms,
        "src": "broker",
        "what": what,
        "actor": "host",
        "folder": folder,
        "decision": decision,
        "rule": rule,
        "reason": "",
        "detail": detail,
    }
