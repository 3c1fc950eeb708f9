"""What a host answers about rules, exceptions, credentials, models and spending, for the dashboard's tests."""

import time
from typing import Any

RULES: list[dict[str, Any]] = [
    {"name": "weather", "effect": "allow", "host": "api.open-meteo.com", "methods": ["GET"], "paths": ["/v1"]},
    {"name": "nas", "effect": "ask", "host": "nas.lan", "scheme": "http", "ports": [8080], "private": True}
    | {"groups": ["main"], "note": "photos"},
    {"name": "ads", "effect": "deny", "suffix": "ads.example"},
]


def override(number: int, minutes: float = 30, **fields: Any) -> dict[str, Any]:
    """An exception that ends so many minutes from now."""
    now_ms = time.time_ns() // 1_000_000
    one: dict[str, Any] = {"id": f"override-{number}", "group": None, "host": f"h{number}.example", "port": None}
    one |= {"methods": None, "reason": "trying it", "by": "tui", "start_ms": now_ms}
    return one | {"end_ms": now_ms + int(minutes * 60_000)} | fields


def answers() -> dict[str, Any]:
    """The answers by request, to be changed by a test."""
    now_ms = time.time_ns() // 1_000_000
    policy: dict[str, Any] = {"version": "3f2a9c41e2b8", "rules": list(RULES), "problem": None}
    stored = [
        {"name": "claude-key", "host": "api.anthropic.com", "port": 443, "set_ms": now_ms - 3 * 86_400_000}
        | {"last_used_ms": now_ms - 120_000},
        {"name": "nas", "host": "nas.lan", "port": 8080, "set_ms": now_ms - 7_200_000, "last_used_ms": None},
    ]
    broker: dict[str, Any] = {"ready": True, "policy": policy, "credentials": stored, "leases": 1}
    broker |= {"keyring": {"state": "ok", "message": "", "remedy": ""}}
    broker |= {"audit": {"state": "ok", "n": 1204, "head": "ab", "message": "", "key": "keyring"}}
    models = [{"name": "claude", "state": "ready", "text": "claude-opus answers"}]
    spend = [{"folder": "main", "day": "2026-11-22", "input": 12000, "output": 900, "micro_usd": 41_000, "calls": 7}]
    return {
        "policy": {"box": {"version": policy["version"]}, "broker": policy, "same": True},
        "broker": broker,
        "overrides": [override(1, 12, group="main", port=443), override(2, 200, reason="the new service")],
        "models": models,
        "spend": spend,
        "policy.test": {"effect": "allow", "rule": "weather", "reason": "the rule allows it", "version": "3f2a9c41e2b8"}
        | {"url": "https://api.open-meteo.com/v1", "remedy": ""}
        | {"addresses": [{"address": "94.130.142.35", "class": "public", "denied": None}]},
    }
