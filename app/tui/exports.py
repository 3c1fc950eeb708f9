"""Files that the dashboard writes for its user."""

import os
from datetime import datetime
from pathlib import Path

TRIES = 100


def new_file(folder: Path, name: str, suffix: str, text: str) -> Path:
    """A new file `NAME-2026-11-22-1530.suffix` readable by its owner only; never an existing one, never through a link.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M")
    for number in range(TRIES):
        path = folder / f"{name}-{stamp}{f'-{number}' if number else ''}{suffix}"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    raise FileExistsError(f"{TRIES} exports of this minute are in {folder} already")
