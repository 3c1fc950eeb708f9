"""The command that answers what a run asks. It takes (state, args, context) and returns (records, result)."""

from device.host import limits, override_commands
from device.host.audit import name_of
from device.host.errors import Refused

ONCE, A_WHILE, DENY = "once", "15min", "deny"
ANSWERS = (ONCE, A_WHILE, DENY)


def answer(state, args, context):
    """{id, answer: "once", "15min" or "deny"} -> what became of it. Each ask takes one answer; "15min" opens the same
    group, host, port and method for as long. Presence is what the actor brings from the glass, never an argument."""
    ask = find(state, args)
    said = args.get("answer")
    if not isinstance(said, str) or said not in ANSWERS:
        raise Refused("bad_value", "the answer is none of %s" % ", ".join(ANSWERS), "answer with one of them")
    if ask["state"] != "open":
        raise _too_late(ask)
    records = []
    if said == A_WHILE:
        records.append(("override.set", _a_while(state, ask, context)))
    state_now, presence = "denied" if said == DENY else "approved", context.actor.get("presence") is True
    closed = dict(ask, state=state_now, answer=said, by=name_of(context.actor), presence=presence)
    records.append(("ask.set", closed))
    return records, {key: closed[key] for key in ("id", "state", "answer", "by", "presence")}


def find(state, args):
    """The one ask whose id is, or contains, args["id"], open ones first; raises Refused."""
    wanted = args.get("id")
    if not isinstance(wanted, str) or not wanted:
        raise Refused("bad_value", "no ask is named", "give its id or a unique part of it")
    if wanted in state.asks:
        return state.asks[wanted]
    found = [ask for ask in state.asks.values() if wanted in ask["id"]]
    found = [ask for ask in found if ask["state"] == "open"] or found
    if not found:
        raise Refused("unknown_ask", "nothing called %s is asked" % wanted[: limits.NAME_BYTES], "see `barnacle asks`")
    if len(found) > 1:
        raise Refused(
            "bad_value", "%d asks match %s" % (len(found), wanted[: limits.NAME_BYTES]), "give more of the id"
        )
    return found[0]


def _too_late(ask):
    if ask["state"] == "expired":
        return Refused(
            "expired", "nobody answered %s in time, which is a no" % ask["id"], "have the assistant try again"
        )
    return Refused("duplicate", "%s is answered already: %s" % (ask["id"], ask["answer"]))


def _a_while(state, ask, context):
    if ask["host"] == "" or not ask["port"]:
        raise Refused("bad_value", "%s is a question, not a way out of the house" % ask["id"], "answer once or deny")
    wish = {
        "group": ask["folder"],
        "host": ask["host"],
        "port": ask["port"],
        "methods": [ask["method"]],
        "reason": "ask " + ask["id"],
        "minutes": limits.ASK_OVERRIDE_MINUTES,
    }
    return override_commands.made(state, wish, context)


PREPARERS = {"ask.answer": answer}
