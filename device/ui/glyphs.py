"""Text that the built-in font can show: no boxes for what it lacks.

The font has ASCII, the degree sign, the bullet and LVGL's symbols. Latin letters lose their accents, typographic signs
become plain ones, a few pictographs become symbols, other pictographs vanish, other scripts' letters become bullets.
"""

from device.host import limits

OK = "\uf00c"
CLOSE = "\uf00d"
BELL = "\uf0f3"
WIFI = "\uf1eb"
WARNING = "\uf071"
REFRESH = "\uf021"
HOME = "\uf015"
ENVELOPE = "\uf0e0"
PLAY = "\uf04b"
BULLET = "\u2022"

_OWN = (0xB0, 0x2022)

_LETTERS = (
    ("A", "ÀÁÂÃÄÅĀĂĄǍ"), ("a", "àáâãäåāăąǎª"), ("C", "ÇĆĈĊČ"), ("c", "çćĉċč"), ("D", "ĎĐÐ"), ("d", "ďđð"),
    ("E", "ÈÉÊËĒĔĖĘĚ"), ("e", "èéêëēĕėęě"), ("G", "ĜĞĠĢ"), ("g", "ĝğġģ"), ("H", "ĤĦ"), ("h", "ĥħ"),
    ("I", "ÌÍÎÏĨĪĬĮİ"), ("i", "ìíîïĩīĭįı"), ("J", "Ĵ"), ("j", "ĵ"), ("K", "Ķ"), ("k", "ķ"), ("L", "ĹĻĽŁ"),
    ("l", "ĺļľł"),
    ("N", "ÑŃŅŇ"), ("n", "ñńņň"), ("O", "ÒÓÔÕÖØŌŎŐ"), ("o", "òóôõöøōŏőº"), ("R", "ŔŖŘ"), ("r", "ŕŗř"),
    ("S", "ŚŜŞŠȘ"), ("s", "śŝşšș"), ("T", "ŢŤŦȚ"), ("t", "ţťŧț"), ("U", "ÙÚÛÜŨŪŬŮŰŲ"), ("u", "ùúûüũūŭůűų"),
    ("W", "Ŵ"), ("w", "ŵ"), ("Y", "ÝŶŸ"), ("y", "ýÿŷ"), ("Z", "ŹŻŽ"), ("z", "źżž"),
    ("AE", "Æ"), ("ae", "æ"), ("OE", "Œ"), ("oe", "œ"), ("ss", "ß"), ("SS", "ẞ"), ("Th", "Þ"), ("th", "þ"),
)  # fmt: skip
_SIGNS = (
    ('"', "“”„«»‟″"), ("'", "‘’‚‹›′`´"), ("-", "‐‑‒–—―−"), ("...", "…"), ("x", "×"), ("/", "÷⁄"),
    ("EUR ", "€"), ("GBP ", "£"),
    ("->", "→⇒➜➡"), ("<-", "←⇐⬅"), ("^", "↑"), ("v", "↓"), ("1/2", "½"), ("1/4", "¼"), ("3/4", "¾"),
    ("1", "¹"), ("2", "²"), ("3", "³"),
    ("+/-", "±"), ("!", "¡"), ("?", "¿"), ("(c)", "©"), ("(R)", "®"), ("TM", "™"), ("u", "µμ"), (BULLET, "·∙●▪■◦"),
    ("~", "≈"), ("<=", "≤"), (">=", "≥"), ("!=", "≠"), ("S", "§"), (" ", "\u00a0\u202f\u2009\u2002\u2003\u3000"),
)  # fmt: skip
_PICTURES = (
    (OK, "✓✔✅☑"), (CLOSE, "✗✘❌✖"), (WARNING, "⚠❗"), (BELL, "🔔⏰"), (HOME, "🏠🏡"),
    (ENVELOPE, "✉📧📩"), (REFRESH, "🔄"), (PLAY, "▶"),
    (":)", "🙂😀😃😄😊☺"), (":(", "🙁☹😢"), (";)", "😉"), ("<3", "❤♥💙💚💛💜"), ("+1", "👍"), ("*", "⭐★✨☆"),
)  # fmt: skip


def _table():
    table = {}
    for group in (_LETTERS, _SIGNS, _PICTURES):
        for plain_text, characters in group:
            for character in characters:
                table[ord(character)] = plain_text
    return table


_TABLE = _table()
_plain_texts = {}


def plain(text):
    """`text` in characters that the font has; white space of any kind becomes single spaces, lines are joined."""
    text = text[: limits.SHOWN_CHARS]
    found = _plain_texts.get(text)
    if found is None:
        if len(_plain_texts) >= limits.PLAIN_TEXTS:
            _plain_texts.clear()
        found = _plain_texts[text] = _squeeze(_known(text))
    return found


def last_line(text):
    """The last line of a streaming `text` that has something on it, made plain; "" when there is none yet."""
    tail = text[-limits.SHOWN_CHARS :]
    for line in reversed(tail.split("\n")):
        line = _squeeze(_known(line))
        if line:
            return line
    return ""


def _known(text):
    """The characters of `text`, each replaced by what stands for it."""
    return "".join([_one(code) for code in _codes(text)])


def _codes(text):
    """The code points of `text`, surrogate pairs put together (MicroPython's json leaves them apart).

    Read from the bytes: MicroPython keeps every single-character string for ever, and messages may hold any character.
    """
    codes = []
    for byte in text.encode("utf-8", "surrogatepass"):
        if byte < 0x80:
            codes.append(byte)
        elif byte >= 0xC0:
            codes.append(byte & (0x1F if byte < 0xE0 else 0x0F if byte < 0xF0 else 0x07))
        elif codes:
            codes[-1] = codes[-1] << 6 | byte & 0x3F
            if len(codes) > 1 and 0xDC00 <= codes[-1] < 0xE000 and 0xD800 <= codes[-2] < 0xDC00:
                low = codes.pop()
                codes[-1] = 0x10000 + ((codes[-1] & 0x3FF) << 10) + (low & 0x3FF)
    return codes


def _one(code):
    if 32 <= code < 127 or code in _OWN:
        return chr(code)
    known = _TABLE.get(code)
    if known is not None:
        return known
    if code < 32:
        return " "
    return "" if _silent(code) else BULLET


def _silent(code):
    """Whether a character is a mark, a format control, a private glyph or a picture: shown as nothing."""
    return (
        127 <= code < 160
        or code == 0xAD
        or 0x300 <= code <= 0x36F
        or 0x200B <= code <= 0x206F
        or 0x20D0 <= code <= 0x20FF
        or 0x2190 <= code <= 0x2BFF
        or 0xD800 <= code <= 0xF8FF
        or 0xFE00 <= code <= 0xFE0F
        or code == 0xFEFF
        or code >= 0x1F000
    )


def _squeeze(text):
    text = " ".join(text.split())
    while BULLET * 4 in text:  # a word of another script: three bullets say so
        text = text.replace(BULLET * 4, BULLET * 3)
    return text
