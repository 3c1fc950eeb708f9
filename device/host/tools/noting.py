"""The tools on notes: what shall be remembered beyond the conversation."""

from device.host import limits
from device.host.tools.tool import Tool, choice, schema, text

_SCOPE = choice("group: this group's own; all: those for all groups (only the main group writes them)", "group", "all")


async def _read(use, args):
    note = use.api.perform("notes.get", {"scope": _scope(use, args)})
    await use.api.committed()
    return note["text"] or "There are no notes."


async def _write(use, args):
    fields = {"scope": _scope(use, args), "text": args["text"], "append": args.get("mode") == "append"}
    note = await use.change("notes_write", "notes.set", fields)
    return "Kept (%d of %d bytes)." % (len(note["text"].encode()), limits.NOTE_BYTES)


def _scope(use, args):
    return "global" if args.get("scope") == "all" else use.folder


TOOLS = (
    Tool(
        "notes_read",
        "Your notes as they are now; they are in your instructions as well.",
        schema([], scope=_SCOPE),
        _read,
    ),
    Tool(
        "notes_write",
        "Keep something for good: the whole text anew, or one more line.",
        schema(
            ["text"],
            text=text("The notes; an empty text removes them", limits.NOTE_BYTES, 0),
            scope=_SCOPE,
            mode=choice("replace (the default) or append", "replace", "append"),
        ),
        _write,
    ),
)
