"""The tools on the box itself: show_on_screen and box_status."""

from device.host import limits, schedule
from device.host.errors import Refused
from device.host.plain_text import clean
from device.host.tools.tool import Tool, schema, text

_FACTS = ("heap_used", "heap_free", "storage_used", "storage_free", "flash_bytes_written", "spool", "version", "board")
_NEXT = 5


async def _show(use, args):
    shown = " ".join(clean(args["text"]).split())
    if use.parts.show is None or not shown:
        raise Refused("unsupported" if shown else "bad_value", "there is nothing to show it on" if shown else "empty")
    use.parts.show(shown)
    return "Shown for a minute."


async def _status(use, args):
    facts = use.parts.status() if use.parts.status is not None else {}
    lines = ["time: " + schedule.say_date(use.api.now_ms, use.api.zone)]
    if "uptime_ms" in facts:
        lines.append("up for %d minutes" % (facts["uptime_ms"] // 60000))
    if "online" in facts:
        lines.append("laptop: %s" % ("connected" if facts["online"] else "not connected"))
    lines += ["%s: %s" % (name, facts[name]) for name in _FACTS if name in facts]
    due = [task for task in use.api.view.tasks.values() if task["status"] == "active" and task["next_ms"] is not None]
    due = [(task["next_ms"], task["id"], task["prompt"]) for task in due if use.is_main or task["folder"] == use.folder]
    for next_ms, _, prompt in sorted(due)[:_NEXT]:
        lines.append("next: %s, %s" % (schedule.say_date(next_ms, use.api.zone), " ".join(prompt[:80].split())))
    return "\n".join(lines)


TOOLS = (
    Tool(
        "show_on_screen",
        "Show a short text on the round screen for a minute.",
        schema(["text"], text=text("One or two sentences", limits.SHOWN_BYTES)),
        _show,
    ),
    Tool("box_status", "How the box is: memory, storage, connection, time, what comes next.", schema([]), _status),
)
