"""The box's own say on every request that a run wants to send, before the credential broker has its own.

The box opens no connection for a run: what passes here is sent by the laptop, whose broker decides again. A decision is
an audit record on flash before anything follows from it; without that record nothing passes.
"""

from device.host import ask_text, audit, egress, limits, url
from device.host.errors import NoRoom, Refused
from device.host.journal import JournalError


class Permit:
    """That a request may go: `.approval` the id of the ask that allowed it, or None; the `.rule` and policy `.version`
    that decided; `.target` the one parse of the URL."""

    def __init__(self, target, rule, version, approval=None):
        self.target = target
        self.rule = rule
        self.version = version
        self.approval = approval


class EgressGate:
    """`policy` is a PolicyState, `overrides` an Overrides, `asks` an Asks."""

    def __init__(self, store, clock, policy, overrides, asks):
        self._store = store
        self._clock = clock
        self._policy = policy
        self._overrides = overrides
        self._asks = asks

    async def check(self, run, tool, method, url_text, headers, body):
        """The Permit for one request of a run; may wait for the owner, whose yes is for these very headers
        ({name: text}) and this body (a text). Raises Refused: bad_url, denied, ask_denied, audit_unavailable, busy or
        limited (too much is asked)."""
        try:
            target = url.parse(url_text)
        except url.TargetError as error:
            await self._note(run, tool, "deny", "bad_url", error.message, "")
            raise Refused("bad_url", "the address cannot be used: " + error.message, error.remedy)
        decision = self._decide(run, method, target)
        what = _what(method, target, decision.version)
        await self._note(run, tool, decision.effect, decision.rule, decision.reason, what)
        if decision.effect == "allow":
            return Permit(target, decision.rule, decision.version)
        if decision.effect != "ask":
            raise _denied(decision)
        return await self._ask(run, tool, method, target, headers, body, decision)

    def _decide(self, run, method, target):
        request = {"target": target, "method": method, "group": run["folder"], "credential": None}
        return egress.decide(request, self._policy.rules, self._overrides.live(), self._clock.now_ms())

    async def _ask(self, run, tool, method, target, headers, body, decision):
        whole = ask_text.digest(method, target.url, headers, body)
        told = ask_text.shown(target, headers, body, whole)
        request = {"target": target, "method": method, "digest": whole}
        ask = await self._asks.put_to_owner(run, tool, told, target.host, decision.reason, request)
        what = "%s %s" % (ask["id"], _what(method, target, decision.version))
        if ask["state"] != "approved":
            why = "nobody answered in time" if ask["state"] == "expired" else "the owner said no"
            await self._note(run, tool, "deny", decision.rule, why, what)
            raise Refused("ask_denied", "%s: %s" % (target.host, why))
        decision = self._decide(run, method, target)  # the rules may be others by now
        if decision.effect == "deny":
            await self._note(run, tool, "deny", decision.rule, decision.reason, what)
            raise _denied(decision)
        await self._note(run, tool, "allow", decision.rule, "approved by %s" % ask["by"], what)
        return Permit(target, decision.rule, decision.version, ask["id"])

    async def _note(self, run, tool, effect, rule, reason, what):
        actor = {"kind": "group", "folder": run["folder"]}
        now_ms = self._clock.now_ms()
        entry = audit.entry(now_ms, "egress", actor, run["folder"], effect, rule, reason, "%s %s" % (tool, what))
        try:
            self._store.require(1, audit.RECORD_BYTES)
            self._store.put("audit", entry)
            await self._store.committed()
        except (NoRoom, JournalError) as error:
            message = "the audit cannot be written (%s), so nothing goes out" % error
            raise Refused("audit_unavailable", message, "see `barnacle status`")


def _denied(decision):
    remedy = "the owner can allow it: barnacle policy, or barnacle override add"
    return Refused("denied", decision.reason, remedy if decision.rule != "never" else "")


def _what(method, target, version):
    """The request without its query, which may hold anything; and the policy that judged it."""
    return "%s %s%s policy %s" % (method, target.origin, target.path[: limits.VALUE_BYTES], version or "none")
