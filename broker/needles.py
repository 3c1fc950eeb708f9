"""What one secret looks like when it comes back: patterns over bytes for every encoding that is searched for.

Raw; base64 at three offsets, either alphabet, with line breaks; hexadecimal, either case; UTF-16; and any mix,
character by character, of raw, percent-encoded (also twice or three times), escaped with
backslashes (JSON, also nested) and HTML character references.

Of base64 only the characters that the secret alone determines are matched, so a secret inside a longer text is found.
"""

import base64
import re
from collections.abc import Iterable
from functools import lru_cache

_BREAKS = (b"\n", b"\r\n", b"\\n", b"\\r\\n")
_NAMED = {ord("&"): b"amp", ord("<"): b"lt", ord(">"): b"gt", ord('"'): b"quot", ord("'"): b"apos"}
_ESCAPING = frozenset(b"\\%&;")  # a secret with these can be read in more than one way
_MOST_READINGS = 12


class Element:
    """One character of a needle: `pattern` matches each of its forms, `beginnings` are the forms' proper prefixes."""

    def __init__(self, source: bytes, forms: Iterable[bytes]) -> None:
        listed = tuple(forms)
        self.source = source
        self.pattern = re.compile(source)
        self.longest = max(map(len, listed))
        self.beginnings = frozenset(form[:end] for form in listed for end in range(1, len(form)))


class Needle:
    """A secret in one family of encodings."""

    def __init__(self, elements: list[Element], *, ambiguous: bool = False) -> None:
        self.pattern = re.compile(b"".join(element.source for element in elements))
        self._elements = elements
        self._ambiguous = ambiguous
        self._longest = sum(element.longest for element in elements)

    def begins_at(self, data: bytes, *, final: bool = False) -> tuple[int, int]:
        """Where the earliest occurrence begins that `data` ends within, and how many of its characters are there;
        (len(data), 0) when there is none. A secret that can be read in several ways is assumed from its first character
        on, unless this is the `final` look."""
        first = self._elements[0]
        cautious = self._ambiguous and not final
        start = max(0, len(data) - self._longest + 1)
        begun = next(
            (at for at in range(max(start, len(data) - first.longest + 1), len(data)) if data[at:] in first.beginnings),
            len(data),
        )
        for found in first.pattern.finditer(data, start):
            count = 1 if cautious else self._walk(data, found.start())
            if count and found.start() > begun and not final:
                break  # an escape that is not complete yet: what follows its first byte only looks like a beginning
            if count:
                return found.start(), count
        return begun, 0

    def _walk(self, data: bytes, at: int) -> int:
        """How many characters of the needle stand from `at` to the end of the data; 0 when something else follows."""
        for count, element in enumerate(self._elements):
            if at == len(data):
                return count
            found = element.pattern.match(data, at)
            if found is None:
                rest = len(data) - at
                return count if rest < element.longest and data[at:] in element.beginnings else 0
            at = found.end()
        return 0  # a whole occurrence, which is not for the tail to judge


class Needles:
    """All patterns of one secret: `plain` are always searched for, `mixed` only where `hint` is found."""

    def __init__(self, secret: bytes) -> None:
        self.plain = [re.compile(re.escape(secret))]
        self.others = [Needle(_base64_elements(secret, offset)) for offset in range(3)]
        self.others.append(Needle([_hex_element(byte) for byte in secret.hex()]))
        text = secret.decode("latin-1")
        self.others += [
            Needle([_literal(bytes([b])) for b in text.encode(name)]) for name in ("utf-16-le", "utf-16-be")
        ]
        self.plain += [needle.pattern for needle in self.others]
        readings = sum(byte in _ESCAPING for byte in secret)
        atomic = readings > _MOST_READINGS
        elements = [
            _mixed_element(b, atomic=at > 0 and (atomic or b not in _ESCAPING)) for at, b in enumerate(secret[:-1])
        ]
        elements.append(_mixed_element(secret[-1], atomic=True, last=True))
        self.mixed = Needle(elements, ambiguous=readings > 0)
        self.hint = _hint(frozenset(secret))

    @property
    def families(self) -> list[Needle]:
        """Every family of encodings, for what may begin at the end of a chunk."""
        return [self.mixed, *self.others]


@lru_cache(maxsize=16)
def needles(secret: bytes) -> Needles:
    """The patterns of a secret; kept for the few that are in use, as making them takes some milliseconds."""
    return Needles(secret)


def _literal(form: bytes) -> Element:
    return Element(re.escape(form), [form])


def _hex_element(digit: str) -> Element:
    forms = {digit.encode(), digit.upper().encode()}
    return Element(b"[" + b"".join(sorted(forms)) + b"]" if len(forms) > 1 else digit.encode(), forms)


