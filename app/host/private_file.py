"""Files that only their owner may read: written atomically with mode 0600, refused when others can read them."""

import os
import stat
import tempfile
from pathlib import Path

from app.errors import KeysError


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text`, durably and at once: a reader sees the old file or the new one. Mode 0600 from the
    first byte on, whatever the umask."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp creates with 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_private(path: Path) -> str:
    """The text of `path`. Raises KeysError when group or others may touch it, or when it cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeysError(f"{path} holds keys and is open to other users (mode {mode:04o})", f"chmod 600 {path}")
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"cannot read {path}: {error}", "check the file's owner and permissions") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
