"""A text that a run has put on the round screen: one at a time, for a while."""

from device.host import bounded, limits


class Shown:
    """`put` replaces what is there; `text` is None when nothing is, or its time is over."""

    def __init__(self, clock):
        self._clock = clock
        self._text = None
        self._until = 0

    def put(self, text):
        """Show the text (cut to SHOWN_BYTES) for SHOWN_MS."""
        self._text = bounded.cut(text, limits.SHOWN_BYTES, 2 * limits.SHOWN_BYTES)
        self._until = self._clock.ticks_ms() + limits.SHOWN_MS

    @property
    def text(self):
        """What is to be seen now."""
        if self._text is not None and self._clock.ticks_ms() >= self._until:
            self._text = None
        return self._text
