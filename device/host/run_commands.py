"""The command that ends a run before its time."""

from device.host import limits
from device.host.audit import name_of
from device.host.errors import Refused


def cancel(state, args, context):
    """{run} or {folder} -> {"run", "folder"}. The run ends as failed, its messages count as handled; the record that
    says so is durable, so that a power cut does not bring the run back."""
    run = find(state, args)
    by = name_of(context.actor)
    return [("run.started", dict(run, cancelled=by))], {"run": run["id"], "folder": run["folder"]}


def find(state, args):
    """The run that goes on in the group args["folder"], or that has the id args["run"]; raises Refused."""
    key = "id" if args.get("run") is not None else "folder"
    wanted = args.get("run") if key == "id" else args.get("folder")
    if not isinstance(wanted, str) or not wanted:
        raise Refused("bad_value", "no run is named", "give a run's id, or a group by its folder")
    for run in reversed(state.runs):
        if run["state"] == "running" and run[key] == wanted:
            return run
    raise Refused("unknown_run", "nothing runs under %s" % wanted[: limits.NAME_BYTES], "see `barnacle queues`")


def is_cancelled(run):
    """True when somebody has asked for the run's end."""
    return run.get("cancelled") is not None


def why(run):
    """The error text of a cancelled run."""
    return "cancelled by %s" % run["cancelled"]


PREPARERS = {"run.cancel": cancel}
