"""`barnacle status`: how the appliance is."""

import argparse
from typing import Any

from app.cli.command import Subparsers, command
from app.cli.context import Context
from app.cli.duration import ago, length
from app.cli.output import clean
from app.cli.times import Times, now_ms


def add(commands: Subparsers) -> None:
    """Declare the command."""
    example = "barnacle status --json"
    command(commands, "status", "show how box, host and broker are", _status, example=example, json=True)


def _status(context: Context, args: argparse.Namespace) -> int:
    status: dict[str, Any] = context.ask("status")
    runtime = _runtime(context)
    processes: list[dict[str, Any]] = runtime.get("children", [])
    if status["broker"]["kind"] == "auto" and "mqtt" in runtime:
        status["broker"]["kind"] = runtime["mqtt"]["kind"]  # the supervisor knows which one it started
    if args.json:
        context.out.json(status | {"processes": processes})
        return 0
    now = now_ms()
    times = context.times(status["host"].get("zone") or "")
    lines = [("box", _box(context, status["device"], now)), ("host", _host(status["host"], times))]
    lines += [("broker", _broker(status["broker"])), ("runs", slots(status.get("queue")))]
    lines += [("model", _model(context, status.get("model"))), ("keys", _keys(context, status.get("credentials")))]
    lines += _audit(context, status.get("audit"))
    lines += [("has", ", ".join(_counted(count, what) for what, count in status["counts"].items()))]
    health = status["device"].get("health")
    if health:
        lines.append(("health", _health(health, status["device"].get("health_age_ms") or 0)))
    for name, text in lines:
        context.out.line(f"{name:<7} {text}")
    _next_runs(context, status.get("next") or [], times, now)
    _show_processes(context, processes, now)
    return 0


def _box(context: Context, device: dict[str, Any], now: int) -> str:
    seen = f", seen {ago(device.get('seen_ms'), now)}"
    state = context.out.styled("online", "green") if device["online"] else context.out.styled("offline", "red") + seen
    health: dict[str, Any] = device.get("health") or {}
    board = health.get("board")
    return f"{clean(device['id'])} ({clean(board)}) {state}" if board else f"{clean(device['id'])} {state}"


def _host(host: dict[str, Any], times: Times) -> str:
    spool = host.get("spool_down") or 0
    held = f", {spool} records for the box held" if spool else ""
    return f"version {clean(host['version'])}, since {times.full(host['started_ms'])} ({times.zone}){held}"


def _model(context: Context, model: dict[str, Any] | None) -> str:
    if not model:
        return "not reported"
    style = {"ready": "green", "none": "dim"}.get(model["state"], "yellow")
    groups: dict[str, dict[str, Any]] = model.get("groups") or {}
    others = [name for name, one in groups.items() if one.get("state") != model["state"]]
    more = f" (otherwise: {clean(', '.join(others))})" if others else ""
    return f"{context.out.styled(clean(model['state']), style)}: {clean(model['text'])}{more}"


def _audit(context: Context, audit: dict[str, Any] | None) -> list[tuple[str, str]]:
    """A line only while events wait for a log that cannot be written."""
    problem: dict[str, str] | None = (audit or {}).get("problem")
    if audit is None or problem is None:
        return []
    remedy = f"; {clean(problem['remedy'])}" if problem.get("remedy") else ""
    waiting = context.out.styled(f"{audit['waiting']} events wait", "yellow")
    return [("audit", f"{waiting}: {clean(problem['message'])}{remedy}")]


def _keys(context: Context, credentials: dict[str, Any] | None) -> str:
    """The credential broker in one line: what hinders most, and what to do."""
    if not credentials:
        return "not reported"
    style = "green" if credentials["state"] == "ok" else "red" if credentials["state"] == "down" else "yellow"
    remedy = f"; {clean(credentials['remedy'])}" if credentials.get("remedy") else ""
    policy: dict[str, Any] | None = credentials.get("policy")
    rules = f"; egress rules {clean(policy['version'])} ({policy['rules']})" if policy and policy.get("version") else ""
    return f"{context.out.styled(clean(credentials['state']), style)}: {clean(credentials['text'])}{remedy}{rules}"


def _counted(count: int, what: str) -> str:
    return f"{count} {clean(what).removesuffix('s') if count == 1 else clean(what)}"


def _broker(broker: dict[str, Any]) -> str:
    return clean(f"{broker['kind']} at {broker['host']}:{broker['port']}")


def slots(queue: dict[str, Any] | None) -> str:
    """How many places to run are taken."""
    return f"{queue['slots']['used']} of {queue['slots']['max']} slots in use" if queue else "not reported yet"


def _health(health: dict[str, Any], age_ms: int) -> str:
    """The box tells its health rarely, so the uptime goes on from then, and the rest says how old it is."""

    def kib(name: str) -> str:
        return f"{(health.get(name) or 0) // 1024} KiB"

    return (
        f"up {length((health.get('uptime_ms') or 0) + age_ms)}; {length(age_ms)} ago: heap {kib('heap_used')} used, "
        f"{kib('heap_free')} free, storage {kib('storage_free')} free, {health.get('spool') or 0} records to send"
    )


def _next_runs(context: Context, runs: list[dict[str, Any]], times: Times, now: int) -> None:
    if not runs:
        return
    context.out.line()
    rows = [[times.full(run["next_ms"]), ago(run["next_ms"], now), run["folder"], run["prompt"]] for run in runs]
    context.out.table(("next run", "", "group", "prompt"), rows)


def _runtime(context: Context) -> dict[str, Any]:
    if context.remote:
        return {}
    from app.host.instance import read_runtime

    return read_runtime(context.paths) or {}


def _show_processes(context: Context, processes: list[dict[str, Any]], now: int) -> None:
    if not processes:
        return
    context.out.line()
    rows = [
        [one["name"], one["state"], one["pid"], one["restarts"], one["last_exit"], ago(one["started_ms"], now)]
        for one in processes
    ]
    context.out.table(("process", "state", "pid", "restarts", "last exit", "started"), rows)
