"""A log of bounded size: NAME.log, and NAME.log.1 … NAME.log.<keep> from before."""

from io import FileIO
from pathlib import Path

LINE_BYTES = 8192  # longer lines are cut; a child cannot fill the disk with one line


class LogFile:
    """Appends bytes; rotates when the file would grow beyond `max_bytes`. At most `keep` + 1 files exist."""

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._file = self._open()
        self.lost = 0

    def write(self, line: bytes) -> None:
        """Append one line (cut at LINE_BYTES), visible to readers at once. What the disk does not take is lost and
        counted: whoever feeds the log must not stop over it."""
        if len(line) > LINE_BYTES:
            line = line[: LINE_BYTES - 1] + b"\n"
        try:
            if self._file.closed:  # a rotation failed half-way
                self._file = self._open()
            elif self._file.tell() + len(line) > self._max_bytes and self._file.tell() > 0:
                self._rotate()
            self._file.write(line)
        except OSError:
            self.lost += 1

    def fileno(self) -> int:
        """The descriptor of the open file."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._keep, 0, -1):
            older = self._numbered(number)
            newer = self.path if number == 1 else self._numbered(number - 1)
            if newer.exists():
                newer.replace(older)
        self._file = self._open()

    def _open(self) -> FileIO:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.path.open("ab", buffering=0)  # nothing may be left over that closing would have to write
        self.path.chmod(0o600)
        return file

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
