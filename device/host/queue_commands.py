"""The commands on what waits: try again now, and let go of it without an answer."""

from device.host import group_commands, limits, run_records
from device.host.audit import name_of
from device.host.errors import Refused

_SEE = "see `barnacle queues`"


def retry(state, args, context):
    """{folder} -> {"folder"}: the group's failed messages are handed over again now, as soon as there is a slot, in
    place of waiting for the retry's time. It is the same try that would have come later."""
    folder = group_commands.find(state, args)["folder"]
    if not context.is_retrying(folder):
        raise Refused("bad_value", "nothing of group %s waits for a retry" % folder, _SEE)
    return [("queue.retried", {"folder": folder})], {"folder": folder}


def drop(state, args, context):
    """{folder, id} or {folder, all: true} -> {"folder", "messages", "runs"}, how many were dropped.

    `id` is that of a waiting message or task run, or a part of it that fits only one. What was dropped is settled:
    nobody answers it. What is being answered is left alone (`run.cancel` ends that).
    """
    folder = group_commands.find(state, args)["folder"]
    messages, runs = waiting(state, folder)
    if args.get("all") is not True:
        messages, runs = _one(messages, runs, args.get("id"))
    if not messages and not runs:
        raise Refused("bad_value", "nothing waits in group %s" % folder, _SEE)
    body = {
        "folder": folder,
        "ns": [message["n"] for message in messages],
        "runs": [run["id"] for run in runs],
        "by": name_of(context.actor),
    }
    return [("queue.dropped", body)], {"folder": folder, "messages": len(messages), "runs": len(runs)}


def waiting(state, folder):
    """(messages, runs) that wait in a group: not those that the run that goes on has in hand."""
    runs = [run for run in state.runs if run["folder"] == folder and run_records.is_active(run)]
    upto = max([run["upto"] or 0 for run in runs if run["state"] == "running"] + [0])
    messages = [message for message in state.pending(folder) if message["n"] > upto]
    return messages, [run for run in runs if run["state"] == "queued"]


def _one(messages, runs, wanted):
    if not isinstance(wanted, str) or not wanted:
        raise Refused("bad_value", "nothing is named to be dropped", "give the id of what waits, or all")
    found = [thing for thing in messages + runs if thing["id"] == wanted]
    found = found or [thing for thing in messages + runs if wanted in thing["id"]]
    shown = wanted[: limits.NAME_BYTES]
    if not found:
        raise Refused("bad_value", "nothing that waits has the id %s" % shown, _SEE)
    if len(found) > 1:
        raise Refused("bad_value", "%s fits %d that wait" % (shown, len(found)), "give more of the id")
    if found[0] in runs:
        return [], found
    return found, []


PREPARERS = {"queue.retry": retry, "queue.drop": drop}
