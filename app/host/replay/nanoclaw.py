"""NanoClaw's recorded scenarios as timelines: what its channel, its container runner and its database would have told a
Barnacle that stood in the same place.

    message   WhatsApp's fields become a `msg.in`; the assistant's own echo ("Name: …") is `from_me`, as NanoClaw has it
    ipc       a file that an agent or a test wrote, parsed; one that is no JSON is left out (NanoClaw sets it aside)
    stop      a signal, or that the channel was logged out, whereupon NanoClaw ends
    looks     the polling intervals of the recording's host
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, cast

from app.errors import UsageError
from app.host.replay.timeline import SCHEMA, Timeline
from app.host.zone_rules import ZoneNameError, posix_rule

Case = dict[str, Any]
MAIN = "main"
SLOTS_MOST = 8  # device/host/limits.py: SLOTS
LID, OWN = "99990000", "15550000@s.whatsapp.net"
LOGGED_OUT = 401  # WhatsApp's code
TIMEOUT_FLOOR_MS = 30_000  # a container is not stopped before it could have gone idle
_DEFAULTS: dict[str, Any] = {
    "ASSISTANT_NAME": "Andy",
    "TZ": "UTC",
    "POLL_INTERVAL_MS": 2000,
    "SCHEDULER_POLL_INTERVAL_MS": 60000,
    "IPC_POLL_INTERVAL_MS": 1000,
    "IDLE_TIMEOUT": 1800000,
    "CONTAINER_TIMEOUT": 1800000,
    "MAX_CONCURRENT_CONTAINERS": 5,
}
DEFAULT_AGENT = {
    "steps": [{"after": 500, "output": {"status": "success", "result": "reply", "newSessionId": "sess-{folder}"}}],
    "exit": 600,
}


def timeline_of(case: Case, document: dict[str, Any]) -> Timeline:
    """The timeline of one case of a replay.json whose other fields are `document`. Raises UsageError."""
    defaults = {**_DEFAULTS, **document.get("defaults", {})}
    try:
        phases = [_phase(phase["scenario"], phase.get("trace") or [], defaults) for phase in case["phases"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"case {case.get('id')} cannot be read: {error!r}", "record it again") from None
    return {"schema": SCHEMA, "name": case.get("name", case["id"]), "phases": phases}


def _phase(scenario: Case, trace: list[Case], defaults: dict[str, Any]) -> Timeline:
    env: Case = {**defaults, **_part(scenario, "env")}
    start_ms = utc_ms(scenario["start"])
    initial = _part(scenario, "initial")
    assistant = str(env["ASSISTANT_NAME"])
    sessions, router, groups = _from_files(initial)
    idle_ms = _number(env, "IDLE_TIMEOUT", defaults)
    timeout_ms = _number(env, "CONTAINER_TIMEOUT", defaults)
    return {
        "start_ms": start_ms,
        "end_ms": scenario["end_ms"],
        "settings": {
            "assistant": assistant,
            "zone": env["TZ"],
            "rule": _rule(str(env["TZ"])),
            "slots": min(SLOTS_MOST, max(1, _number(env, "MAX_CONCURRENT_CONTAINERS", defaults) or 5)),
        },
        "looks": {
            "messages_ms": int(env["POLL_INTERVAL_MS"]),
            "ipc_ms": int(env["IPC_POLL_INTERVAL_MS"]),
            "schedule_ms": int(env["SCHEDULER_POLL_INTERVAL_MS"]),
        },
        "initial": _initial(initial, groups, router, assistant, start_ms),
        "events": _events(scenario, trace, start_ms, assistant),
        "agents": {
            "scripts": {key: [_script(one) for one in many] for key, many in _part(scenario, "agents").items()},
            "default": _script(_part(scenario, "default_agent") or DEFAULT_AGENT),
            "timeout_ms": max(timeout_ms, idle_ms + TIMEOUT_FLOOR_MS),
            "said_ms": timeout_ms,
            "idle_ms": idle_ms,
            "sessions": sessions,
        },
    }


def _number(env: dict[str, Any], key: str, defaults: dict[str, Any]) -> int:
    """JavaScript's parseInt of an environment value; the default where there is no number."""
    found = re.match(r"\s*([+-]?\d+)", str(env[key]))
    return int(found.group(1)) if found else int(defaults[key])


def _rule(zone: str) -> str:
    try:
        return posix_rule(zone)
    except ZoneNameError as error:
        raise UsageError(str(error), "record it in an IANA zone") from None


def _from_files(initial: Case) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """(sessions, router state, groups): the database's, over those of JSON files from before there was one."""
    files = _part(initial, "files")
    sessions = {**_json(files.get("data/sessions.json")), **_part(initial, "sessions")}
    router = {**_json(files.get("data/router_state.json")), **_part(initial, "router_state")}
    groups = {**_json(files.get("data/registered_groups.json")), **_part(initial, "groups")}
    return sessions, router, groups


def _part(whole: Case, key: str) -> Case:
    """An object within; {} when it is not there."""
    return cast("Case", whole.get(key) or {})


def _list(whole: Case, key: str) -> list[Case]:
    """A list of objects within; [] when it is not there."""
    return cast("list[Case]", whole.get(key) or [])


