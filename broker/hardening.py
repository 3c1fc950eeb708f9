"""Makes this process keep its memory to itself. Call `harden()` before the first secret is read.

Not done: mlock. What is swapped out is as safe as the machine's disk; use encrypted swap where that matters.
"""

import ctypes
import faulthandler
import logging
import os
import resource
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

_PR_SET_DUMPABLE = 4
_PR_GET_DUMPABLE = 3
Scrub = Callable[[str], str]
_OF_THE_SESSION = ("HOME", "PATH", "LANG", "LC_ALL", "TZ", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY")
_OF_FILES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "BARNACLE_HOME")
KEPT_ENVIRONMENT = _OF_THE_SESSION + _OF_FILES


def undumpable() -> None:
    """No core, and no other process of this user reads environ, maps or memory (on Linux; elsewhere only no core)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 or libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "this process cannot be protected from others of this user")


def harden(kept_descriptors: Sequence[int] = ()) -> None:
    """For the broker's own process: undumpable, only its own files and environment, nothing told when it fails."""
    undumpable()
    os.umask(0o077)
    _close_inherited(kept_descriptors)
    for name in [name for name in os.environ if name not in KEPT_ENVIRONMENT]:
        del os.environ[name]
    faulthandler.disable()
    sys.excepthook = quiet_excepthook


def quiet_excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The class and the place: no message, no value, no line of source."""
    where = ""
    while trace is not None:
        where, trace = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}", trace.tb_next  # noqa: PTH119
    print(f"credentials: ended by {kind.__name__} at {where}", file=sys.stderr, flush=True)


class PlainRecords(logging.Filter):
    """A last line for logs: tracebacks become the error's class, and `scrub` replaces every known secret."""

    def __init__(self, scrub: Scrub) -> None:
        super().__init__()
        self._scrub = scrub

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record; changes it."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            text += f" ({record.exc_info[0].__name__})"
        record.msg, record.args = self._scrub(text), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _close_inherited(kept: Sequence[int]) -> None:
    start = 3
    for one in sorted(kept):
        os.closerange(start, one)
        start = one + 1
    os.closerange(start, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
