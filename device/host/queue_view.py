"""What waits and runs, as `tele.queue` tells it and the screen shows it."""

from device.host import run_records


def queue(state, snapshot, running, wall_minus_ticks_ms):
    """The body of tele.queue from dispatch's snapshot. Groups that are idle with nothing waiting are left out.

    `running`: {folder: {"run": run, "text": …}}; dispatch counts retry times in ticks, the wire in UTC.
    """
    groups = {}
    for folder in state.groups:
        box = snapshot["groups"].get(folder)
        shown = running.get(folder)
        waiting = depth(state, folder, box, shown)
        if box is None and not waiting and not state.groups[folder]["paused"]:
            continue
        retry_at = box["retry_ms"] if box is not None else None
        groups[folder] = {
            "state": box["state"] if box is not None else "paused" if state.groups[folder]["paused"] else "idle",
            "depth": waiting,
            "retry_ms": None if retry_at is None else retry_at + wall_minus_ticks_ms,
            "run": shown["run"]["id"] if shown is not None else None,
        }
    return {"slots": snapshot["slots"], "groups": groups, "waiting": snapshot["waiting"]}


def depth(state, folder, box, shown):
    """How much waits in a group: due tasks, and messages that are work and not in the run that goes on."""
    tasks = len(box["tasks"]) if box is not None else 0
    upto = shown["run"]["upto"] if shown is not None else None
    messages = [m for m in state.pending(folder) if upto is None or m["n"] > upto]
    if not messages or not run_records.wakes(state.groups[folder], messages):
        return tasks
    return tasks + len(messages)
