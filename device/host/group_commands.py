"""The commands on groups and settings. Each takes (state, args, context) and returns (records, result)."""

from device.host import bounded, groups, limits, tz
from device.host.errors import Refused
from device.host.run_records import is_active

_SETTINGS = "assistant, zone, rule, slots, budget_tokens, budget_micro_usd"


def add(state, args, context):
    """{folder, name, jid?, trigger?, requires_trigger?, move_chat?} -> the new group. With `move_chat` it takes a chat
    that another group has; that one keeps its folder, messages and tasks, and is reached through the console."""
    args = dict(args)
    released = _release(state, args) if args.pop("move_chat", False) is True else {}
    existing = dict(state.groups)
    existing.update(released)
    group = groups.new_group(args, context.now_ms, existing, state.settings["assistant"])
    return [("group.set", changed) for changed in released.values()] + [("group.set", group)], group


def _release(state, args):
    """{folder: group} of the group whose chat is taken, with its console address instead; raises Refused for `main`."""
    folder = state.folder_of(args.get("jid"))
    if folder is None:
        return {}
    if folder == "main":
        raise Refused("reserved", "the chat of the main group stays with it", "use another chat")
    return {folder: groups.changed_group(state.groups[folder], {"jid": "console:" + folder}, state.groups)}


def change(state, args, context):
    """{folder, name?, jid?, trigger?, requires_trigger?, budget_tokens?, budget_micro_usd?} -> the changed group;
    checked as a new one would be. What a group may spend is the owner's alone to say."""
    old = find(state, args)
    if context.actor.get("kind") != "owner" and [key for key in groups.BUDGETS if key in args]:
        raise Refused("not_authorized", "only the owner decides what a group may spend", "")
    group = groups.changed_group(old, args, state.groups)
    return [("group.set", group)], group


def remove(state, args, context):
    """{folder}: forget the group, its messages and its tasks. Refused for `main`, and while it has a run going on."""
    group = find(state, args)
    folder = group["folder"]
    if folder == "main":
        raise Refused("reserved", "the group main belongs to the box and stays", "pause it instead")
    if any(r["folder"] == folder and r["state"] == "running" for r in state.runs if is_active(r)):
        raise Refused("busy", "group %s has a run going on" % folder, "pause it, wait for the end, then remove it")
    return [("group.remove", {"folder": folder})], {"folder": folder}


def pause(state, args, context):
    """{folder}: start nothing more for the group; its messages are kept as far as they fit."""
    group = dict(find(state, args), paused=True)
    return [("group.set", group)], group


def resume(state, args, context):
    """{folder}: end a pause."""
    group = dict(find(state, args), paused=False)
    return [("group.set", group)], group


def set_settings(state, args, context):
    """{assistant?, zone?, rule?, slots?, budget_tokens?, budget_micro_usd?} -> the settings; zone and rule come
    together from the laptop."""
    unknown = [k for k in args if k not in state.settings]
    if unknown or not args:
        raise Refused("bad_value", "no such setting: %s" % ", ".join(sorted(unknown)), _SETTINGS)
    settings = dict(state.settings)
    settings.update(args)
    for key in ("assistant", "zone", "rule"):
        _check_text(key, settings[key])
    slots = settings["slots"]
    if isinstance(slots, bool) or not isinstance(slots, int) or not 1 <= slots <= limits.SLOTS:
        raise Refused("bad_value", "slots is no number from 1 to %d" % limits.SLOTS)
    for key in groups.BUDGETS:
        groups.checked_budget(key, settings[key])
    try:
        tz.Zone(settings["rule"])
    except tz.ZoneError as error:
        raise Refused("bad_value", "the zone rule cannot be read: %s" % error, "give a POSIX TZ rule")
    return [("settings.set", settings)], settings


def find(state, args):
    """The group that args["folder"] names; raises Refused."""
    folder = args.get("folder")
    group = state.groups.get(folder) if isinstance(folder, str) else None
    if group is None:
        raise Refused(
            "unknown_group", "there is no group %s" % str(folder)[: limits.NAME_BYTES], "see `barnacle groups`"
        )
    return group


def _check_text(key, text):
    if not isinstance(text, str) or not text.strip():
        raise Refused("bad_value", "%s is empty" % key)
    if bounded.encoded_bytes(text) > limits.NAME_BYTES + 2:
        raise Refused("too_large", "%s exceeds %d bytes" % (key, limits.NAME_BYTES))


PREPARERS = {
    "group.add": add,
    "group.set": change,
    "group.remove": remove,
    "group.pause": pause,
    "group.resume": resume,
    "settings.set": set_settings,
}
