"""Makes the two tables of device/host/letters.py from Python's Unicode data; prints them when run.

The word table lists ranges of word characters (letters, marks, numbers, connectors) above ASCII; code points that
Unicode has not assigned may fall on either side, which keeps the table short. The upper-case table lists runs of BMP
characters with a single-character upper case. Both are base64 of varints; see letters.py for the layout.
"""

import base64
import textwrap
import unicodedata

JOINING = ("L", "M", "N")


def is_word(char: str) -> bool:
    """Whether Unicode calls it a letter, mark, number or connector punctuation."""
    category = unicodedata.category(char)
    return category[0] in JOINING or category == "Pc"


def simple_upper(char: str) -> str:
    """JavaScript's case folding without the `u` flag: one UTF-16 unit to one, and never from above ASCII into it."""
    upper = char.upper()
    if ord(char) > 0xFFFF or len(upper) != 1 or (ord(char) > 127 and ord(upper) < 128):
        return char
    return upper


def word_ranges() -> list[tuple[int, int]]:
    """(first, last) of each range above ASCII."""
    ranges: list[tuple[int, int]] = []
    first = last = -1
    for point in range(128, 0x110000):
        if unicodedata.category(chr(point)) == "Cn":
            continue
        if is_word(chr(point)):
            first = point if first < 0 else first
            last = point
        elif first >= 0:
            ranges.append((first, last))
            first = -1
    return [*ranges, (first, last)] if first >= 0 else ranges


def upper_runs() -> list[tuple[int, int, int, int]]:
    """(first, count, step, distance to the upper case) of each run above ASCII."""
    distance = {p: ord(simple_upper(chr(p))) - p for p in range(128, 0x10000) if simple_upper(chr(p)) != chr(p)}
    points = sorted(distance)
    runs: list[tuple[int, int, int, int]] = []
    i = 0
    while i < len(points):
        first = points[i]
        step = 2 if distance.get(first + 1) != distance[first] else 1
        count = 1
        while i + count < len(points) and points[i + count] == first + step * count:
            if distance[points[i + count]] != distance[first]:
                break
            count += 1
        runs.append((first, count, step, distance[first]))
        i += count
    return runs


def varint(value: int) -> bytes:
    """Seven bits per byte, lowest first, the top bit saying that more follow."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def word_table() -> bytes:
    """Per range: gap from the end of the one before, length - 1."""
    out, end = b"", 128
    for first, last in word_ranges():
        out += varint(first - end) + varint(last - first)
        end = last
    return base64.b64encode(out)


def upper_table() -> bytes:
    """Per run: gap from the start of the one before, 2 * (count - 1) + (step - 1), zigzag distance."""
    out, start = b"", 128
    for first, count, step, distance in upper_runs():
        zigzag = distance * 2 if distance >= 0 else -distance * 2 - 1
        out += varint(first - start) + varint(2 * (count - 1) + step - 1) + varint(zigzag)
        start = first
    return base64.b64encode(out)


if __name__ == "__main__":
    for name, table in (("_WORD", word_table()), ("_UPPER", upper_table())):
        print(f"{name} = binascii.a2b_base64(")
        print("\n".join(f'    b"{line}"' for line in textwrap.wrap(table.decode(), 112)))
        print(")")
