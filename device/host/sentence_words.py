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
_ASKING = "|could you|can you|would you|will you|would you mind|can i|could i|"
_POLITE_FIRST = (
    "|i want you to|i'd like you to|please|kindly|good morning|good afternoon|good evening|good day|hello there|"
    "hi there|hey there|hello|hey|hi|ok|okay|so|thanks|thank you|and|now|also|just|maybe|"
)
_THANKS = "|thanks|thank you|thx|cheers|thanks a lot|thank you very much|many thanks|"
_ENDS = " please me thanks you thx cheers lot much "  # last words of the phrases in _THANKS and _POLITE_LAST
_POLITE_LAST = "|please|for me|"
_PHRASE = 6  # words of the longest phrase in any table
_MEANT = (  # slips of the keyboard and what is meant
    " tommorow=tomorrow tomorow=tomorrow tommorrow=tomorrow tmrw=tomorrow tonite=tonight evry=every everyday=daily"
    " remeber=remember remid=remind pls=please wensday=wednesday wedensday=wednesday workday=weekday workdays=weekdays"
    " thier=their midnite=midnight dont=don't im=i'm wich=which shedule=schedule @=at "
)


class Words:
    """`kept`: the words as written, `low`: the same in lower case without the punctuation around them, common slips
    put right. `question`: whether it ended with "?" and was not a polite request; `greeted`: began with a greeting."""

    def __init__(self, kept, low=None):
        self.kept = kept
        self.low = low if low is not None else [_bare(word) for word in kept]
        self.question = False
        self.greeted = False

    def __len__(self):
        return len(self.kept)

    def cut(self, start, end=None):
        """The words from `start` up to `end`."""
        return Words(self.kept[start:end], self.low[start:end])

    def joined(self, more):
        """These words and `more` behind them."""
        return Words(self.kept + more.kept, self.low + more.low)

    def begins(self, table):
        """How many words the longest phrase of a table ("|remind me|remind us|") has that comes first; 0 for none."""
        return begins(self.low, table)

    def text(self):
        """The words joined again, without the punctuation that joined them to the rest."""
        return " ".join(self.kept).strip(" ,;:-\"'").strip()


def read(text, trigger=""):
    """The Words of a message. `trigger` ("@Barnacle" or "") or its bare name is taken off, as are greetings and
    politeness; one word always stays."""
    text = trim(text)
    for char in _PLAIN:
        if char in text:
            text = text.replace(char, _PLAIN[char])
    name = triggers.name_of(trigger) if trigger else ""
    if name and triggers.matches(trigger, text):
        text = text[len(name) :].lstrip(" ,:;!.-")
    kept = text.split()
    low = [_bare(word) for word in kept]
    if "" in low:  # lone punctuation
        kept = [kept[at] for at in range(len(kept)) if low[at]]
        low = [word for word in low if word]
    words = Words(kept, low)
    question, greeted = text.endswith("?"), False
    name = "|%s|" % name[1:].lower() if len(name) > 1 else "||"
    changed = True
    while changed and len(words) > 1 and "|%s|" % " ".join(words.low[:5]) not in _THANKS:
        cut = _polite_end(words, name)
        if cut:
            words = words.cut(0, -cut)
        changed = False
        asked = words.begins(_ASKING)
        cut = asked or words.begins(_POLITE_FIRST) or words.begins(name)
        if 0 < cut < len(words):
            greeted, question = greeted or not asked, question and not asked
            words, changed = words.cut(cut), True
    if text.endswith("?") and not question and words.kept:
        words.kept[-1] = words.kept[-1].rstrip("?")
    words.question, words.greeted = question, greeted
    return words


def among(word, text):
    """Whether a word is one of those in a text of words with a blank around each (smaller than a tuple of them)."""
    return " %s " % word in text


def begins(low, table):
    """The same for plain lower-case words."""
    if not low or "|" + low[0] not in table:
        return 0
    for count in range(min(len(low), _PHRASE), 0, -1):
        if "|%s|" % " ".join(low[:count]) in table:
            return count
    return 0


def _polite_end(words, name):
    """How many words of politeness stand at the end."""
    if not among(words.low[-1], _ENDS) and not name.endswith(words.low[-1] + "|"):
        return 0
    for count in range(min(len(words) - 1, 4), 0, -1):
        phrase = "|%s|" % " ".join(words.low[-count:])
        # "remind me to say thanks" means it, "…, thanks" does not
        if phrase in _POLITE_LAST or (
            (phrase in _THANKS or phrase == name) and (words.kept[-count - 1][-1] in ",.!?;" or len(words) - count < 3)
        ):
            return count
    return 0


def _bare(word):
    word = word.lower().strip(".,;:!?\"'()")
    at = _MEANT.find(" %s=" % word) if word else -1
    return _MEANT[at + 2 + len(word) : _MEANT.index(" ", at + 1)] if at >= 0 else word
