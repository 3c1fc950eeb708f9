"""What a test file of `device/` may use, on CPython (under pytest) and on MicroPython (under run_micropython.py) alike.

Test files are plain: functions named `test_…` (sync or async) with `assert`. No pytest features, no fixtures.
"""

import asyncio


class raises:  # noqa: N801 - reads as a statement, like pytest.raises
    """Context manager: passes when the block raises `kind`; the exception is kept as `.error`."""

    def __init__(self, kind):
        self.kind = kind
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            raise AssertionError("did not raise %s" % self.kind.__name__)
        if not isinstance(error, self.kind):
            return False
        self.error = error
        return True


def run(coroutine):
    """Run a coroutine on a fresh event loop and return its value."""
    if hasattr(asyncio, "new_event_loop") and hasattr(asyncio, "core"):
        asyncio.new_event_loop()  # MicroPython keeps one global loop: start clean
    return asyncio.run(coroutine)
