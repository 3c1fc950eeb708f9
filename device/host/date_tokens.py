"""Cuts a date text into tokens the way V8 does; date_text.py reads them.

A token is (kind, value, length): kind one of "n" number, "s" one of `: - + . )` (value is the character), "w" word
(value = its first three letters, lower case), " " one white space, "?" anything else, "" the end.
"""

from device.host.letters import trim

END = ("", 0, 0)
_SYMBOLS = ":-+.)"
_SIGNIFICANT_DIGITS = 9


class Tokens:
    """A reader with one token of look-ahead."""

    def __init__(self, text):
        self._text = text
        self._at = 0
        self.peek = self._scan()

    def next(self):
        """The current token, moving on."""
        token = self.peek
        self.peek = self._scan()
        return token

    def skip(self, symbol):
        """Move past `symbol` if it is next; whether it was."""
        if self.peek[0] == "s" and self.peek[1] == symbol:
            self.next()
            return True
        return False

    def fixed(self, length, low=0, high=999999):
        """Whether a number of exactly `length` digits within the bounds is next."""
        kind, value, digits = self.peek
        return kind == "n" and digits == length and low <= value <= high

    def _scan(self):
        text, start = self._text, self._at
        if start >= len(text):
            return END
        char = text[start]
        if "0" <= char <= "9":
            return self._number(start)
        if char in _SYMBOLS:
            self._at += 1
            return ("s", char, 1)
        if char >= "A" and trim(char):
            return self._word(start)
        if char == "(":
            self._skip_parentheses()
            return ("?", 0, 0)
        self._at += 1
        return ("?", 0, 1) if trim(char) else (" ", 0, 1)

    def _number(self, start):
        text, at = self._text, start
        while at < len(text) and "0" <= text[at] <= "9":
            at += 1
        self._at = at
        digits = text[start:at].lstrip("0")[:_SIGNIFICANT_DIGITS]
        return ("n", int(digits or "0"), at - start)

    def _word(self, start):
        text, at = self._text, start
        while at < len(text) and text[at] >= "A" and trim(text[at]):
            at += 1
        self._at = at
        return ("w", text[start : min(at, start + 3)].lower(), at - start)

    def _skip_parentheses(self):
        depth = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    return
