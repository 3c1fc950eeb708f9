"""What a plain English sentence asks for: one Request. No state is looked at and nothing is done here."""

from device.host.sentence_changes import change
from device.host.sentence_questions import question
from device.host.sentence_request import READ_ONLY, SOCIAL, Request
from device.host.sentence_tasks import new_task
from device.host.sentence_times import UnclearTime
from device.host.sentence_words import read

__all__ = ("READ_ONLY", "SOCIAL", "Request", "understand")


def understand(text, now_ms, zone, trigger=""):
    """The Request in a message's text; times are read in `zone` as seen at `now_ms`."""
    words = read(text, trigger)
    today = (now_ms // 1000 + zone.offset_s(now_ms)) // 86400
    if not len(words) or (trigger and "@" + words.low[0] == trigger.lower() and len(words) == 1):
        return Request("hello" if len(words) and words.greeted else "help")
    try:
        return (
            question(words, today) or change(words, today) or new_task(words, today, now_ms, zone) or Request("unknown")
        )
    except UnclearTime as unclear:
        return Request("unclear", text=str(unclear))
