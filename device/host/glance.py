"""What the screen shows of the host: one plain object."""

from device.host import limits


def glance(state, clock, zone, queue, running, facts):
    """The view's input. `facts`: {"online", "device", "spool", "problem"}; `queue` is a tele.queue body."""
    now_ms = clock.now_ms()
    view = {
        "now_ms": now_ms,
        "offset_s": zone.offset_s(now_ms),
        "assistant": state.settings["assistant"],
        "running": [_running(state, shown) for shown in running.values()],
        "waiting": [
            {"folder": folder, "name": _name(state, folder), "depth": queue["groups"][folder]["depth"]}
            for folder in queue["waiting"]
            if folder in queue["groups"]
        ],
        "reply": last_reply(state),
        "next": next_tasks(state),
        "groups": len(state.groups),
        "tasks": len(state.tasks),
    }
    view.update(facts)
    return view


def next_tasks(state):
    """The tasks that fire next, soonest first."""
    due = []
    latest_ms = None  # of the NEXT_SHOWN found so far: most tasks need no more than this comparison
    for task in state.tasks.values():
        next_ms = task["next_ms"]
        if next_ms is None or (latest_ms is not None and next_ms > latest_ms) or task["status"] != "active":
            continue
        due.append(task)
        if len(due) >= 2 * limits.NEXT_SHOWN:
            due.sort(key=_due_order)
            del due[limits.NEXT_SHOWN :]
            latest_ms = due[-1]["next_ms"]
    due.sort(key=_due_order)
    del due[limits.NEXT_SHOWN :]
    return [
        {
            "id": t["id"],
            "folder": t["folder"],
            "name": _name(state, t["folder"]),
            "prompt": t["prompt"],
            "next_ms": t["next_ms"],
            "kind": t["kind"],
        }
        for t in due
    ]


def last_reply(state):
    """The newest message that the assistant sent, or None."""
    newest = None
    for ring in state.rings.values():
        for message in reversed(ring):
            if message["from_me"] and not message["sender"]:
                if newest is None or message["n"] > newest["n"]:
                    newest = message
                break
    if newest is None:
        return None
    folder = newest["folder"]
    return {"folder": folder, "name": _name(state, folder), "text": newest["text"], "ts_ms": newest["ts_ms"]}


def _running(state, shown):
    run = shown["run"]
    return {
        "folder": run["folder"],
        "name": _name(state, run["folder"]),
        "kind": run["kind"],
        "text": shown["text"],
        "started_ms": run["started_ms"],
    }


def _name(state, folder):
    group = state.groups.get(folder)
    return group["name"] if group is not None else folder


def _due_order(task):
    return task["next_ms"], task["created_ms"], task["id"]
