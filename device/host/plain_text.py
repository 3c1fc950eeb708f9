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


def visible(text):
    """One line in which every character shows: what is not seen, or changes how others are seen, becomes "\ufffd". For
    what somebody decides by."""
    words = text.replace("\n", " ").replace("\t", " ").replace("\r", " ").split(" ")
    return "".join([char if _shows(char) else "\ufffd" for char in " ".join([word for word in words if word])])


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


def _shows(char):
    code = ord(char)
    if not _fits(char) or code < 32:
        return False
    return not (
        code in (0xAD, 0x61C, 0x180E, 0xFEFF, 0x3164, 0xFFA0, 0x115F, 0x1160, 0x2800)
        or 0x200B <= code <= 0x200F
        or 0x2028 <= code <= 0x202F
        or 0x2060 <= code <= 0x206F
        or 0xFE00 <= code <= 0xFE0F
        or 0xFFF9 <= code <= 0xFFFB
        or 0xE0000 <= code <= 0xE0FFF
    )
