"""Bounds changed for the length of a test, so that going beyond one takes little time and memory."""

from device.host import limits


class smaller:  # noqa: N801 - reads as a statement: with smaller(SEGMENT_BYTES=100)
    """Context manager: sets these constants of limits.py and puts them back."""

    def __init__(self, **values):
        self._values = values
        self._before = {}

    def __enter__(self):
        for name in self._values:
            self._before[name] = getattr(limits, name)
            setattr(limits, name, self._values[name])
        return self

    def __exit__(self, kind, error, trace):
        for name in self._before:
            setattr(limits, name, self._before[name])
        return False
