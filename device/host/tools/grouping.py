"""The tools on groups: the main group registers chats; the others see themselves."""

from device.host import ipc, limits
from device.host.tools.tool import Tool, schema, text


async def _register(use, args):
    command, fields = ipc.translate(dict(args, type="register_group"), use.api.view)
    group = await use.change("register_group", command, fields)
    return "Registered: " + _line(group)


async def _list(use, args):
    groups = use.api.view.groups
    return "\n".join([_line(groups[folder]) for folder in sorted(groups) if use.is_main or folder == use.folder])


def _line(group):
    answers = group["trigger"] if group["requires_trigger"] and group["folder"] != "main" else "every message"
    return "%s: %s, chat %s, answers to %s" % (group["folder"], group["name"], group["jid"], answers)


TOOLS = (
    Tool(
        "register_group",
        "Begin to serve a chat (main group only).",
        schema(
            ["jid", "name", "folder", "trigger"],
            jid=text("The chat's address", limits.ID_BYTES),
            name=text("Its name", limits.NAME_BYTES),
            folder=text("A short name: letters, digits, - and _", limits.NAME_BYTES),
            trigger=text("The word that calls you, such as @Barnacle", limits.NAME_BYTES),
        ),
        _register,
        main_only=True,
    ),
    Tool("list_groups", "The groups that are served: this one, in the main group all.", schema([]), _list),
)
