"""What was said before, as turns for the model: taken from the group's ring, so that no flash is written for it.

A message is in the conversation while it is younger than the summary's mark (`state.summaries[folder]["upto"]`) and
was handed over already; the assistant's own messages are in it too. Sizes are those in the request: escapes counted.
"""

from device.host import bounded, limits, prompt

_LEFT_OUT = "<note>%d earlier messages are left out here.</note>"
_AROUND_BYTES = 96  # the tag, name and time of one message
_NEWEST = 8  # messages that a summary leaves word for word, at most


def earlier(state, folder, batch):
    """The group's messages before this run, oldest first; those of `batch` and those that still wait are left out."""
    upto = state.summaries[folder]["upto"] if folder in state.summaries else 0
    now = [message["n"] for message in batch or ()]
    cursor = state.cursors.get(folder, 0)
    return [
        message
        for message in state.rings.get(folder, ())
        if message["n"] > upto and message["n"] not in now and (message["from_me"] or message["n"] <= cursor)
    ]


def to_summarise(messages):
    """The part of `earlier` messages that should go into the summary now: none while they fit. At most
    CONVERSATION_BYTES at a time, the oldest first."""
    if len(messages) < limits.CONVERSATION_MESSAGES and size(messages) <= limits.CONVERSATION_BYTES:
        return []
    kept = newest(messages[-_NEWEST:], limits.CONVERSATION_KEPT_BYTES)
    found = messages[: len(messages) - len(kept)]
    while len(found) > 1 and size(found) > limits.CONVERSATION_BYTES:
        found.pop()
    return found


def turns(before, batch, summary):
    """[{"role", "content"}] for the model: the summary, what was said before as far as it fits, and the new messages.
    Without `batch` (a task) only what came before. The first turn is a user's; roles alternate."""
    batch = batch or []
    told = newest(batch, limits.CONVERSATION_BYTES)
    if batch and not told:
        told = batch[-1:]
    before = newest(before, max(0, limits.CONVERSATION_BYTES - size(told)))
    made = []
    if summary:
        _add(made, "user", "<summary>\n%s\n</summary>" % prompt.escape_xml(summary))
    for messages in _runs(before):
        if messages[0]["from_me"]:
            _add(made, "assistant", "\n\n".join([message["text"] for message in messages]))
        else:
            _add(made, "user", prompt.format_messages(messages))
    if len(told) < len(batch):
        _add(made, "user", _LEFT_OUT % (len(batch) - len(told)))
    if told:
        _add(made, "user", prompt.format_messages(told))
    return made


def newest(messages, most_bytes):
    """The longest end of the list that fits `most_bytes`."""
    start, left = len(messages), most_bytes
    while start:
        left -= _weight(messages[start - 1])
        if left < 0:
            break
        start -= 1
    return messages[start:]


def size(messages):
    """What the messages take in a request, about."""
    return sum([_weight(message) for message in messages])


def add_text(made, role, text):
    """Put a text at the end of the turns, into the last one when it is of the same role."""
    _add(made, role, text)


def _add(made, role, text):
    if not made and role != "user":
        made.append({"role": "user", "content": [{"t": "text", "text": "<note>Earlier messages are left out.</note>"}]})
    if made and made[-1]["role"] == role:
        made[-1]["content"].append({"t": "text", "text": text})
    else:
        made.append({"role": role, "content": [{"t": "text", "text": text}]})


def _runs(messages):
    found = []
    for message in messages:
        if found and found[-1][0]["from_me"] == message["from_me"]:
            found[-1].append(message)
        else:
            found.append([message])
    return found


def _weight(message):
    text = message["text"]
    escapes = 4 * text.count("&") + 3 * (text.count("<") + text.count(">")) + 4 * text.count('"')
    return bounded.encoded_bytes(text) + escapes + _AROUND_BYTES
