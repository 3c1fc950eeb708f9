"""The commands on notes: what the assistant shall remember, for all groups ("global") or for one.

The notes for all are read by every group and written by `main` and the owner; a group's own by itself, `main` and the
owner (policy.py decides). They go into the system prompt of each run.
"""

from device.host import bounded, limits
from device.host.errors import Refused
from device.host.prompt import escape_xml

GLOBAL = "global"


def folder_of(actor, args):
    """The folder that a command on notes acts on; None for the notes for all. Raises Refused."""
    scope = args.get("scope")
    if scope is None:
        return actor.get("folder")
    if not isinstance(scope, str) or not scope:
        raise Refused("bad_value", "the scope is no text", 'name a group by its folder, or "global"')
    return None if scope == GLOBAL else scope


def read(state, args, context):
    """{scope?} -> {"scope", "text", "by", "ts_ms"}; with no scope a group's own notes, the owner's for all."""
    scope = _scope(state, args, context)
    empty = {"scope": scope, "text": "", "by": "", "ts_ms": None}
    return [], state.notes.get(scope, empty)


def write(state, args, context):
    """{scope?, text, append?} -> the notes as they are now; an empty text removes them."""
    scope = _scope(state, args, context)
    text = args.get("text")
    if not isinstance(text, str):
        raise Refused("bad_value", "the notes need a text", "give the whole text, or an empty one to remove them")
    text = text.strip()
    append = args.get("append", False)
    if append is True and scope in state.notes:
        text = (state.notes[scope]["text"] + "\n" + text).strip()
    elif not isinstance(append, bool):
        raise Refused("bad_value", "append is neither true nor false")
    in_prompt = bounded.encoded_bytes(escape_xml(text))
    if len(text.encode()) > limits.NOTE_BYTES or in_prompt > limits.NOTE_ENCODED_BYTES:
        raise Refused(
            "too_large", "the notes exceed %d bytes" % limits.NOTE_BYTES, "write a shorter text in their place"
        )
    others = sum([len(note["text"].encode()) for note in state.notes.values() if note["scope"] != scope])
    if text and others + len(text.encode()) > limits.NOTES_BYTES:
        message = "the notes of all groups together exceed %d bytes" % limits.NOTES_BYTES
        raise Refused("full", message, "shorten or remove some: barnacle notes")
    actor = context.actor
    by = "owner" if actor.get("kind") == "owner" else "group:%s" % actor.get("folder")
    note = {"scope": scope, "text": text, "by": by, "ts_ms": context.now_ms}
    return [("note.set", note)], note


def _scope(state, args, context):
    folder = folder_of(context.actor, args)
    if folder is not None and folder not in state.groups:
        raise Refused("unknown_group", "there is no group %s" % folder[: limits.NAME_BYTES], "see `barnacle groups`")
    return GLOBAL if folder is None else folder


PREPARERS = {"notes.get": read, "notes.set": write}
