"""send_message: say something in the chat before the end of the run."""

from device.host import limits
from device.host.errors import Refused
from device.host.plain_text import clean
from device.host.tools.tool import Tool, schema, text


async def _send(use, args):
    jid = args.get("chat_jid")
    folder = use.folder if jid is None else use.api.view.folder_of(jid)
    if folder is None:
        raise Refused("unknown_group", "no group has the chat %s" % jid)
    use.api.authorize("message.send", folder)
    said = clean(args["text"])
    if not said.strip():
        raise Refused("bad_value", "the text is empty")
    await use.api.send(said, folder)
    return "Sent."


TOOLS = (
    Tool(
        "send_message",
        "Send a message to the chat now, before you are done. Your last text is sent by itself: do not repeat it.",
        schema(
            ["text"],
            text=text("What to say", limits.MESSAGE_BYTES),
            chat_jid=text("Another group's chat (main group only)", limits.ID_BYTES),
        ),
        _send,
    ),
)
