"""What of a run belongs into the audit log: that it was started and how it ended, each once per attempt.

The box tells a run again whenever something about it changes, and all it holds in a full transfer; only a change of
state is an event. A mirror that was made anew hears of the runs that the box still holds as if for the first time.
"""

from typing import Any

Body = dict[str, Any]
_RUNNING, _QUEUED = "running", "queued"


def event(before: Body | None, run: Body) -> Body | None:
    """The audit entry for a run's record, the mirror's body of it being `before`; None when it is no event. A malformed
    record may raise KeyError, TypeError."""
    state = run["state"]
    if state == _QUEUED or (before is not None and _stage(before) == _stage(run)):
        return None
    started = state == _RUNNING
    detail = f"{run['id']} {state}" + (f", attempt {run['attempt']}" if run.get("attempt", 1) > 1 else "")
    return {
        "ts_ms": run.get("started_ms" if started else "ended_ms") or 0,
        "what": "run.started" if started else "run.ended",
        "actor": f"group:{run['folder']}",
        "folder": run["folder"],
        "decision": "info",
        "rule": "",
        "reason": run.get("error") or "",
        "detail": detail + (f", task {run['task']}" if run.get("task") else ""),
    }


def _stage(run: Body) -> tuple[object, object]:
    return run.get("state"), run.get("attempt", 1)
