"""Text that a model wrote, made fit for chats and screens."""

from device.host import prompt

_KEPT = "\n\t"
_INTERNAL = "<internal>"


def clean(text):
    """The text without control characters, marks that turn the direction of writing, and halves of surrogates."""
    for char in text:
        if not _fits(char):
            break
    else:
        return text
    return "".join([char for char in text if _fits(char)])


def preview(text):
    """A growing text as it may be shown: without its internal parts, one that has begun included."""
    shown = prompt.strip_internal(text)
    start = shown.find(_INTERNAL)
    if start < 0:
        start = shown.rfind("<")
        if start < 0 or not _INTERNAL.startswith(shown[start:]):
            start = len(shown)
    return clean(shown[:start])


def _fits(char):
    code = ord(char)
    if code < 32:
        return char in _KEPT
    if code < 127:
        return True
    return not (code < 160 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or 0xD800 <= code <= 0xDFFF)
