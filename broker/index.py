"""credentials.json: which names were stored and when they were used. It holds no value and is believed about nothing:
what a credential is and where it belongs, the keyring says."""

import errno
import json
from pathlib import Path
from typing import Any, cast

from broker import limits
from broker.lock_file import held
from broker.whole_file import replace_file

Entry = dict[str, Any]
FILE_BYTES = 64 * 1024


class Index:
    """The file at `path`, 0600; a damaged or missing one is empty to a reader."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> dict[str, Entry]:
        """{name: {"host", "port", "set_ms", "last_used_ms"}}"""
        try:
            with self._path.open("rb") as file:
                value: Any = json.loads(file.read(FILE_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        found = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        return {
            name: cast("Entry", one) for name, one in list(found.items())[: limits.CREDENTIALS] if isinstance(one, dict)
        }

    def version(self) -> tuple[int, ...]:
        """Something that differs after each change of the file; cheaper than reading it."""
        try:
            facts = self._path.stat()
        except OSError:
            return ()
        return facts.st_mtime_ns, facts.st_size, facts.st_ino

    def damaged(self) -> bool:
        """Whether there is a file that cannot be read as this one. Raises OSError."""
        try:
            with self._path.open("rb") as file:
                return not isinstance(json.loads(file.read(FILE_BYTES)), dict)
        except FileNotFoundError:
            return False
        except (ValueError, RecursionError):
            return True

    def begin_anew(self) -> None:
        """Put a damaged file aside, as credentials.json.damaged. Raises OSError."""
        with self._lock():
            if self.damaged():
                self._path.replace(self._path.with_name(self._path.name + ".damaged"))

    def put(self, name: str, **facts: Any) -> None:
        """Change what is said of a name, also while another process changes something. Raises OSError; a damaged file
        is not written over (ENOTRECOVERABLE)."""
        with self._lock():
            entries = self._intact()
            blank: Entry = {"host": "", "port": 0, "set_ms": 0, "last_used_ms": 0}
            entries[name] = blank | entries.get(name, {}) | facts
            self._write(entries)

    def note_use(self, name: str, now_ms: int) -> None:
        """Note when a name was used last, if it is still listed. Raises OSError."""
        with self._lock():
            entries = self._intact()
            if name in entries:
                entries[name] |= {"last_used_ms": now_ms}
                self._write(entries)

    def remove(self, name: str) -> None:
        """Forget a name. Raises OSError."""
        with self._lock():
            entries = self._intact()
            if entries.pop(name, None) is not None:
                self._write(entries)

    def _lock(self) -> Any:
        return held(self._path.with_name("credentials.lock"))

    def _intact(self) -> dict[str, Entry]:
        if self.damaged():
            raise OSError(errno.ENOTRECOVERABLE, "is damaged; run: barnacle secret list", str(self._path))
        return self.entries()

    def _write(self, entries: dict[str, Entry]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self._path, json.dumps(entries).encode())
