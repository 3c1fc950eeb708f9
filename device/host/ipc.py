"""NanoClaw's container messages, as a group's own commands. (Its agents ask the host by writing JSON; see the golden
files.) Only what a message says is read here; who says it comes from `actor_of`, and whether it may from policy.

    schedule_task {prompt, schedule_type, schedule_value, targetJid, context_mode?}   -> task.add
    pause_task, resume_task, cancel_task {taskId}                                     -> task.pause, .resume, .remove
    register_group {jid, name, folder, trigger}                  -> group.add; for a chat that has a group: see _group
    refresh_groups {}                                                                 -> groups.refresh
    message {chatJid, text}                                                           -> message.send
"""

from device.host.errors import Refused

_TASK_COMMANDS = {"pause_task": "task.pause", "resume_task": "task.resume", "cancel_task": "task.remove"}
_CONTEXTS = ("group", "isolated")


def actor_of(source_group, is_main):
    """The policy's actor for what arrived in `source_group`'s own place; `is_main` as whoever received it knows it.
    A source that is called main without being it is nobody."""
    if is_main:
        return {"kind": "group", "folder": "main"}
    return {"kind": "group", "folder": None if source_group == "main" else source_group}


def translate(data, state):
    """(command, args) for one message. "message.send" has {"jid", "folder" (None when no group has it), "text"}.

    Raises Refused: unsupported, bad_value (a field is missing, or of a kind that cannot be meant), unknown_group,
    unknown_task. Fields beyond those named above are not read; whole numbers may stand for texts, and anything for the
    text of a message, as JavaScript would write it."""
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "schedule_task":
        return "task.add", _task(data, state)
    if kind == "register_group":
        return _group(data, state)
    if kind == "refresh_groups":
        return "groups.refresh", {}
    if kind == "message":
        jid = _text(data, "chatJid")
        return "message.send", {"jid": jid, "folder": state.folder_of(jid), "text": _said(data)}
    if isinstance(kind, str) and kind in _TASK_COMMANDS:
        return _TASK_COMMANDS[kind], {"id": _task_id(data, state)}
    raise Refused("unsupported", "There is no request of this type.", "See device/host/ipc.py for those there are.")


def _task(data, state):
    jid = _text(data, "targetJid")
    folder = state.folder_of(jid)
    if folder is None:
        raise Refused("unknown_group", "No group has the chat %s." % jid, "Register it first.")
    context = data.get("context_mode")
    return {
        "folder": folder,
        "prompt": _words(data, "prompt"),
        "kind": _text(data, "schedule_type"),
        "value": _words(data, "schedule_value"),
        "context": context if context in _CONTEXTS else "isolated",
    }


def _group(data, state):
    """A chat that is registered again moves to the folder that is named now, or is changed where it is."""
    args = {key: _text(data, key) for key in ("jid", "name", "folder", "trigger")}
    holder = state.folder_of(args["jid"])
    if holder is None:
        return "group.add", args
    if holder != args["folder"]:
        return "group.add", dict(args, move_chat=True)
    del args["jid"]
    return "group.set", dict(args, requires_trigger=True)


def _task_id(data, state):
    task_id = _text(data, "taskId")
    if task_id not in state.tasks:  # the command would also take a part of an id
        raise Refused("unknown_task", "There is no task %s." % task_id)
    return task_id


def _text(data, key):
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise Refused("bad_value", "%s must be a text that is not empty." % key)
    return _well_formed(value)


def _well_formed(text):
    """The text as UTF-8 can hold it: half a surrogate pair, which JSON can escape, becomes U+FFFD."""
    if all(not 0xD800 <= ord(char) <= 0xDFFF for char in text):
        return text
    return "".join(["\ufffd" if 0xD800 <= ord(char) <= 0xDFFF else char for char in text])


def _words(data, key):
    value = data.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and value:
        return str(value)
    return _text(data, key)


def _said(data):
    value = data.get("text")
    if not value and not isinstance(value, (list, dict)):
        raise Refused("bad_value", "text must not be empty.")
    return _javascript_text(value)


def _javascript_text(value):
    """String(value) of a JSON value."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(["" if each is None else _javascript_text(each) for each in value])
    if isinstance(value, dict):
        return "[object Object]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else str(value)
