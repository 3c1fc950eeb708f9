"""A tiny deterministic "brain" that holds a conversation and calls tools on given phrases."""

import html
import json
import re
from typing import Any

from tests.imitation.script import ECHO, Reply

PHRASES: list[tuple[str, str, Any]] = [
    (
        r"remind me to (.+?) every day at (\d{1,2})(?::(\d\d))?",
        "schedule_task",
        lambda found: {
            "prompt": found[1],
            "schedule_type": "cron",
            "schedule_value": f"{int(found[3] or 0)} {int(found[2])} * * *",
            "context_mode": "isolated",
        },
    ),
    (r"list (?:the |my )?tasks", "list_tasks", lambda found: {}),
    (r"fetch (https?://[^\s<>\"]+)", "http_fetch", lambda found: {"method": "GET", "url": found[1]}),
    (
        r"post to (https?://[^\s<>\"]+)",
        "http_fetch",
        lambda found: {"method": "POST", "url": found[1], "body": "hello"},
    ),
    (r"(?:send a message|send the message|say to the group):? (.+)", "send_message", lambda found: {"text": found[1]}),
    (r"remember that (.+)", "notes_write", lambda found: {"text": found[1], "mode": "append"}),
    (r"how is the box", "box_status", lambda found: {}),
    (r"ask the owner (.+)", "ask_owner", lambda found: {"question": found[1]}),
]
SHOWN = 300


def think(body: dict[str, Any]) -> Reply:
    """The reply to a request of either API; the same request gives the same reply."""
    last = body["messages"][-1]
    result = _result(last)
    if result is not None:
        return Reply(f"Done. {result[:SHOWN]}")
    said = _said(last)
    tools = _tools(body)
    for pattern, tool, arguments in PHRASES:
        found = re.search(pattern, said, re.IGNORECASE)
        if found and tool in tools:
            return Reply("Let me see. ", [(tool, arguments(found))])
        if found:
            return Reply(f"I would use {tool} for that, but I have no such tool here.")
    if re.search(r"echo the key", said, re.IGNORECASE):
        return Reply(f"The key is {ECHO}.", headers=[("x-echo", ECHO)])
    if re.search(r"summar", said, re.IGNORECASE):
        return Reply(f"Summary: {len(body['messages'])} messages, the last one: {said[-80:]}")
    sum_of = re.search(r"(\d{1,9}) (?:plus|\+) (\d{1,9})", said)
    if sum_of:
        return Reply(f"{sum_of[1]} plus {sum_of[2]} is {int(sum_of[1]) + int(sum_of[2])}.")
    if re.search(r"who are you|your name", said, re.IGNORECASE):
        return Reply("I am an imitation of a language model, for tests and the demo.")
    return Reply(f"You said: {said[:SHOWN]}")


def _said(message: dict[str, Any]) -> str:
    """The last chat line of a prompt, or all of its text."""
    content = message["content"]
    if isinstance(content, list):
        content = "\n".join(block.get("text", "") for block in content if block.get("type") == "text")
    lines = re.findall(r"<message\b[^>]*>(.*?)</message>", content, re.DOTALL)
    return html.unescape(lines[-1] if lines else content).strip()


def _result(message: dict[str, Any]) -> str | None:
    if message["role"] == "tool":
        return message["content"]
    blocks = message["content"] if isinstance(message["content"], list) else []
    results = [block["content"] for block in blocks if block.get("type") == "tool_result"]
    return (results[-1] if isinstance(results[-1], str) else json.dumps(results[-1])) if results else None


def _tools(body: dict[str, Any]) -> set[str]:
    return {tool.get("name") or tool["function"]["name"] for tool in body.get("tools", [])}
