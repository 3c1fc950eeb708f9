"""After a boot: take up what was queued or under way, so that each run has one end and each message is answered."""

from device.host import audit, bounded, limits, run_commands, run_records

TOLD = "I was interrupted: the box restarted. What I had done until then stays (%s); I will not do it again by myself."
_SHOWN_BYTES = 256


def resume(store, clock):
    """Settle the runs that the last boot left open.

    A run that only waited waits again (same id). One that was under way without any output waits again as the next
    attempt; with output it is marked interrupted and not repeated, and the group is told; after too many attempts it
    has failed. Message runs are marked interrupted, and their messages wait again unless output had gone out.
    Returns the queued runs, oldest first; the caller hands them to dispatch.
    """
    for run in list(store.state.runs):
        if run["state"] == "running":
            _take_up(store, clock, run)
    return [run for run in store.state.runs if run["state"] == "queued"]


def _take_up(store, clock, run):
    had_output = run["result"] is not None
    if run_commands.is_cancelled(run):
        _end_cancelled(store, clock, run)
        return
    if run["kind"] == "task" and not had_output and run["attempt"] <= limits.RETRIES:
        store.put("run.queued", dict(run, state="queued", started_ms=None, attempt=run["attempt"] + 1))
        return
    why = "the box restarted in the middle of it"
    if had_output:
        why += ", after output had gone out"
    now_ms = clock.now_ms()
    if had_output:
        _tell(store, run, now_ms)
    store.put("run.ended", run_records.ended(run, "interrupted", now_ms, why, run["result"]))
    if run["kind"] == "messages" and had_output:
        store.put("cursor.set", {"folder": run["folder"], "n": run["upto"]})
    if run["kind"] == "task":
        _settle_task(store, run, why)
    audit.note(store, clock, "run.interrupted", run["folder"], why, run["id"])


def _tell(store, run, now_ms):
    """One batch with the run's end: told once, however often the power goes."""
    group = store.state.groups.get(run["folder"])
    if group is not None:
        text = TOLD % bounded.cut(run["result"], _SHOWN_BYTES, 2 * _SHOWN_BYTES)
        store.put("msg.out", run_records.reply(store.state, now_ms, group, text, run["id"]))


def _end_cancelled(store, clock, run):
    why = run_commands.why(run)
    store.put("run.ended", run_records.ended(run, "failed", clock.now_ms(), why, run["result"]))
    if run["kind"] == "messages":
        store.put("cursor.set", {"folder": run["folder"], "n": run["upto"]})
    else:
        _settle_task(store, run, why)


def _settle_task(store, run, why):
    task = store.state.tasks.get(run["task"])
    if task is None:
        return
    changed = dict(task, last_ms=run["started_ms"], last_result="Interrupted: " + why)
    if task["next_ms"] is None and task["status"] == "active":
        changed["status"] = "completed"
    store.put("task.set", changed)
