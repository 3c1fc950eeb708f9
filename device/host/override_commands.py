"""The commands on overrides: exceptions to the rules, each with a scope, a reason and an end of at most a day.

Each takes (state, args, context) and returns (records, result). What no override can open (metadata addresses, the
broker, the box itself) is refused here already, and once more by every decision.
"""

from device.host import addresses, audit, bounded, egress, egress_rules, limits, url
from device.host.errors import Refused

MINUTE_MS = 60 * 1000
_ANY = {"id": "", "group": None, "port": None, "methods": None, "start_ms": 0, "end_ms": 1}
_KEYS = ("group", "host", "port", "methods", "reason", "minutes")


def add(state, args, context):
    """{group?, host, port?, methods?, reason, minutes} -> the override, in force from now on."""
    unknown = sorted([str(key)[: limits.NAME_BYTES] for key in args if key not in _KEYS])
    if unknown:
        raise Refused("bad_value", "an override has no %s" % ", ".join(unknown), ", ".join(_KEYS))
    override = made(state, args, context)
    return [("override.set", override)], override


def remove(state, args, context):
    """{id}: end it now."""
    wanted = args.get("id")
    if not isinstance(wanted, str) or not wanted:
        raise Refused("bad_value", "no override is named", "give its id or a unique part of it")
    found = [id_ for id_ in state.overrides if id_ == wanted] or [id_ for id_ in state.overrides if wanted in id_]
    if not found:
        raise Refused(
            "unknown_override", "there is no override %s" % wanted[: limits.NAME_BYTES], "see `barnacle override list`"
        )
    if len(found) > 1:
        raise Refused("bad_value", "%d overrides match" % len(found), "give more of the id")
    return [("override.end", ended(found[0], "removed by " + audit.name_of(context.actor)))], {"id": found[0]}


def made(state, args, context):
    """The body of a new override, checked; raises Refused."""
    if len(state.overrides) >= limits.OVERRIDES:
        raise Refused("full", "%d overrides are in force" % len(state.overrides), "remove one: barnacle override list")
    length_ms = _minutes(args.get("minutes")) * MINUTE_MS
    override = {
        "id": context.new_id("override"),
        "group": _group(state, args.get("group")),
        "host": None,
        "port": _port(args.get("port")),
        "methods": _methods(args.get("methods")),
        "reason": _reason(args.get("reason")),
        "by": audit.name_of(context.actor),
        "start_ms": context.now_ms,
        "end_ms": context.now_ms + length_ms,
        "left_ms": length_ms,
        "noted_ms": context.now_ms,
    }
    override["host"] = _host(args.get("host"), override)
    return override


def may_open(host):
    """Whether an override may be for this host at all."""
    try:
        _host(host, dict(_ANY))
    except Refused:
        return False
    return True


def ended(id_, why):
    """The body of an `override.end`."""
    return {"id": id_, "why": why}


def _minutes(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limits.OVERRIDE_MINUTES:
        message = "an override ends within %d minutes, and this one says no such end" % limits.OVERRIDE_MINUTES
        raise Refused("bad_value", message, "give minutes from 1 to %d" % limits.OVERRIDE_MINUTES)
    return value


def _group(state, folder):
    if folder is None:
        return None
    if not isinstance(folder, str) or folder not in state.groups:
        raise Refused(
            "unknown_group", "there is no group %s" % str(folder)[: limits.NAME_BYTES], "see `barnacle groups`"
        )
    return folder


def _port(port):
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535):
        raise Refused("bad_value", "the port is no number from 1 to 65535", "leave it out for every port")
    return port


def _methods(methods):
    if methods is None:
        return None
    good = (
        isinstance(methods, list)
        and 0 < len(methods) <= limits.METHODS
        and all([m in egress_rules.METHODS for m in methods])
    )
    if not good:
        raise Refused(
            "bad_value", "methods is no list of HTTP methods", "give some of %s" % ", ".join(egress_rules.METHODS)
        )
    return list(methods)


def _reason(reason):
    if not isinstance(reason, str) or not reason.strip():
        raise Refused("bad_value", "an override needs a reason", "say what it is for")
    if bounded.encoded_bytes(reason) > limits.RESULT_BYTES:
        raise Refused("too_large", "the reason exceeds %d bytes" % limits.RESULT_BYTES, "shorten it")
    return reason


def _host(host, override):
    """The host in its one spelling; refused when nothing may open it."""
    try:
        name, kind, _ = url.check_host(host)
        shown = "[" + name + "]" if kind == "ipv6" else name
        target = url.parse("https://%s:%d/" % (shown, override["port"] or 443))
    except url.TargetError as error:
        raise Refused("bad_value", "the host cannot be used: " + error.message, error.remedy)
    opened = dict(override, host=target.host)
    request = {"target": target, "method": (override["methods"] or ["GET"])[0], "group": override["group"]}
    request["credential"] = None
    decision = egress.decide(request, egress.Rules("", []), [opened], override["start_ms"])
    if decision.rule == "never":
        raise Refused("reserved", "nothing can open %s: %s" % (target.host, decision.reason))
    if egress_rules.is_localhost(target.host) or _is_loopback(target):
        raise Refused("reserved", "%s is the machine that Barnacle runs on, which no override opens" % target.host)
    return target.host


def _is_loopback(target):
    return target.address is not None and addresses.classify(target.address) == "loopback"


PREPARERS = {"override.add": add, "override.remove": remove}
