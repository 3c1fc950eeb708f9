"""The commands by which the owner brings groups, tasks and messages of another assistant to the box.

Each takes (state, args, context) and returns (records, result). They say things that nobody else may say (when a task
last ran, what was answered long ago), so policy keeps them to the owner. What is there already is left as it is: an
import that broke off is made again from the start. Nothing that is imported begins a run by itself: messages that wait
are only taken for a group that is paused.
"""

from device.host import bounded, groups, limits, schedule, task_commands
from device.host.errors import Refused
from device.host.group_commands import find
from device.host.state import weight

STATUSES = ("active", "paused", "completed")
_TASK = ("id", "folder", "prompt", "kind", "value", "context", "missed", "status", "next_ms", "last_ms", "last_result")
_TEXTS = ("id", "sender", "sender_name", "text")
_LAST_MS = 253402300799999  # the end of the year 9999


def add_group(state, args, context):
    """{folder, name?, jid?, trigger?, requires_trigger?, added_ms?, paused?} -> {folder, known}. A known folder stays
    as it is."""
    folder = groups.check_folder(args.get("folder"))
    if folder in state.groups:
        return [], {"folder": folder, "known": True}
    group = groups.new_group(args, context.now_ms, state.groups, state.settings["assistant"])
    group["added_ms"] = _time(args, "added_ms") or context.now_ms
    group["paused"] = args.get("paused", False)
    if not isinstance(group["paused"], bool):
        raise Refused("bad_value", "paused must be true or false")
    return [("group.set", group)], {"folder": folder, "known": False}


def add_task(state, args, context):
    """{id?, folder, prompt, kind, value, context?, missed?, status?, next_ms?, last_ms?, last_result?, created_ms?}
    -> {id, known}. A known id stays as it is; without one it gets one. `next_ms` keeps the phase of an interval."""
    for key in args:
        if key not in _TASK and key != "created_ms":
            raise Refused("bad_value", "a task has no %s" % key[: limits.NAME_BYTES])
    id_ = _text(args, "id", limits.ID_BYTES) if "id" in args else context.new_id("task")
    if id_ in state.tasks:
        return [], {"id": id_, "known": True}
    named = {key: args[key] for key in ("folder", "prompt", "kind", "value", "context", "missed") if key in args}
    find(state, args)
    [(kind, task)], _ = task_commands.add(state, named, context)
    task["id"] = id_
    task["status"] = _status(args)
    task["next_ms"] = _next_ms(args, task, context)
    task["last_ms"] = _time(args, "last_ms")
    task["last_result"] = _result(args)
    task["created_ms"] = _time(args, "created_ms") or context.now_ms
    return [(kind, task)], {"id": id_, "known": False}


def add_messages(state, args, context):
    """{folder, messages: [{id, sender, sender_name, text, ts_ms, from_me}], settled: count} -> {stored, known, left}.

    Oldest first; the first `settled` of them were handed to an agent, so the cursor is put behind them; the others
    wait. `left` counts settled ones without a place: the ring is full of newer ones, or others wait before them.
    """
    group = find(state, args)
    given, settled = _messages(args)
    new_settled, waiting = _unknown(state, group, given[:settled], given[settled:])
    old = _that_fit(state, group["folder"], new_settled)
    _check_waiting(state, group, waiting)
    stored = [_message(group, state.next_n + at, message) for at, message in enumerate(old + waiting)]
    records = [("msg.stored", message) for message in stored]
    if old:
        records.insert(len(old), ("cursor.set", {"folder": group["folder"], "n": stored[len(old) - 1]["n"]}))
    known = len(given) - len(new_settled) - len(waiting)
    return records, {"stored": len(stored), "known": known, "left": len(new_settled) - len(old)}


def add_session(state, args, context):
    """{folder, session} -> {folder, known}: the id by which a language model can go on with a group's conversation."""
    folder = find(state, args)["folder"]
    session = _text(args, "session", limits.ID_BYTES) if isinstance(args.get("session"), str) else None
    if session is None:
        raise Refused("bad_value", "session is no text of one line")
    if state.sessions.get(folder) == session:
        return [], {"folder": folder, "known": True}
    return [("session.set", {"folder": folder, "session": session})], {"folder": folder, "known": False}


def _unknown(state, group, *parts):
    """Of each part the messages that the group has not had yet."""
    known = {message["id"] for message in state.rings[group["folder"]]}
    found = []
    for part in parts:
        found.append([])
        for message in part:
            if message["id"] not in known and not state.knows_message(group["jid"], message["id"]):
                known.add(message["id"])
                found[-1].append(message)
    return found


