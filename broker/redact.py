"""Takes secrets out of a stream of bytes, as it passes.

    redactor = Redactor([secret])
    out = redactor.feed(chunk) ; … ; out = redactor.end()

What is found (broker/needles.py lists the encodings) is replaced by `[redacted]`. Only what could be the beginning of a
secret at the end of a chunk is held back, nothing else: a streamed answer is not delayed.
"""

from collections.abc import Iterable

from broker.limits import PARTIAL_CHARS, SECRET_MIN_BYTES
from broker.needles import Needles, needles

MARK = b"[redacted]"


class Redactor:
    """For one stream. `count` says how many times something was taken out. Raises ValueError for a secret shorter than
    SECRET_MIN_BYTES, which would be found everywhere."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        listed = list(secrets)
        if any(len(secret) < SECRET_MIN_BYTES for secret in listed):
            raise ValueError(f"a secret has less than {SECRET_MIN_BYTES} bytes")
        self.count = 0
        self._needles: list[Needles] = [needles(secret) for secret in listed]
        self._held = b""

    def __repr__(self) -> str:
        return f"<Redactor, {self.count} taken out>"

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def feed(self, data: bytes) -> bytes:
        """The next bytes that are safe to pass on."""
        if not self._needles:
            return data
        clean = self._replace(self._held + data)
        split = min(needle.begins_at(clean)[0] for each in self._needles for needle in each.families)
        self._held = clean[split:]
        return clean[:split]

    def end(self) -> bytes:
        """The rest of the stream. When it ends within what looks like a secret, that part is taken out too."""
        held, self._held = self._held, b""
        for needle in (needle for each in self._needles for needle in each.families):
            start, count = needle.begins_at(held, final=True)
            if count >= PARTIAL_CHARS:
                held = held[:start] + MARK
                self.count += 1
        return held

    def whole(self, data: bytes) -> bytes:
        """A complete text, without its secrets."""
        return self._replace(data) if self._needles else data

    def _replace(self, data: bytes) -> bytes:
        for each in self._needles:
            patterns = each.plain
            if any(hint.search(data) for hint in each.hint):
                patterns = [*patterns, each.mixed.pattern]
            for pattern in patterns:
                if pattern.search(data):
                    data, found = pattern.subn(MARK, data)
                    self.count += found
        return data
