"""A sentence as words: politeness, trigger and punctuation taken off, typographic signs made plain."""

from device.host import trigger as triggers
from device.host.letters import trim

_PLAIN = {
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "…": "...",
    "\u00a0": " ",
    "\u202f": " ",
}
_POLITE_FIRST = (
    ("could", "you"),
    ("can", "you"),
    ("would", "you"),
    ("will", "you"),
    ("i", "want", "you", "to"),
    ("i'd", "like", "you", "to"),
    ("please",),
    ("kindly",),
    ("hey",),
    ("hi",),
    ("hello",),
    ("ok",),
    ("okay",),
    ("and",),
    ("now",),
)
_POLITE_LAST = (("please",), ("thanks",), ("thank", "you"), ("for", "me"))


class Words:
    """`kept`: the words as written, `low`: the same in lower case without the punctuation around them."""

    def __init__(self, kept):
        self.kept = kept
        self.low = [_bare(word) for word in kept]

    def __len__(self):
        return len(self.kept)

    def cut(self, start, end=None):
        """The words from `start` up to `end`."""
        return Words(self.kept[start:end])

    def starts(self, words):
        """Whether these lower-case words come first."""
        return self.low[: len(words)] == list(words)

    def text(self):
        """The words joined again, without the punctuation that joined them to the rest."""
        return " ".join(self.kept).strip(" ,;:-\"'").strip()


def read(text, trigger=""):
    """The Words of a message. `trigger` ("@Barnacle" or "") is taken off the front, as are greetings and politeness."""
    text = trim("".join([_PLAIN.get(char) or char for char in text]))
    if trigger and triggers.matches(trigger, text):
        text = text[len(triggers.name_of(trigger)) :].lstrip(" ,:;!.-")
    words = Words([word for word in text.split() if _bare(word) or word.isdigit()])
    changed = True
    while changed and len(words) > 1:
        changed = False
        for polite in _POLITE_FIRST:
            if words.starts(polite) and len(words) > len(polite):
                words, changed = words.cut(len(polite)), True
        for polite in _POLITE_LAST:
            if words.low[-len(polite) :] == list(polite) and len(words) > len(polite):
                words, changed = words.cut(0, -len(polite)), True
    return words


def _bare(word):
    return word.lower().strip(".,;:!?\"'()")
