"""What a conversation is made of: messages, folded tool steps, and the reply as it grows."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.message_log import Block

TOOL = "tool."
SIGNS = {"allow": ("✓", "green"), "deny": ("✕", "red"), "ask": ("?", "yellow")}
CURSOR = "▍"


Known = dict[tuple[str, object, str], tuple[dict[str, Any], Block]]


def blocks(live: LiveData, folder: str, unfolded: bool, known: Known | None = None) -> list[Block]:
    """The conversation with one group, oldest first. `known` keeps the messages' blocks from one call to the next."""
    parts: list[tuple[int, int, Block]] = []
    made: Known = {}
    for message in live.chats.get(folder, ()):
        key = (folder, message.get("n"), live.zone)
        old = known.get(key) if known is not None else None
        made[key] = old if old and old[0] is message else (message, _message(message, live.zone))
        parts.append((int(message["ts_ms"]), 1, made[key][1]))
    if known is not None:
        known.clear()
        known.update(made)
    for steps in _tool_steps(live, folder):
        parts.append((int(steps[0]["ts_ms"]), 0, _steps(steps, unfolded)))
    parts.sort(key=lambda part: part[:2])
    found = [block for _, _, block in parts]
    growing = live.run_texts.get(folder)
    if growing:
        found.append(_growing(growing))
    return found


def _message(message: dict[str, Any], zone: str) -> Block:
    text = say.plain_lines(message["text"])
    mine = bool(message["from_me"])
    name = say.plain(message.get("sender_name") or ("Barnacle" if mine else "?"), 20)

    def render(width: int) -> RenderableType:
        from rich.markdown import Markdown  # a tenth of what a start takes, and not needed for the first paint

        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(name, "bold cyan" if mine else "bold")
        head.append("  " + say.clock(int(message["ts_ms"]), zone)[:5], "dim")
        # what people wrote stays as they wrote it; what the assistant says is Markdown, without links to click
        body = Markdown(text, hyperlinks=False, code_theme="ansi_dark") if mine else Text(text)
        return Group(head, Padding(body, (0, 0, 1, 2)))

    return Block(f"m{message.get('n')}", text, f"{name} {text}", render)


def _nothing_said(times: Sequence[int], before: int, at: int) -> bool:
    """Whether nothing was said after `before` until `at`."""
    return bisect_right(times, before) == bisect_right(times, at)


def _tool_steps(live: LiveData, folder: str) -> list[list[dict[str, Any]]]:
    """The group's tool calls, those that follow one another together."""
    runs: list[list[dict[str, Any]]] = []
    times = sorted(int(message["ts_ms"]) for message in live.chats.get(folder, ()))
    for record in live.audit:
        if record.get("folder") != folder or not str(record.get("what", "")).startswith(TOOL):
            continue
        at = int(record["ts_ms"])
        if runs and _nothing_said(times, int(runs[-1][-1]["ts_ms"]), at):
            runs[-1].append(record)
        else:
            runs.append([record])
    return runs


def _steps(steps: Sequence[dict[str, Any]], unfolded: bool) -> Block:
    def render(width: int) -> RenderableType:
        names = ", ".join(dict.fromkeys(_name(step) for step in steps))
        text = Text(f"{'▾' if unfolded else '▸'} {len(steps)} tool step{'s' if len(steps) > 1 else ''}: {names}", "dim")
        for step in steps if unfolded else ():
            sign, style = SIGNS.get(str(step.get("decision")), ("·", "dim"))
            text.append(f"\n    {sign} ", style)
            said = " · ".join(say.plain(step[part]) for part in ("detail", "reason") if step.get(part))
            text.append(f"{_name(step)}  {said}")
        return Padding(text, (0, 0, 1, 2))

    return Block(f"t{steps[0]['ts_ms']}", (len(steps), unfolded), " ".join(_name(step) for step in steps), render)


def _name(step: dict[str, Any]) -> str:
    return say.plain(str(step["what"]).removeprefix(TOOL), 30)


def _growing(text: str) -> Block:
    plain = say.plain_lines(text)

    def render(width: int) -> RenderableType:
        return Padding(Text(plain + CURSOR, "italic"), (0, 0, 1, 2))

    return Block("growing", plain, plain, render)
