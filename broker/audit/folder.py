"""The audit folder: which files are in it, and how they are opened so that nobody is fooled by a link or a stranger."""

import errno
import os
import re
import stat
from pathlib import Path

from broker.errors import Unavailable

_NAME = re.compile(r"audit-([0-9]{6,12})\.log")
LOCK, RESERVE = "lock", "reserve"


class UnsafePathError(Unavailable):
    """A path is a link, belongs to somebody else, or is open to others."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("audit_unavailable", message, remedy)


def file_name(number: int) -> str:
    """The name of the chain's file `number`, from 1."""
    return f"audit-{number:06d}.log"


def numbered_files(folder: Path) -> dict[int, Path]:
    """The chain's files in order, by number. Raises OSError."""
    found = {int(match[1]): path for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}
    return dict(sorted(found.items()))


def check_folder(folder: Path) -> None:
    """Raises UnsafePathError unless `folder` is a real folder of this user that nobody else can enter; OSError."""
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode):
        raise UnsafePathError(f"{folder} is not a folder (a link?)", "put a real folder there")
    _check_owner(folder, state)


def open_file(path: Path, flags: int, mode: int = 0o600) -> int:
    """A descriptor. Raises UnsafePathError for a link, a second name, another owner, open to others; OSError."""
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise UnsafePathError(f"{path} is a link", "move it away; the audit log is a plain file") from None
        raise
    try:
        check_file(path, os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    return handle


def check_file(path: Path, state: os.stat_result) -> None:
    """Raises UnsafePathError unless this is a plain file of this user's with one name, closed to others."""
    if not stat.S_ISREG(state.st_mode):
        raise UnsafePathError(f"{path} is no plain file", "move it away")
    if state.st_nlink > 1:
        raise UnsafePathError(f"{path} has a second name", "remove the other link")
    _check_owner(path, state)


def _check_owner(path: Path, state: os.stat_result) -> None:
    if state.st_uid != os.geteuid():
        raise UnsafePathError(f"{path} belongs to another user", f"chown it to this user: {path}")
    if state.st_mode & 0o077:
        raise UnsafePathError(f"{path} is open to other users", f"chmod go-rwx {path}")
