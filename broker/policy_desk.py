"""What operators may do about the rules through the broker: ask what would happen to a request, add and remove rules.

A change is recorded in the audit log before the file is touched: no record, no change.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

from broker.egress_core import (
    Decision,
    Request,
    Rules,
    Target,
    TargetError,
    address_class,
    address_text,
    check_addresses,
    check_rules,
    decide,
    parse_url,
)
from broker.errors import BadRequest, BrokerError, Denied
from broker.policy_edit import add_rule, remove_rule
from broker.policy_file import PolicyFileError
from broker.resolve import Resolving
from device.host.errors import Refused

Body = dict[str, Any]
NAME_CHARS = 64


class PolicyDesk:
    """`rules()` is the policy in force, `overrides()` the exceptions; `record(event)` returns when it is durable."""

    def __init__(
        self,
        path: Path,
        rules: Callable[[], Rules],
        overrides: Callable[[], Sequence[Body]],
        resolver: Resolving,
        record: Callable[[Body], Awaitable[object]],
    ) -> None:
        self._path = path
        self._rules = rules
        self._overrides = overrides
        self._resolver = resolver
        self._record = record

    async def test(self, body: Body) -> Body:
        """{url, method?, group?}: {"effect", "rule", "reason", "version", "url", "addresses": [{"address", "class",
        "denied": {"rule", "reason"} or None}], "remedy"}. The name is looked up unless the rules deny already; nothing
        is sent to it. An approval that a run may have, and credentials, are not looked at."""
        url, method = _text(body, "url"), _text(body, "method", "GET").upper()
        group = _text(body, "group", "") or None
        rules = self._rules()
        try:
            target = parse_url(url)
        except TargetError as error:
            said = {"effect": "deny", "rule": "bad_url", "reason": str(error), "version": rules.version}
            return said | {"url": url, "addresses": [], "remedy": error.remedy}
        request = Request(target=target, method=method, group=group, credential=None)
        decision = decide(request, rules, self._overrides(), time.time_ns() // 1_000_000)
        said = {"effect": decision.effect, "rule": decision.rule, "reason": decision.reason}
        more: Body = {"version": decision.version, "url": target.url, "addresses": [], "remedy": ""}
        if decision.effect == "deny":
            return said | more
        return said | more | await self._resolved(target, decision)

    async def add(self, body: Body) -> Body:
        """{rule, before?, version?, actor}: put the rule in; {"version"} of the new file."""
        rule = body.get("rule")
        if not isinstance(rule, dict):
            raise BadRequest("bad_request", "rule is no object")
        before = _text(body, "before", "") or None
        change = cast("Body", rule)
        try:
            check_rules([*self._rules().rules, change])
        except Refused as refusal:
            raise BadRequest("bad_policy", str(refusal), refusal.remedy) from None
        record = await self._tell("policy.add", body, json.dumps(change, ensure_ascii=False))
        return {"version": await self._change(record, lambda: add_rule(self._path, change, before))}

    async def remove(self, body: Body) -> Body:
        """{name, version?, actor}: take the rule out; {"version"} of the new file, {"rule"} what was taken out."""
        name = _text(body, "name")
        rule = next((one for one in self._rules().rules if one["name"] == name), None)
        if rule is None:
            raise BadRequest(
                "unknown_rule", f"there is no rule {name[:NAME_CHARS]}", "look again: barnacle policy show"
            )
        record = await self._tell("policy.remove", body, json.dumps(rule, ensure_ascii=False))
        return {"version": await self._change(record, lambda: remove_rule(self._path, name)), "rule": rule}

    async def _resolved(self, target: Target, decision: Decision) -> Body:
        try:
            found = await self._resolver.resolve(target)
        except BrokerError as error:
            return {"effect": "deny", "rule": "no_address", "reason": error.message, "remedy": error.remedy}
        shown: list[Body] = []
        denied: Body = {}
        for address in found:
            denial = check_addresses(decision, target, [address])
            verdict = {"rule": denial.rule, "reason": denial.reason} if denial else None
            shown.append({"address": address_text(address), "class": address_class(address), "denied": verdict})
            if verdict and not denied:
                denied = {"effect": "deny"} | verdict
        return {"addresses": shown} | denied

    async def _tell(self, what: str, body: Body, detail: str) -> Body:
        """Refuse a change of what has changed meanwhile, then record it; returns the record."""
        rules, seen = self._rules(), _text(body, "version", "")
        if seen and seen != rules.version:
            raise Denied("changed", "the rules have changed since you looked", "look again, then decide")
        event: Body = {"ts_ms": time.time_ns() // 1_000_000, "src": "broker", "what": what, "folder": None}
        event |= {"actor": _text(body, "actor", "")[:NAME_CHARS] or "host", "decision": "allow", "rule": "owner"}
        event |= {"reason": f"replaces version {rules.version}", "detail": detail}
        await self._record(event)
        return event

    async def _change(self, record: Body, change: Callable[[], str]) -> str:
        """Carry out what was recorded; when it fails that is recorded too."""
        try:
            return await asyncio.to_thread(change)
        except PolicyFileError as error:
            refusal = BadRequest("bad_policy", error.message, error.remedy)
        except OSError as error:
            refusal = BadRequest("bad_policy", f"policy.toml: {error.strerror}", "check its folder and the disk")
        failed = {"what": "policy.unchanged", "decision": "info", "rule": "", "reason": refusal.message}
        await self._record(record | failed)
        raise refusal


def _text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRequest("bad_request", f"{name} is missing or no text")
    return value
