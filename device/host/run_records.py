"""Run and reply records, and the rule for when waiting messages are work."""

from device.host import bounded, portable, trigger
from device.host.state import ENDED


def queued_task(task, now_ms, due_ms):
    """The record of a task's run that waits for its turn; `due_ms` None when somebody asked for it."""
    return {
        "id": new_id("run", now_ms),
        "folder": task["folder"],
        "kind": "task",
        "task": task["id"],
        "due_ms": due_ms,
        "queued_ms": now_ms,
        "started_ms": None,
        "ended_ms": None,
        "state": "queued",
        "upto": None,
        "result": None,
        "error": None,
        "attempt": 1,
    }


def started_messages(folder, batch, now_ms, attempt):
    """The record of a run that hands over these messages now."""
    return {
        "id": new_id("run", now_ms),
        "folder": folder,
        "kind": "messages",
        "task": None,
        "due_ms": None,
        "queued_ms": now_ms,
        "started_ms": now_ms,
        "ended_ms": None,
        "state": "running",
        "upto": max(message["n"] for message in batch),
        "result": None,
        "error": None,
        "attempt": attempt,
    }


def ended(run, state, now_ms, error=None, result=None):
    """The run's last record; texts are cut to what a record keeps."""
    return dict(
        run,
        state=state,
        ended_ms=now_ms,
        result=None if result is None else bounded.result(result),
        error=None if error is None else bounded.result(error),
    )


def wakes(group, messages):
    """True when waiting messages are work: in `main` and groups without trigger always, else one must begin with it."""
    if group["folder"] == "main" or not group["requires_trigger"]:
        return bool(messages)
    return any(trigger.matches(group["trigger"], m["text"]) for m in messages)


def reply(state, now_ms, group, text, run_id):
    """The body of a `msg.out`; `prefix` asks the channel to put the assistant's name in front."""
    return {
        "id": new_id("out", now_ms),  # not the number: it starts over when the box is reset
        "n": state.next_n,
        "jid": group["jid"],
        "folder": group["folder"],
        "text": text,
        "run": run_id,
        "prefix": True,
        "ts_ms": now_ms,
    }


def new_id(kind, now_ms):
    """ "<kind>-<milliseconds>-<6 base36>", as NanoClaw names its tasks."""
    number = int.from_bytes(portable.random_bytes(4), "big")
    letters = ""
    for _ in range(6):
        number, digit = divmod(number, 36)
        letters += "0123456789abcdefghijklmnopqrstuvwxyz"[digit]
    return "%s-%d-%s" % (kind, now_ms, letters)


def is_active(run):
    """True for a run that has not ended."""
    return run["state"] not in ENDED
