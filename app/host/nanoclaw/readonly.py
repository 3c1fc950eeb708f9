"""A NanoClaw database opened so that neither the file nor its folder changes."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from app.host.nanoclaw.errors import NotADatabase
from app.host.nanoclaw.schema import TABLES

_MAGIC: Final = b"SQLite format 3\0"
_READ_VERSION: Final = 19  # header byte: 2 in WAL mode
_BESIDE: Final = ("-wal", "-journal")


@contextlib.contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection]:
    """A read-only connection. Files that SQLite would have to repair or to write beside (a journal or a write-ahead log
    that is not empty) are copied to a temporary folder and read there. Raises NotADatabase."""
    header = _header(path)
    with contextlib.ExitStack() as stack:
        source, options = path, "mode=ro"
        if any(_size(path, suffix) for suffix in _BESIDE):
            source = _copied(path, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nanoclaw"))))
            options = "mode=rw"
        elif header[_READ_VERSION] == 2:
            options = "mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(source.resolve()))}?{options}", uri=True, isolation_level=None
            )
            stack.callback(connection.close)
            connection.row_factory = sqlite3.Row
            _check_tables(path, connection)
        except sqlite3.Error as error:
            raise NotADatabase(path, str(error)) from error
        yield connection


def in_use(path: Path) -> bool:
    """Whether a journal lies beside it: the program that wrote it runs, or ended in mid-write."""
    return any(_size(path, suffix) for suffix in _BESIDE)


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise NotADatabase(path, error.strerror or str(error)) from error
    if len(header) < 100 or not header.startswith(_MAGIC):
        raise NotADatabase(path, "it is no SQLite file")
    return header


def _check_tables(path: Path, connection: sqlite3.Connection) -> None:
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not names & set(TABLES):
        raise NotADatabase(path, "it has none of the tables " + ", ".join(TABLES))


def _copied(path: Path, folder: Path) -> Path:
    for suffix in ("", *_BESIDE):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(str(path) + suffix, folder / ("messages.db" + suffix))
    return folder / "messages.db"


def _size(path: Path, suffix: str) -> int:
    try:
        return Path(str(path) + suffix).stat().st_size
    except OSError:
        return 0
