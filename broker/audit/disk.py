"""What the audit log asks of the file system. Tests put one in its place that fails."""

import os
from pathlib import Path


class Disk:
    """Each call raises OSError as the system does."""

    def write(self, handle: int, data: bytes) -> int:
        """Append; how many bytes were taken."""
        return os.write(handle, data)

    def sync(self, handle: int) -> None:
        """Return when the file's data is on the disk."""
        os.fdatasync(handle)

    def sync_folder(self, folder: Path) -> None:
        """Return when names that came or went are on the disk."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def truncate(self, handle: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(handle, size)

    def allocate(self, handle: int, size: int) -> None:
        """Set real blocks aside."""
        os.posix_fallocate(handle, 0, size)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()
