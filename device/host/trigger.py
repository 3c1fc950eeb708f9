"""Which messages wake the assistant: those that begin with the group's trigger.

The rule is NanoClaw's `^@Name\\b`, without case, on the trimmed text, with one repair: the name ends at a Unicode
word boundary, so "@José hi" wakes José and "@Andyé" does not wake Andy. A name that ends in punctuation or an emoji
needs no boundary.
"""

from device.host.letters import equal_folded, is_word, trim


def name_of(trigger):
    """The name as it must appear in a message: trimmed, with exactly one "@" put or kept in front."""
    name = trim(trigger)
    return name if name.startswith("@") else "@" + name


def matches(trigger, text):
    """Whether `text` begins with `trigger` ("Andy" and "@Andy" mean the same)."""
    name = name_of(trigger)
    text = trim(text)
    if not equal_folded(text[: len(name)], name):
        return False
    following = text[len(name) : len(name) + 1]
    return not (following and is_word(name[-1]) and is_word(following))


def wakes(group, text):
    """Whether a message hands the group's backlog to the agent: `main`, groups without the requirement, or a match."""
    return group["folder"] == "main" or not group["requires_trigger"] or matches(group["trigger"], text)
