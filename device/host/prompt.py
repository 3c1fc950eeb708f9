"""Text in and out of the agent, exactly as NanoClaw words it: the `<messages>` prompt, and the reply to be sent."""

from device.host.civil import date_from_days
from device.host.letters import trim

_OPEN, _CLOSE = "<internal>", "</internal>"


def escape_xml(text):
    """The text with &, <, > and double quotes as entities; apostrophes and control characters stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def iso_ms(ms):
    """Milliseconds since 1970 UTC as "2026-02-13T12:00:00.000Z"."""
    days, in_day = divmod(ms, 86400000)
    year, month, day = date_from_days(days)
    seconds, millis = divmod(in_day, 1000)
    clock = (year, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, millis)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % clock


def format_messages(messages):
    """The prompt of a batch. A message has "sender_name", "text" and "ts_ms", or, in place of the last, a ready
    "timestamp" text, which goes in unescaped: only text that this program wrote may be given as such."""
    lines = ["<messages>"]
    for message in messages:
        time = iso_ms(message["ts_ms"]) if "ts_ms" in message else message["timestamp"]
        sender, text = escape_xml(message["sender_name"]), escape_xml(message["text"])
        lines.append('<message sender="%s" time="%s">%s</message>' % (sender, time, text))
    lines.append("</messages>")
    return "\n".join(lines)


def strip_internal(text):
    """The reply without its `<internal>…</internal>` parts (not nested; an unclosed one stays), trimmed."""
    kept, at = [], 0
    while True:
        start = text.find(_OPEN, at)
        end = text.find(_CLOSE, start + len(_OPEN)) if start >= 0 else -1
        if end < 0:
            kept.append(text[at:])
            return trim("".join(kept))
        kept.append(text[at:start])
        at = end + len(_CLOSE)


def format_outbound(text, prefix=None):
    """What a channel sends for a reply: stripped, with "<prefix>: " in front when the channel wants the assistant's
    name (None: it does not); "" when nothing is left to send."""
    text = strip_internal(text)
    return prefix + ": " + text if text and prefix is not None else text
