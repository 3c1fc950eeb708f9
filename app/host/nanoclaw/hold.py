"""The groups that an import keeps paused until it is through, remembered on this machine in case it breaks off."""

import json
from pathlib import Path
from typing import Final, cast

from app.host import limits
from app.host.private_file import write_private

UNFINISHED: Final = "unfinished.json"


class Hold:
    """`folders`: what an earlier import that broke off paused, and what this one does. Without a `file` nothing is
    remembered (dry run, tests)."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.folders: set[str] = _read(file) if file else set()

    def add(self, *folders: str) -> None:
        """Remember groups that are about to be paused."""
        if set(folders) <= self.folders:
            return
        self.folders |= set(folders)
        if self._file is not None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._file, json.dumps({"paused": sorted(self.folders)}))

    def clear(self) -> None:
        """The import is through."""
        self.folders = set()
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _read(file: Path) -> set[str]:
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(limits.IMPORT_FILE_BYTES))
        paused = cast("dict[str, object]", found)["paused"]
        return {each for each in cast("list[object]", paused) if isinstance(each, str)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