def _that_fit(state, folder, settled):
    """The settled messages that the ring has room for; none while others wait, which they would stand behind."""
    room, room_bytes, kept = limits.RING_MESSAGES - len(state.rings[folder]), limits.RING_BYTES - state.ring_bytes, []
    for message in settled:
        room_bytes -= weight(message)
        if len(kept) < room and room_bytes >= 0 and not state.pending(folder):
            kept.append(message)
    return kept


def _check_waiting(state, group, waiting):
    """Raises Refused unless these messages may wait in the group, where none of them starts a run."""
    waiting = [message for message in waiting if not message["from_me"]]
    if not waiting:
        return
    folder = group["folder"]
    if not group["paused"]:
        raise Refused("busy", "what waits would start a run of %s" % folder, "pause it: barnacle group pause " + folder)
    if len(state.pending(folder)) + len(waiting) > limits.MAILBOX_MESSAGES:
        raise Refused("full", "%d messages may wait in a group" % limits.MAILBOX_MESSAGES, "import fewer as waiting")
    if state.unsettled_bytes() + sum(weight(message) for message in waiting) > limits.RING_BYTES:
        raise Refused("full", "the box holds as many waiting messages as it can", "resume groups that have some")


def _messages(args):
    given, settled = args.get("messages"), args.get("settled", 0)
    if not isinstance(given, list) or not given:
        raise Refused("bad_value", "messages is no list of messages")
    if len(given) > limits.IMPORT_MESSAGES:
        raise Refused("too_large", "more than %d messages at a time" % limits.IMPORT_MESSAGES, "import them in parts")
    if isinstance(settled, bool) or not isinstance(settled, int) or not 0 <= settled <= len(given):
        raise Refused("bad_value", "settled is no number from 0 to %d" % len(given))
    for message in given:
        _check_message(message)
    return given, settled


def _check_message(message):
    if not isinstance(message, dict) or not all(isinstance(message.get(key), str) for key in _TEXTS):
        raise Refused("bad_value", "a message needs an id, sender, sender_name and text")
    if _time(message, "ts_ms") is None or not isinstance(message.get("from_me"), bool) or not message["id"]:
        raise Refused("bad_value", "a message needs an id, ts_ms and from_me")
    for key in ("id", "sender"):
        if bounded.encoded_bytes(message[key]) > limits.ID_BYTES + 2:
            raise Refused("too_large", "the message's %s exceeds %d bytes" % (key, limits.ID_BYTES))
    text = message["text"]
    if len(text.encode()) > limits.MESSAGE_BYTES or bounded.encoded_bytes(text) > limits.TEXT_ENCODED_BYTES:
        raise Refused("too_large", "the message exceeds %d bytes" % limits.MESSAGE_BYTES, "cut it")


def _message(group, n, given):
    return {
        "n": n,
        "id": given["id"],
        "jid": group["jid"],
        "folder": group["folder"],
        "sender": given["sender"],
        "sender_name": bounded.cut(given["sender_name"], limits.NAME_BYTES, limits.NAME_BYTES + 2),
        "text": given["text"],
        "ts_ms": given["ts_ms"],
        "from_me": given["from_me"],
    }


def _status(args):
    status = args.get("status", "active")
    if status not in STATUSES:
        raise Refused("bad_value", "status is none of %s" % ", ".join(STATUSES))
    return status


def _next_ms(args, task, context):
    """When it runs next, as it was planned. A single time that is no more planned is over; other tasks go on."""
    next_ms = _time(args, "next_ms")
    if task["status"] == "completed":
        return None
    if next_ms is None and task["kind"] == "once":
        raise Refused("bad_value", "a task for a single time needs next_ms", "leave it out, or import it as completed")
    if next_ms is None:
        return schedule.first(task["kind"], task["value"], context.now_ms, context.zone)
    return next_ms


def _result(args):
    result = args.get("last_result")
    if result is not None and not isinstance(result, str):
        raise Refused("bad_value", "last_result is no text")
    return None if result is None else bounded.result(result)


def _text(args, key, most_bytes):
    text = args[key]
    if not isinstance(text, str) or not text.strip() or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise Refused("bad_value", "%s is no text of one line" % key)
    if bounded.encoded_bytes(text) > most_bytes + 2:
        raise Refused("too_large", "%s exceeds %d bytes" % (key, most_bytes))
    return text


def _time(args, key):
    """A moment in ms since 1970, or None when there is none."""
    value = args.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_MS:
        raise Refused("bad_value", "%s is no time in milliseconds" % key)
    return value


PREPARERS = {
    "import.group": add_group,
    "import.task": add_task,
    "import.messages": add_messages,
    "import.session": add_session,
}
