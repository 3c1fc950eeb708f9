"""The router's cursors: what NanoClaw believes it has handed over, held against the messages that are there."""

from typing import Any, Final, cast

from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.findings import Findings
from app.host.nanoclaw.javascript import parse_json

SEEN: Final = "last_timestamp"
HANDED_OVER: Final = "last_agent_timestamp"

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def check_cursors(rows: Rows, findings: Findings) -> None:
    """Findings on router_state; nothing without that table and the messages."""
    if "messages" not in rows:
        return
    times: dict[str, set[Any]] = {}
    for row in rows["messages"]:
        times.setdefault(row["chat_jid"], set()).add(row["timestamp"])
    for row in rows.get("router_state", []):
        if row["key"] == SEEN:
            _check_place(SEEN, row["value"], set[Any]().union(*times.values()), findings)
        elif row["key"] == HANDED_OVER:
            _check_handed_over(row["value"], times, rows, findings)
        else:
            findings.info("router_state", row["key"], "a further key", "nothing to do: it is left alone")


def read_cursors(text: Any) -> dict[str, Any] | None:
    """{jid: time} of a stored last_agent_timestamp; None when it cannot be read."""
    try:
        cursors = parse_json(text)
    except (TypeError, ValueError):
        return None
    return cast("dict[str, Any]", cursors) if isinstance(cursors, dict) else None


def _check_handed_over(text: Any, times: dict[str, set[Any]], rows: Rows, findings: Findings) -> None:
    cursors = read_cursors(text)
    if cursors is None:
        what = "no JSON object: NanoClaw starts with empty cursors and hands everything over again"
        findings.error("router_state", HANDED_OVER, what, 'set it to {} or to {"<jid>": "<time>"}')
        return
    registered = {row["jid"] for row in rows.get("registered_groups", [])}
    for jid, time in cursors.items():
        name = f"{HANDED_OVER} {jid}"
        if jid not in registered:
            findings.warning("router_state", name, "no group has this chat", "take it out")
        _check_place(name, time, times.get(jid, set()), findings)


def _check_place(name: str, time: Any, times: set[Any], findings: Findings) -> None:
    if time == "":
        return
    if rules.utc_ms(time) is None:
        findings.error("router_state", name, f"the cursor is no time: {time!r}"[:200], "set it to a message's time")
    elif time not in times:
        newest = max((str(each) for each in times if each is not None), default="")
        later = time > newest
        what = "the cursor is later than every message" if later else "the cursor points to no message"
        remedy = "set it back to the newest message's time" if later and newest else "nothing, if messages were deleted"
        findings.warning("router_state", name, f"{what} ({time})", remedy)
