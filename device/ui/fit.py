"""Text cut and wrapped to widths in pixels, line by line, so that it follows the round glass. No LVGL.

`advance(character)` is a glyph's width in pixels in the font that will draw it.
"""

DOTS = "..."


def width_of(text, advance):
    """Width of one line of `text` in pixels."""
    return sum([advance(character) for character in text])


def cut(text, width_px, advance):
    """`text` as it fits `width_px`, with dots at the end when something is missing."""
    room = width_px - width_of(DOTS, advance)
    used = fits = 0
    for index, character in enumerate(text):
        used += advance(character)
        if used <= room:
            fits = index + 1
        if used > width_px:
            return text[:fits].rstrip() + DOTS if room >= 0 else ""
    return text


def tail(text, width_px, advance):
    """The end of `text` as it fits `width_px`, with dots in front when something is missing (for text that streams)."""
    if width_of(text, advance) <= width_px:
        return text
    room = width_px - width_of(DOTS, advance)
    start = len(text)
    while start > 0 and room >= advance(text[start - 1]):
        start -= 1
        room -= advance(text[start])
    return DOTS + text[start:].lstrip() if start < len(text) or room >= 0 else ""


def wrap(text, widths_px, advance):
    """`text` broken at spaces into at most `len(widths_px)` lines, line i no wider than `widths_px[i]`.

    A word wider than its line is broken; what does not fit at all ends in dots. Lines that are not needed are left out.
    """
    lines = []
    rest = text
    for index, width_px in enumerate(widths_px):
        if not rest:
            break
        if index == len(widths_px) - 1:
            lines.append(cut(rest, width_px, advance))
            break
        line, rest = _take(rest, width_px, advance)
        lines.append(line)
    return lines


def _take(text, width_px, advance):
    """(the first line of `text`, the rest)."""
    used = 0
    space = -1
    for index, character in enumerate(text):
        if character == " ":
            space = index
        used += advance(character)
        if used > width_px:
            if character == " ":
                return text[:index], text[index + 1 :]
            if space > 0:
                return text[:space], text[space + 1 :]
            index = max(1, index)
            return text[:index], text[index:]
    return text, ""
