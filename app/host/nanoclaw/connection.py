"""The connection that the subjects of the database share: statements in, rows as dicts out, refusals translated."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from app.host.nanoclaw.binding import SqlValue
from app.host.nanoclaw.errors import NanoClawError, RowRefused
from app.host.nanoclaw.schema import TABLES

Row = dict[str, Any]


class Connection:
    """Wraps an sqlite3 connection in autocommit mode."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._raw.row_factory = sqlite3.Row

    def run(self, statement: str, values: Sequence[SqlValue] = ()) -> int:
        """Execute; returns the number of rows changed. Raises RowRefused for a broken constraint."""
        with _translated():
            return self._raw.execute(statement, values).rowcount

    def all(self, statement: str, values: Sequence[SqlValue] = ()) -> list[Row]:
        """The rows of a query."""
        with _translated():
            return [dict(row) for row in self._raw.execute(statement, values)]

    def one(self, statement: str, values: Sequence[SqlValue] = ()) -> Row | None:
        """The first row, if any."""
        found = self.all(statement, values)
        return found[0] if found else None

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing of what is run inside."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def table(self, name: str) -> list[Row]:
        """All rows of one of NanoClaw's tables by rowid, with the columns of schema.TABLES."""
        return self.all(f"SELECT {', '.join(TABLES[name])} FROM {name} ORDER BY rowid")  # noqa: S608 - names are ours

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise RowRefused(f"the database refuses the row: {error}") from error
    except sqlite3.Error as error:
        raise NanoClawError(
            f"the NanoClaw database cannot be used: {error}", "check it: barnacle parity check"
        ) from error
