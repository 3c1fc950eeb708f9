"""Files below a trusted folder, where a container can write too: no link that it planted is ever followed.

Every step is opened relative to the one before with O_NOFOLLOW; a file is made anew under a random name and moved to
its place, so what lies there (a link, a FIFO, another name of a file elsewhere) is replaced, not written to.
"""

import contextlib
import fnmatch
import os
import secrets
from collections.abc import Generator
from pathlib import Path
from typing import Final

from app.host.sandbox.errors import BadRun

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def folder(base: Path, *names: str) -> Generator[int]:
    """A descriptor of `base`/names…, each made when missing; raises BadRun when one is a link or no folder."""
    descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            inner = _step(descriptor, name, base, names)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def make_folder(base: Path, *names: str) -> Path:
    """Make `base`/names… and return it."""
    with folder(base, *names):
        return base.joinpath(*names)


def write(base: Path, names: tuple[str, ...], data: bytes, replace: bool = True) -> bool:
    """Write `base`/names… (readable by this user only); without `replace`, only when nothing has the name. Returns
    whether it was written; raises BadRun."""
    with folder(base, *names[:-1]) as at:
        if not replace and _exists(names[-1], at):
            return False
        part = f".{secrets.token_hex(8)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(part, flags, 0o600, dir_fd=at), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(data)
        try:
            os.replace(part, names[-1], src_dir_fd=at, dst_dir_fd=at)
        except OSError as error:
            os.unlink(part, dir_fd=at)
            raise BadRun(
                f"{base.joinpath(*names)} cannot be written: {error.strerror}", "look what is there"
            ) from error
    return True


def prune(base: Path, names: tuple[str, ...], pattern: str, keep: int) -> int:
    """Remove the files in `base`/names… whose names match `pattern`, but for the last `keep` in order of name; returns
    how many went."""
    with folder(base, *names) as at:
        found = sorted(name for name in os.listdir(at) if fnmatch.fnmatchcase(name, pattern))  # noqa: PTH208 - a descriptor
        gone = found[: max(0, len(found) - keep)]
        for name in gone:
            with contextlib.suppress(OSError):  # a folder of that name, or gone meanwhile: no log
                os.unlink(name, dir_fd=at)
    return len(gone)


def _step(descriptor: int, name: str, base: Path, names: tuple[str, ...]) -> int:
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=descriptor)
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except (OSError, ValueError) as error:
        raise BadRun(
            f"{base.joinpath(*names)}: {name!r} cannot be used as a folder ({error})",
            "remove what is there; a container may have put it there",
        ) from error


def _exists(name: str, at: int) -> bool:
    try:
        os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
