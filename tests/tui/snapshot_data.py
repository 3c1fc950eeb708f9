"""One household at one moment: what the dashboard shows in its snapshots. Nothing here depends on the clock."""

from typing import Any

from tests.tui import policy_answers
from tests.tui.fake_client import NOW_MS, FakeClient, group, message, task

MINUTE_MS = 60_000
ZONE = "Europe/Berlin"
HEALTH = {
    "heap_used": 700_000,
    "heap_free": 1_300_000,
    "storage_used": 2_000_000,
    "storage_free": 6_000_000,
    "flash_bytes_written": 12_000_000,
    "flash_erases": 310,
    "spool": 0,
    "uptime_ms": 7_500_000,
    "boot_ms": 640,
    "board": "simulator",
    "version": "0.5.0",
}
ASK: dict[str, Any] = {
    "id": "ask-1",
    "n": 1,
    "folder": "family",
    "run": "run-1",
    "tool": "http_fetch",
    "args": "list=[b]milk[/b], 2 loaves",
    "host": "shop.example",
    "port": 443,
    "method": "POST",
    "url": "https://shop.example/cart",
    "why": "the rule shop asks",
    "created_ms": NOW_MS,
    "expires_ms": NOW_MS + 97_000,
    "state": "open",
    "answer": None,
    "by": None,
    "presence": False,
}
REPLY = "The parcel is at the **neighbour's**:\n\n- ring at 17:00\n- bring the *blue* card\n\n`barcode 4711`"


def household(**answers: Any) -> FakeClient:
    """A host that answers with it; `answers` are further ones, by request."""
    client = FakeClient()
    client.answers |= {
        "status": _status(),
        "groups": [
            group("main", last_message_ms=NOW_MS - 2 * MINUTE_MS, task_count=4),
            group("family", state="running", depth=3, last_message_ms=NOW_MS - 4000, task_count=9),
            group("work", state="retrying", depth=1, retry_ms=NOW_MS + 30_000),
            group("garden", paused=True, name="Garten ☘ 花園"),
        ],
        "tasks": [task(n, **_differently(n)) for n in range(1, 13)],
        "audit": [_record(n) for n in range(1, 25)],
        "runs": [_run(1), _run(2, state="failed", error="the model was not reachable"), _running()],
        "messages": [
            message(1, "where is the parcel?"),
            message(2, REPLY, from_me=True),
            message(3, "thank you [b]so[/b] much"),
        ],
        "task.history": [_run(1), _run(2, state="failed", error="the model was not reachable")],
        "queue": _queue(),
        "box.log": {"lines": ["ready 289", "wifi: joined [b]home[/b]", "host.lost 4021"], "mark": "7:20"},
    }
    client.answers |= policy_answers.answers() | {"broker": _broker(), "overrides": [_override()]} | answers
    return client


def _status() -> dict[str, Any]:
    return {
        "device": {"id": "box-1", "online": True, "seen_ms": NOW_MS, "health": HEALTH, "health_age_ms": 90_000},
        "host": {"zone": ZONE, "spool_down": 2, "version": "0.5.0"},
        "broker": {"kind": "mosquitto", "port": 21883},
        "model": {"state": "ready", "name": "small", "text": ""},
        "credentials": {"state": "ready", "text": ""},
        "queue": {
            "slots": {"used": 1, "max": 2},
            "groups": {"family": {"state": "running", "depth": 3}},
            "waiting": ["work"],
        },
    }


def _differently(n: int) -> dict[str, Any]:
    kinds = (("cron", "30 8 * * 1-5"), ("interval", "2700000"), ("once", "2026-10-01T17:00:00Z"))
    kind, value = kinds[n % 3]
    folder = ("family", "main", "work")[n % 3]
    status = "paused" if n % 5 == 0 else "active"
    last = {"last_ms": NOW_MS - n * MINUTE_MS, "last_result": "Error: no answer" if n == 4 else "done"} if n % 2 else {}
    return {
        "kind": kind,
        "value": value,
        "folder": folder,
        "status": status,
        "next_ms": NOW_MS + n * 47 * MINUTE_MS,
    } | last


def _record(n: int) -> dict[str, Any]:
    decision = ("allow", "deny", "ask", "info")[n % 4]
    what = ("task.add", "egress", "tool.http_fetch", "msg.in")[n % 4]
    why = {"deny": "no rule allows news.example", "ask": "the rule shop asks"}.get(decision, "")
    record = {"id": n, "ts_ms": NOW_MS - (30 - n) * 7000, "what": what, "actor": "run:run-1", "folder": "family"}
    return record | {
        "decision": decision,
        "rule": "default_deny" if why else "owner",
        "reason": why,
        "detail": f"n={n}",
    }


def _run(n: int, **fields: Any) -> dict[str, Any]:
    began = NOW_MS - n * 10 * MINUTE_MS
    run = {"id": f"run-{n}", "folder": "main", "task": task(1)["id"], "kind": "task", "state": "done", "attempt": n}
    times = {"queued_ms": began - 50, "started_ms": began, "ended_ms": began + 2300}
    return run | times | {"result": "The plants are watered.", "error": None} | fields


def _running() -> dict[str, Any]:
    run = {"id": "run-9", "folder": "family", "task": None, "kind": "messages", "state": "running", "attempt": 1}
    return run | {"queued_ms": NOW_MS - 9000, "started_ms": NOW_MS - 8000, "ended_ms": None}


def _override() -> dict[str, Any]:
    return policy_answers.override(1, group="main", port=443) | {"start_ms": NOW_MS, "end_ms": NOW_MS + 12 * MINUTE_MS}


def _queue() -> dict[str, Any]:
    message = {"n": 5, "id": "m5", "sender_name": "Ada", "text": "and the [b]post[/b]?", "ts_ms": NOW_MS - MINUTE_MS}
    run = {"id": "r2", "state": "queued", "task": task(1)["id"], "queued_ms": NOW_MS - 9000, "due_ms": NOW_MS}
    refused = {"ts_ms": NOW_MS, "what": "message.send", "rule": "full", "reason": "32 wait already", "detail": ""}
    return {"folder": "main", "messages": [message], "runs": [run], "refused": [refused]}


def _broker() -> dict[str, Any]:
    rules = [
        {"name": "weather", "effect": "allow", "host": "api.weather.example", "methods": ["GET"]},
        {"name": "shop", "effect": "ask", "suffix": "shop.example", "groups": ["family"], "note": "[b]groceries[/b]"},
        {"name": "tracker", "effect": "deny", "suffix": "tracker.example"},
    ]
    credential = {"name": "weather", "host": "api.weather.example", "port": 443, "set_ms": NOW_MS, "last_used_ms": None}
    return {
        "ready": True,
        "keyring": {"state": "ready", "message": "", "remedy": ""},
        "audit": {"state": "ok", "n": 4711, "head": "ab" * 32, "message": ""},
        "policy": {"version": "0123456789ab", "rules": rules, "problem": None},
        "credentials": [credential],
        "leases": 1,
    }
