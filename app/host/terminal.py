"""Gives the terminal back as it was when the dashboard could not do that itself (it was killed)."""

import contextlib
import os
import sys
import termios
from collections.abc import Generator

# leave the alternate screen; mouse, focus, paste and keyboard reports off; cursor on, colours off
RESET = (
    "\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?25h\x1b[0m"
)


@contextlib.contextmanager
def terminal_kept() -> Generator[None, None, None]:
    """Restore modes and screen at the end of the block; does nothing without a terminal."""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):  # the terminal may be gone: a hang-up ends us as well
            os.write(sys.stdout.fileno(), RESET.encode())
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
