"""ask_owner: a question that the owner answers with yes or no, on the round screen or in the terminal."""

from device.host.errors import Refused
from device.host.plain_text import clean
from device.host.tools.tool import Tool, schema, text

_QUESTION_CHARS = 200


async def _ask(use, args):
    question = " ".join(clean(args["question"]).split())
    if use.parts.asks is None or not question:
        raise Refused("unsupported" if question else "bad_value", "nobody can be asked here" if question else "empty")
    answer = await use.parts.asks.ask(use.run, "ask_owner", question, "", "the assistant asks")
    return "The owner says %s." % ("no" if answer in (None, "", "deny") else "yes")


TOOLS = (
    Tool(
        "ask_owner",
        "Ask the owner a question that can be answered with yes or no. No answer within two minutes is a no.",
        schema(["question"], question=text("The question", _QUESTION_CHARS)),
        _ask,
    ),
)
