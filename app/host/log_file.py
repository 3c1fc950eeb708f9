"""A log of bounded size: NAME.log, and NAME.log.1 … NAME.log.<keep> from before."""

from pathlib import Path

LINE_BYTES = 8192  # longer lines are cut; a child cannot fill the disk with one line


class LogFile:
    """Appends bytes; rotates when the file would grow beyond `max_bytes`. At most `keep` + 1 files exist."""

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("ab")
        path.chmod(0o600)

    def write(self, line: bytes) -> None:
        """Append one line (cut at LINE_BYTES), visible to readers at once."""
        if len(line) > LINE_BYTES:
            line = line[: LINE_BYTES - 1] + b"\n"
        if self._file.tell() + len(line) > self._max_bytes and self._file.tell() > 0:
            self._rotate()
        self._file.write(line)
        self._file.flush()

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
        self._file = self.path.open("ab")
        self.path.chmod(0o600)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
