"""A text edited in the user's own editor."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from app.cli.problems import RefusedError


class Editor:
    """`with Editor(name) as editor:` a private file of that name, which is gone afterwards."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> "Editor":
        self._folder = tempfile.TemporaryDirectory(prefix="barnacle-")
        self._path = Path(self._folder.name) / self._name
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def edit(self, text: str) -> str:
        """The text as it was saved. Raises RefusedError when there is no editor, or it failed."""
        self._path.write_text(text)
        self._path.chmod(0o600)
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            code = subprocess.call([*shlex.split(command), str(self._path)])  # noqa: S603  the user's own editor
        except (OSError, ValueError) as error:
            raise RefusedError(f"the editor {command!r} cannot be started ({error})", "set EDITOR to another") from None
        if code != 0:
            raise RefusedError(f"the editor ended with {code}: nothing was changed", "save and close it to change it")
        try:
            return self._path.read_text()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise RefusedError("what was saved is no UTF-8 text", "save it as UTF-8") from None
