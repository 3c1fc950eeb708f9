"""Audit events: who wanted what, what was decided and by which rule. A record like any other, and a ring on the box."""

from device.host import bounded, limits


def entry(ts_ms, what, actor, folder, decision, rule="", reason="", detail=""):
    """The body of an `audit` record. `actor` is a name or an actor dict; decision is allow, deny or info."""
    return {
        "ts_ms": ts_ms,
        "what": what,
        "actor": actor if isinstance(actor, str) else name_of(actor),
        "folder": folder,
        "decision": decision,
        "rule": rule,
        "reason": bounded.result(reason),
        "detail": bounded.result(detail),
    }


def name_of(actor):
    """An actor dict as text: "owner:<client>" or "group:<folder>"."""
    return "owner:%s" % actor.get("name", "") if actor.get("kind") == "owner" else "group:%s" % actor.get("folder", "")


def note(store, clock, what, folder=None, reason="", detail=""):
    """Put an event that the box itself reports. With the spool full it stays on the box, in the audit ring."""
    body = entry(clock.now_ms(), what, "box", folder, "info", "", reason, detail)
    store.put("audit", body, up=store.has_room(1, RECORD_BYTES))


RECORD_BYTES = 512 + 4 * limits.RESULT_BYTES  # the most that an audit record takes in the spool
