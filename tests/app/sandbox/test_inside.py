import os
import stat

import pytest

from app.host.sandbox import inside
from app.host.sandbox.errors import BadRun


def test_a_file_is_written_into_folders_that_are_made(tmp_path) -> None:
    assert inside.write(tmp_path, ("a", "b", "file"), b"text")
    assert (tmp_path / "a/b/file").read_bytes() == b"text"
    assert stat.S_IMODE((tmp_path / "a/b/file").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["file"]


def test_without_replace_what_is_there_stays(tmp_path) -> None:
    (tmp_path / "file").write_text("old")
    assert not inside.write(tmp_path, ("file",), b"new", replace=False)
    assert (tmp_path / "file").read_text() == "old"


def test_a_folder_that_is_a_link_is_refused(tmp_path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "logs").symlink_to(outside)
    with pytest.raises(BadRun, match="logs"):
        inside.write(tmp_path, ("logs", "run.log"), b"text")
    assert list(outside.iterdir()) == []


def test_a_file_that_is_a_link_is_replaced_and_its_target_stays(tmp_path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "log").symlink_to(tmp_path / "target")
    inside.write(tmp_path, ("log",), b"text")
    assert (tmp_path / "target").read_text() == "precious"
    assert (tmp_path / "log").read_bytes() == b"text"


def test_another_name_of_a_file_elsewhere_is_replaced_and_that_file_stays(tmp_path) -> None:
    (tmp_path / "target").write_text("precious")
    os.link(tmp_path / "target", tmp_path / "log")
    inside.write(tmp_path, ("log",), b"text")
    assert (tmp_path / "target").read_text() == "precious"


def test_a_fifo_does_not_make_the_writer_wait(tmp_path) -> None:
    os.mkfifo(tmp_path / "log")
    inside.write(tmp_path, ("log",), b"text")
    assert (tmp_path / "log").read_bytes() == b"text"


def test_a_folder_in_the_place_of_the_file_is_refused_and_nothing_is_left_over(tmp_path) -> None:
    (tmp_path / "log" / "inner").mkdir(parents=True)
    with pytest.raises(BadRun, match="log"):
        inside.write(tmp_path, ("log",), b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_name_that_no_folder_can_have_is_refused(tmp_path) -> None:
    with pytest.raises(BadRun):
        inside.make_folder(tmp_path, "a\0b")
