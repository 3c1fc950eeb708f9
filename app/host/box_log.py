"""What the box printed, as the supervisor kept it in logs/box.log: the request `box.log`.

Lines are cleaned of what a terminal would obey. `mark` names a place in the file, so that a follower asks for what came
after it; a log that was rotated meanwhile is read from its beginning.
"""

import asyncio
import os
import unicodedata
from pathlib import Path
from typing import Any

from app.host import limits
from app.host.arguments import Arguments
from app.host.refusal import RequestRefused

Args = dict[str, Any]


class BoxLog:
    """`path` is None for a box that runs by itself."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    async def read(self, args: Args) -> Any:
        """{lines?, mark?}: {"lines": the last so many, oldest first, "mark"}; with a mark only lines after it."""
        given = Arguments(args, "lines", "mark")
        count, mark = given.number("lines", limits.LOG_LINES_DEFAULT), given.text("mark", "")
        if not 1 <= count <= limits.LOG_LINES:
            raise RequestRefused("bad_value", f"lines is {count}", f"use a number from 1 to {limits.LOG_LINES}")
        if self._path is None:
            raise RequestRefused(
                "unsupported", "this box is a board of its own: the laptop keeps no log of it", "read its serial port"
            )
        return await asyncio.to_thread(_read, self._path, count, mark)


def _read(path: Path, count: int, mark: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            begin = max(_after(mark, facts), facts.st_size - limits.LOG_TAIL_BYTES, 0)
            file.seek(begin)
            data = file.read(facts.st_size - begin)
    except FileNotFoundError:
        return {"lines": [], "mark": ""}
    except OSError as error:
        raise RequestRefused("unreadable", f"logs/box.log: {error.strerror}", "check its permissions") from None
    whole = data.rfind(b"\n") + 1  # a line that is being written is for the next time
    lines = data[:whole].decode("utf-8", "replace").splitlines()
    if begin and begin > _after(mark, facts):
        lines = lines[1:]  # its beginning is missing
    return {"lines": [clean(line) for line in lines[-count:]], "mark": f"{facts.st_ino}:{begin + whole}"}


def _after(mark: str, facts: os.stat_result) -> int:
    """The place that a mark names; 0 when it is not of this file."""
    file, _, place = mark.partition(":")
    if file != str(facts.st_ino) or not place.isdigit() or not int(place) <= facts.st_size:
        return 0
    return int(place)


def clean(line: str) -> str:
    """One line without controls, of at most LOG_LINE_CHARS characters."""
    plain = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else char for char in line
    )
    return plain if len(plain) <= limits.LOG_LINE_CHARS else plain[: limits.LOG_LINE_CHARS - 1] + "…"
