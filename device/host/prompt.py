"""Text in and out of the agent, exactly as NanoClaw words it: the `<messages>` prompt, and the reply to be sent."""

from device.host.letters import trim

_OPEN, _CLOSE = "<internal>", "</internal>"


def escape_xml(text):
    """The text with &, <, > and double quotes as entities; apostrophes and control characters stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def iso_ms(ms):
    """Milliseconds since 1970 UTC as "2026-02-13T12:00:00.000Z"."""
    days, in_day = divmod(ms, 86400000)
    year, month, day = _civil(days)
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


def _civil(days):
    """(year, month, day) of a count of days since 1970-01-01, in the proleptic Gregorian calendar.

    Years begin in March here, so that the leap day is a year's last."""
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (1 if month <= 2 else 0), month, day