def _json(value: Any) -> dict[str, Any]:
    """A JSON object that may be text; {} for what is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def router_cursors(router: dict[str, Any]) -> dict[str, str]:
    """{jid: time} up to which NanoClaw had handed messages over; {} when it cannot be read, as NanoClaw takes it."""
    return {jid: str(time) for jid, time in _json(router.get("last_agent_timestamp")).items()}


def _initial(
    initial: Case, groups: dict[str, Any], router: dict[str, Any], assistant: str, start_ms: int
) -> dict[str, Any]:
    folders = {jid: str(group["folder"]) for jid, group in groups.items()}
    seen = router_cursors(router)
    messages: list[Any] = []
    cursors: dict[str, int] = {}
    for n, row in enumerate(sorted(_list(initial, "messages"), key=lambda row: str(row["timestamp"])), 1):
        folder = folders.get(row["chat_jid"])
        if folder is None:
            continue
        messages.append(_stored(row, folder, n, assistant))
        if str(row["timestamp"]) <= seen.get(row["chat_jid"], ""):
            cursors[folder] = n
    return {
        "groups": [_group(jid, group, start_ms) for jid, group in groups.items()],
        "messages": messages,
        "cursors": [{"folder": folder, "n": n} for folder, n in cursors.items()],
        "tasks": [_task(row) for row in _list(initial, "tasks")],
    }


def _group(jid: str, group: Case, start_ms: int) -> dict[str, Any]:
    return {
        "folder": group["folder"],
        "jid": jid,
        "name": group["name"],
        "trigger": group["trigger"],
        "requires_trigger": group.get("requiresTrigger", group.get("requires_trigger")) is not False,
        "added_ms": utc_ms(group.get("added_at"), start_ms),
        "paused": False,
    }


def _task(row: Case) -> dict[str, Any]:
    next_run, last_run = row.get("next_run"), row.get("last_run")
    return {
        "id": row["id"],
        "folder": row["group_folder"],
        "jid": row["chat_jid"],
        "prompt": row["prompt"],
        "kind": row["schedule_type"],
        "value": row["schedule_value"],
        "context": row.get("context_mode") or "isolated",
        "missed": "once",
        "status": row.get("status") or "active",
        "next_ms": None if next_run is None else utc_ms(next_run),
        "last_ms": None if last_run is None else utc_ms(last_run),
        "last_result": row.get("last_result"),
        "created_ms": utc_ms(row["created_at"]),
    }


def _stored(row: Case, folder: str, n: int, assistant: str) -> dict[str, Any]:
    return {
        "n": n,
        "id": row["id"],
        "jid": row["chat_jid"],
        "folder": folder,
        "sender": row["sender"],
        "sender_name": row["sender_name"],
        "text": row["content"],
        "ts_ms": utc_ms(row["timestamp"]),
        "from_me": is_echo(str(row["content"]), assistant),
    }


def _events(scenario: Case, trace: list[Case], start_ms: int, assistant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    came = {(entry["jid"], entry["msg_id"]) for entry in trace if entry["ev"] == "inbound"}
    for event in sorted(_list(scenario, "events"), key=lambda event: event["t"]):
        kind = event.get("type")
        if kind == "inbound":
            body = _message(event, start_ms, assistant)
            if body is not None and (not came or (event["jid"], event["msg_id"]) in came):
                found.append({"t": event["t"], "kind": "message", "body": body})
        elif kind == "ipc":
            if str(event.get("name", ".json")).endswith(".json"):
                found.append({"t": event["t"], "kind": "ipc", **ipc_request(event)})
        elif kind == "signal" or (kind == "disconnect" and event.get("code") == LOGGED_OUT):
            found.append({"t": event["t"], "kind": "stop"})
        elif kind not in ("disconnect", "fail_sends"):  # the channel's own affairs: see recording.py
            raise UsageError(f"an event of an unknown type {kind!r}", "record it again")
    return found


def ipc_request(file: Case) -> dict[str, Any]:
    """{"folder", "where", "name", "data"} of an IPC file; text is read as JSON, and what is none becomes None."""
    data = file.get("data")
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            data = None
    return {"folder": file["folder"], "where": file["kind"], "name": file.get("name", ""), "data": data}


def _script(script: Case) -> Case:
    """A recorded agent; its IPC files as requests."""
    steps = [{**step, "ipc": ipc_request(step["ipc"])} if "ipc" in step else step for step in _list(script, "steps")]
    return {**script, "steps": steps}


def _message(event: Case, start_ms: int, assistant: str) -> dict[str, Any] | None:
    """The `msg.in` of a WhatsApp message; None for one without content, which the channel passes over."""
    if "text" not in event and event.get("message") is None:
        return None
    jid = str(event["jid"])
    if jid.split(":")[0].split("@")[0] == LID and jid.endswith("@lid"):
        jid = OWN
    text = str(event["text"]) if "text" in event else _content(event["message"])
    sender = str(event.get("participant") or event["jid"])
    seconds = event.get("ts", (start_ms + int(event["t"])) // 1000)
    return {
        "jid": jid,
        "id": str(event["msg_id"]),
        "sender": sender,
        "sender_name": str(event.get("push_name") or sender.split("@")[0]),
        "text": text,
        "ts_ms": int(seconds) * 1000,
        "from_me": is_echo(text, assistant),
    }


def _content(message: Case) -> str:
    parts = (
        message.get("conversation"),
        _part(message, "extendedTextMessage").get("text"),
        _part(message, "imageMessage").get("caption"),
        _part(message, "videoMessage").get("caption"),
    )
    return next((str(part) for part in parts if part), "")


def is_echo(text: str, assistant: str) -> bool:
    """NanoClaw's filter of its own replies: SQL's LIKE 'Name:%', which ignores the case of ASCII letters only."""
    pattern = "".join("." if char == "_" else ".*" if char == "%" else _either_case(char) for char in assistant)
    return re.match(pattern + ":", text, re.DOTALL) is not None


def _either_case(char: str) -> str:
    return f"[{char.lower()}{char.upper()}]" if char.isascii() and char.isalpha() else re.escape(char)


def utc_ms(text: Any, otherwise: int = 0) -> int:
    """An ISO time as milliseconds since 1970; `otherwise` when there is none."""
    if not isinstance(text, str) or not text:
        return otherwise
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
