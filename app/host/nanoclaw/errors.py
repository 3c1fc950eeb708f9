"""This package's errors.

NanoClawError        base: a ProblemError, so the command line shows it in one line
|-- NotADatabase     the file is missing, no SQLite database, or has no table of NanoClaw's
|-- RowRefused       a row that the database cannot hold (constraint, type, folder taken)
`-- NotAFolder       the directory is no NanoClaw folder
"""

from pathlib import Path

from app.errors import ProblemError


class NanoClawError(ProblemError):
    """Base of this package's errors."""


class NotADatabase(NanoClawError):  # noqa: N818 - says what was met
    """`path` cannot be read as a NanoClaw database."""

    def __init__(self, path: Path | str, why: str) -> None:
        super().__init__(f"{path} is no NanoClaw database: {why}", "name its store/messages.db")


class RowRefused(NanoClawError):  # noqa: N818 - says what was met
    """The database does not take a row; nothing was changed."""


class NotAFolder(NanoClawError):  # noqa: N818 - says what was met
    """`path` is no NanoClaw folder."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no NanoClaw folder: {why}", "name the folder that holds store/, data/ and groups/")
