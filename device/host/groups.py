"""Groups: which are well formed, how a new one comes to be, and what may be changed. All functions are pure.

A folder is a group's identity: it names its directory, its mailbox and its rights, so it is checked narrowly and two
groups never share one, not even with different case. Folders are plain keys: "__proto__" is a name like any other.
"""

from device.host import limits
from device.host.errors import Refused
from device.host.state import CONSOLE
from device.host.trigger import name_of

RESERVED = ("global", "errors")  # NanoClaw's shared memory, and where its IPC watcher puts what it cannot read
_ALLOWED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
_NEW = ("folder", "name", "jid", "trigger", "requires_trigger")
BUDGETS = ("budget_tokens", "budget_micro_usd")  # in place of the box's settings; absent: those
BUDGET_MOST = 10**12
_WHOLE = _NEW + ("added_ms", "paused")  # a group dict may be given as it is: these two are set anew
_FOLDER_REMEDY = "Use letters, digits, - and _, for example family-chat."


def check_folder(folder):
    """The folder, if it may name a group; raises Refused (bad_value, too_large, reserved)."""
    if not isinstance(folder, str) or not folder:
        raise Refused("bad_value", "A group needs a folder name.", _FOLDER_REMEDY)
    for char in folder:
        if char not in _ALLOWED:
            raise Refused("bad_value", "The folder %r holds a character that is not allowed." % folder, _FOLDER_REMEDY)
    if len(folder) > limits.NAME_BYTES:
        raise Refused(
            "too_large", "The folder name is longer than %d bytes." % limits.NAME_BYTES, "Choose a shorter one."
        )
    if folder.lower() in RESERVED or (folder.lower() == "main" and folder != "main"):
        raise Refused("reserved", "The folder %s is reserved." % folder, "Choose another name.")
    return folder


def new_group(args, now_ms, existing, assistant="Barnacle"):
    """The group dict for `group.add`'s args {folder, name?, jid?, trigger?, requires_trigger?}; `existing` is
    {folder: group}. Name defaults to the folder, jid to "console:<folder>", trigger to "@<assistant>". Raises Refused
    (bad_value, too_large, reserved, duplicate, full)."""
    _check_keys(args, _WHOLE)
    folder = check_folder(args.get("folder"))
    _check_folder_free(folder, existing)
    if len(existing) >= limits.GROUPS:
        raise Refused("full", "There are %d groups, which is the most." % limits.GROUPS, "Remove one first.")
    group = {
        "folder": folder,
        "jid": args.get("jid") or CONSOLE + folder,
        "name": args.get("name", folder),
        "trigger": args.get("trigger") or "@" + assistant,
        "requires_trigger": args.get("requires_trigger", True),
        "added_ms": now_ms,
        "paused": False,
    }
    return _checked(group, existing)


def changed_group(group, args, existing):
    """The group with `group.set`'s args {folder, name?, jid?, trigger?, requires_trigger?, budget_tokens?,
    budget_micro_usd?} put in (a budget of None: as the box's settings say); the one given stays as it is. Raises
    Refused as `new_group` does."""
    _check_keys(args, _NEW + BUDGETS)
    changed = dict(group)
    for key in BUDGETS:
        if args.get(key) is not None:
            changed[key] = checked_budget(key, args[key])
        elif key in args:
            changed.pop(key, None)
    for key in _NEW[1:]:
        if key in args:
            changed[key] = args[key]
    return _checked(changed, existing)


def checked_budget(key, value):
    """The value, if it may be the most that is spent in a day (0: no limit); raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= BUDGET_MOST:
        raise Refused("bad_value", "%s is no whole number from 0 (no limit) to %d" % (key, BUDGET_MOST))
    return value


def _checked(group, existing):
    _check_text(group, "name", limits.NAME_BYTES)
    _check_text(group, "jid", limits.ID_BYTES)
    _check_text(group, "trigger", limits.NAME_BYTES)
    if name_of(group["trigger"]) == "@":
        raise Refused("bad_value", "The trigger is empty.", "Give a name, for example @Barnacle.")
    if not isinstance(group["requires_trigger"], bool):
        raise Refused("bad_value", "requires_trigger must be true or false.")
    for other in existing.values():
        if other["jid"] == group["jid"] and other["folder"] != group["folder"]:
            said = "The chat %s belongs to group %s." % (group["jid"], other["folder"])
            raise Refused("duplicate", said, "Remove that group first, or use another chat.")
    if group["jid"].startswith(CONSOLE) and group["jid"] != CONSOLE + group["folder"]:
        said = "%s is where the owner reaches another folder." % group["jid"]
        raise Refused("reserved", said, "Use the chat's own address, or %s." % (CONSOLE + group["folder"]))
    return group


def _check_folder_free(folder, existing):
    for taken in existing:
        if taken.lower() == folder.lower():
            raise Refused("duplicate", "There is a group in folder %s already." % taken, "Choose another folder.")


def _check_text(group, key, most_bytes):
    text = group[key]
    if not isinstance(text, str) or not text.strip():
        raise Refused("bad_value", "The group's %s must be a text that is not empty." % key)
    if len(text.encode()) > most_bytes:
        raise Refused(
            "too_large", "The group's %s is longer than %d bytes." % (key, most_bytes), "Choose a shorter one."
        )
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise Refused("bad_value", "The group's %s holds control characters." % key, "Leave them out.")


def _check_keys(args, known):
    for key in args:
        if key not in known:
            raise Refused("bad_value", "A group has no setting called %s." % key, "Known: %s." % ", ".join(known))