def _base64_elements(secret: bytes, offset: int) -> list[Element]:
    bits = 8 * (offset + len(secret))
    text = base64.b64encode(b"\0" * offset + secret)[-(-8 * offset // 6) : bits // 6]
    return [_base64_element(byte, last=at == len(text) - 1) for at, byte in enumerate(text)]


def _base64_element(byte: int, *, last: bool) -> Element:
    forms = [bytes([byte])]
    if byte in b"+/":
        forms.append(b"-" if byte == ord("+") else b"_")
        forms += [form for char in tuple(forms) for form in _escaped(char[0])]
    source = b"(?:" + b"|".join(re.escape(form) for form in forms) + b")" if len(forms) > 1 else re.escape(forms[0])
    if last:
        return Element(source, forms)
    breaks = b"(?:" + b"|".join(re.escape(each) for each in _BREAKS) + b")?"
    return Element(source + breaks, [form + each for form in forms for each in (b"", *_BREAKS)])


def _escaped(byte: int) -> list[bytes]:
    return (
        [b"%" + code for code in _hex_cases(byte)]
        + [b"\\u00" + code for code in _hex_cases(byte)]
        + [b"\\" + bytes([byte])]
    )


def _mixed_element(byte: int, *, atomic: bool, last: bool = False) -> Element:
    end = b"" if last else b";?"  # in the end it may come later or never: it is left where it is
    raw, code = re.escape(bytes([byte])), _hex_source(byte)
    itself = b"" if _is_word(byte) else b"|" + raw
    named = b"|" + _NAMED[byte] + b";" if byte in _NAMED else b""
    branches = (  # each begins with one literal character: what makes the search fast
        raw,
        rb"%(?:" + code + rb"|25(?:25)?" + code + rb")",
        rb"\\(?:\\{0,3}(?:u00" + code + rb"|x" + code + itself + rb"))",
        rb"&(?:#(?:" + _number_source(byte) + b")" + end + named + rb")",
    )
    if byte in b"%\\&":
        branches = (*branches[1:], raw)
    return Element((b"(?>" if atomic else b"(?:") + b"|".join(branches) + b")", _mixed_forms(byte))


def _number_source(byte: int) -> bytes:
    return rb"0{0,5}" + str(byte).encode() + rb"|[xX]0{0,4}" + _hex_source(byte)


def _mixed_forms(byte: int) -> list[bytes]:
    codes, raw = _hex_cases(byte), bytes([byte])
    slashes = [b"\\" * count for count in range(1, 5)]
    forms = [raw] if _is_word(byte) else [raw, *(slash + raw for slash in slashes)]
    forms += [slash + letter + code for slash in slashes for letter in (b"u00", b"x") for code in codes]
    forms += [b"%" + b"25" * count + code for count in range(3) for code in codes]
    forms += [b"&#" + b"0" * count + str(byte).encode() + b";" for count in range(6)]
    forms += [b"&#" + x + b"0" * count + code + b";" for x in (b"x", b"X") for count in range(5) for code in codes]
    return [*forms, b"&" + _NAMED[byte] + b";"] if byte in _NAMED else forms


def _hex_cases(byte: int) -> list[bytes]:
    high, low = (f"{byte:02x}"[at] for at in (0, 1))
    return [(a + b).encode() for a in sorted({high, high.upper()}) for b in sorted({low, low.upper()})]


def _hex_source(byte: int) -> bytes:
    return b"".join(_hex_element(digit).source for digit in f"{byte:02x}")


def _is_word(byte: int) -> bool:
    """A letter or digit: behind a backslash it means something else."""
    return byte < 128 and chr(byte).isalnum()


def _hint(alphabet: frozenset[int]) -> list[re.Pattern[bytes]]:
    """Patterns of which every mixed form of a secret with this alphabet shows one, if it is not raw."""
    listed = sorted(alphabet)
    codes = _codes_source(alphabet)
    signs = b"".join(re.escape(bytes([byte])) for byte in listed if not _is_word(byte))
    named = b"".join(b"|" + _NAMED[byte] + b";" for byte in listed if byte in _NAMED)
    hints = (
        b"%" + _codes_source(alphabet | {ord("%")}),
        rb"\\(?:u00" + codes + b"|x" + codes + (b"|[" + signs + b"]" if signs else b"") + b")",
        b"&(?:#" + named + b")",
    )
    return [re.compile(hint) for hint in hints]


def _codes_source(alphabet: frozenset[int]) -> bytes:
    """Matches the two hexadecimal digits of each byte, grouped by the first digit."""
    groups: dict[str, set[str]] = {}
    for byte in alphabet:
        high, low = f"{byte:02x}"
        groups.setdefault(high, set()).update((low, low.upper()))
    return (
        b"(?:"
        + b"|".join(
            _hex_element(high).source + b"[" + "".join(sorted(groups[high])).encode() + b"]" for high in sorted(groups)
        )
        + b")"
    )
