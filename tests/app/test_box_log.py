"""The box's log for operators: the last lines, cleaned and bounded; what came after a mark; a log that is not there."""

from pathlib import Path
from typing import Any

import pytest

from app.host import limits
from app.host.box_log import BoxLog
from app.host.refusal import RequestRefused


async def read(path: Path | None, **args: Any) -> Any:
    return await BoxLog(path).read(args)


async def refused(path: Path | None, **args: Any) -> str:
    with pytest.raises(RequestRefused) as caught:
        await read(path, **args)
    return caught.value.code


async def test_the_last_lines_come_oldest_first_and_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "box.log"
    path.write_bytes(b"one\ntwo \x1b[31mred\x9b\xff\nthree\nbeing writ")
    assert (await read(path, lines=2))["lines"] == ["two  [31mred\ufffd\ufffd", "three"]


async def test_a_follower_gets_what_came_after_its_mark_and_no_line_in_halves(tmp_path: Path) -> None:
    path = tmp_path / "box.log"
    path.write_bytes(b"one\ntw")
    first = await read(path)
    with path.open("ab") as file:
        file.write(b"o\nthree\n")
    second = await read(path, mark=first["mark"])
    assert (first["lines"], second["lines"]) == (["one"], ["two", "three"])
    assert (await read(path, mark=second["mark"]))["lines"] == []


async def test_a_rotated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "box.log"
    path.write_bytes(b"old\n" * 10)
    mark = (await read(path))["mark"]
    path.rename(tmp_path / "box.log.1")
    path.write_bytes(b"new\n")
    assert (await read(path, mark=mark))["lines"] == ["new"]
    for wrong in ("x", "1:2:3", ":", "99999999:-1"):
        assert (await read(path, mark=wrong))["lines"] == ["new"]


async def test_lines_bytes_and_length_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "box.log"
    path.write_text("".join(f"line {n}\n" for n in range(limits.LOG_LINES + 50)) + "x" * 2000 + "\n")
    found = (await read(path, lines=limits.LOG_LINES))["lines"]
    assert len(found) == limits.LOG_LINES and len(found[-1]) == limits.LOG_LINE_CHARS
    assert len((await read(path))["lines"]) == limits.LOG_LINES_DEFAULT
    assert await refused(path, lines=limits.LOG_LINES + 1) == await refused(path, lines=0) == "bad_value"
    monkeypatch.setattr(limits, "LOG_TAIL_BYTES", 2015)
    assert [line[:4] for line in (await read(path))["lines"]] == ["line", "xxxx"]


async def test_without_a_log_there_are_no_lines_and_a_board_says_where_its_log_is(tmp_path: Path) -> None:
    assert await read(tmp_path / "box.log") == {"lines": [], "mark": ""}
    assert await refused(None) == "unsupported"
