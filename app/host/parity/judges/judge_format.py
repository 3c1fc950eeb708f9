"""Cases of format.json through device/host/prompt.py and device/host/routes.py."""

# pyright: standard

from app.host.parity.judges.outcome import difference
from device.host import prompt, routes
from device.host.errors import Refused

NEEDS = ("op",)
KNOWS_REPAIRS = True
NANOCLAWS_NAME = "Andy"  # where the environment names no assistant


class Channel:
    """A channel as the cases describe it."""

    def __init__(self, spec):
        self.name = spec["name"]
        self.connected = spec.get("connected", True)
        self._suffixes = spec["suffixes"]

    def owns(self, jid):
        """Whether an address is this channel's."""
        return any(jid.endswith(suffix) for suffix in self._suffixes)


def judge(case, context):
    """Compare outputs, and that an error is an error."""
    if "error" not in case and "output" not in case:
        raise KeyError("output")
    try:
        got = {"output": _answer(case)}
    except (AttributeError, Refused):
        got = {"error": True}
    return difference({"error": True} if "error" in case else {"output": case["output"]}, got)


def _answer(case):
    op = case["op"]
    if op == "formatMessages":
        return prompt.format_messages([_message(message) for message in case["messages"]])
    if op == "escapeXml":
        return prompt.escape_xml(case["text"])
    if op == "stripInternalTags":
        return prompt.strip_internal(case["text"])
    if op == "formatOutbound":
        name = case["assistant"] or NANOCLAWS_NAME
        return prompt.format_outbound(case["text"], name if case.get("prefix", True) else None)
    channels = [Channel(spec) for spec in case["channels"]]
    if op == "findChannel":
        channel = routes.find_channel(channels, case["jid"])
        return channel.name if channel else None
    if op != "routeOutbound":
        raise ValueError("no such op: " + op)
    channel = routes.route_outbound(channels, case["jid"])
    return {"channel": channel.name, "jid": case["jid"], "text": case["text"]}


def _message(case):
    # JavaScript writes a missing time as its name; Barnacle's messages always have one.
    time = case.get("timestamp", "undefined")
    return {
        "sender_name": case.get("sender_name"),
        "text": case.get("content"),
        "timestamp": "null" if time is None else time,
    }
