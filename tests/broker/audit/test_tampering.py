"""Attacks on the files of the log: each is found, where it was made; the log that nobody touched is whole."""

import os
import shutil
from pathlib import Path

import pytest

from broker.audit import links as links_module
from broker.audit.chain import read_lines
from broker.audit.writer import ChainWriter, Sizes
from tests.broker.audit.rig import (
    KEY,
    OTHER_KEY,
    SMALL,
    check,
    event,
    files_of,
    kinds,
    lines_of,
    put_lines,
    recompute,
    witness_of,
    write_log,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def test_a_log_that_nobody_touched_is_whole(folder: Path) -> None:
    writer = write_log(folder, 40, SMALL)
    report = check(folder, witness_of(writer))
    assert report.ok and report.notes == []
    assert report.keyed == "all"
    assert (report.head, report.head_hash) == (writer.head.n, writer.head.hash)
    assert report.files == len(files_of(folder)) > 3
    assert report.records == writer.head.n == 40 + report.files


def test_a_log_that_nobody_touched_is_whole_without_the_key_and_says_that_only_hashes_were_checked(
    folder: Path,
) -> None:
    writer = write_log(folder, 40, SMALL)
    report = check(folder, witness_of(writer), key=None)
    assert report.ok and report.keyed == "none"
    assert [note.kind for note in report.notes] == ["hashes_only"]


def at(path: Path, *lines: int) -> list[tuple[str, int]]:
    return [(path.name, line) for line in lines]


def where(report, kind: str) -> list[tuple[str, int]]:
    return [(one.file, one.line) for one in report.findings if one.kind == kind]


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize("line", [0, 1, 4, -2])
def test_edit(folder: Path, line: int, key: bytes | None) -> None:
    write_log(folder, 8)
    path = files_of(folder)[0]
    lines = lines_of(path)
    lines[line] = lines[line].replace(b'"ts_ms":', b'"ts_ms":1')
    put_lines(path, lines)
    report = check(folder, key=key)
    assert where(report, "edited") == at(path, line % len(lines) + 1)
    assert kinds(report) == {"edited"}


def test_edit_of_the_last_record_shows_with_the_key_and_with_what_the_box_has_seen(folder: Path) -> None:
    writer = write_log(folder, 8)
    path = files_of(folder)[0]
    lines = lines_of(path)
    lines[-1] = lines[-1].replace(b"event 7", b"event 6")
    put_lines(path, lines)
    assert kinds(check(folder)) == {"edited"}
    assert kinds(check(folder, witness_of(writer), key=None)) == {"rewritten"}


def test_edit_of_one_bit_anywhere_is_found(folder: Path) -> None:
    write_log(folder, 3)
    path = files_of(folder)[0]
    whole = path.read_bytes()
    for index in range(len(whole)):
        changed = bytearray(whole)
        changed[index] ^= 1
        path.write_bytes(changed)
        report = check(folder)
        torn = index == len(whole) - 1  # the last line's end: that is how a crash looks
        assert report.ok == torn, (index, whole[max(0, index - 20) : index + 1])
    path.write_bytes(whole)
    assert check(folder).ok


@pytest.mark.parametrize("key", [KEY, None])
def test_delete(folder: Path, key: bytes | None) -> None:
    write_log(folder, 8)
    path = files_of(folder)[0]
    lines = lines_of(path)
    put_lines(path, lines[:3] + lines[5:])
    report = check(folder, key=key)
    assert where(report, "deleted") == at(path, 4)
    assert "4 to 5" in report.findings[0].text


@pytest.mark.parametrize("key", [KEY, None])
def test_swap(folder: Path, key: bytes | None) -> None:
    write_log(folder, 8)
    path = files_of(folder)[0]
    lines = lines_of(path)
    lines[3], lines[4] = lines[4], lines[3]
    put_lines(path, lines)
    report = check(folder, key=key)
    assert kinds(report) == {"moved"}
    assert where(report, "moved") == at(path, 4, 5)


@pytest.mark.parametrize("key", [KEY, None])
def test_insert(folder: Path, key: bytes | None) -> None:
    """A record of one's own making, one copied from further up, and a line that is none."""
    write_log(folder, 8)
    path = files_of(folder)[0]
    whole = lines_of(path)
    put_lines(path, [*whole[:4], recompute(whole[3:5])[1], *whole[4:]])
    assert kinds(check(folder, key=key)) <= {"inserted", "edited"} and not check(folder, key=key).ok
    put_lines(path, [*whole[:5], whole[2], *whole[5:]])
    assert where(check(folder, key=key), "repeated") == at(path, 6)
    put_lines(path, [*whole[:5], b"{}\n", *whole[5:]])
    assert ("unreadable", path.name, 6) in [(f.kind, f.file, f.line) for f in check(folder, key=key).findings]
    put_lines(path, whole)
    assert check(folder, key=key).ok


def test_truncate_in_the_middle_of_the_log(folder: Path) -> None:
    write_log(folder, 40, SMALL)
    path = files_of(folder)[1]
    data = path.read_bytes()
    path.write_bytes(data[:-7])
    assert "cut" in kinds(check(folder))
    path.write_bytes(b"".join(data.splitlines(keepends=True)[:-1]))
    assert "deleted" in kinds(check(folder)) and "deleted" in kinds(check(folder, key=None))
    path.write_bytes(b"")
    assert not check(folder).ok


def test_truncate_at_a_record_boundary_shows_by_what_the_box_has_seen(folder: Path) -> None:
    writer = write_log(folder, 8)
    path = files_of(folder)[0]
    put_lines(path, lines_of(path)[:-2])
    assert check(folder).ok  # a shorter log is whole in itself …
    report = check(folder, witness_of(writer))
    assert kinds(report) == {"cut"}  # … and only the witness tells
    assert "8 to 9" in report.findings[0].text


def test_older_copy(folder: Path, tmp_path: Path) -> None:
    write_log(folder, 4)
    shutil.copytree(folder, tmp_path / "older")
    witness = witness_of(write_log(folder, 3, start=4))
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "older", folder)
    assert kinds(check(folder, witness)) == {"cut"}
    write_log(folder, 9, start=100)  # it grows beyond what the box has seen
    assert kinds(check(folder, witness)) == {"rewritten"}
    assert check(folder).ok


def test_older_copy_of_one_file(folder: Path) -> None:
    write_log(folder, 3)
    path = files_of(folder)[0]
    older = path.read_bytes()
    write_log(folder, 40, SMALL, start=3)
    path.write_bytes(older)
    report = check(folder)
    assert "deleted" in kinds(report)


@pytest.mark.parametrize("witnessed", [False, True])
def test_recomputed_without_the_key(folder: Path, witnessed: bool) -> None:
    writer = write_log(folder, 8)
    path = files_of(folder)[0]
    lines = lines_of(path)
    lines[4] = lines[4].replace(b"event 3", b"event X")
    put_lines(path, lines[:4] + recompute(lines[4:]))
    assert kinds(check(folder)) <= {"forged", "edited"} and "forged" in kinds(check(folder))
    witnesses = [witness_of(writer)] if witnessed else []
    assert check(folder, *witnesses, key=None).ok == (not witnessed)


def test_recomputed_with_another_key_that_the_header_names(folder: Path, tmp_path: Path) -> None:
    writer = write_log(folder, 8)
    shutil.rmtree(folder)
    write_log(folder, 8, key=OTHER_KEY)
    assert "unknown_key" in kinds(check(folder))
    assert kinds(check(folder, witness_of(writer))) == {"unknown_key", "other_chain"}


def test_a_file_that_is_missing(folder: Path) -> None:
    write_log(folder, 40, SMALL)
    files = files_of(folder)
    assert len(files) > 4
    for gone, kind in ((files[1], "file_missing"), (files[0], "start_missing")):
        kept = gone.read_bytes()
        gone.unlink()
        assert kind in kinds(check(folder)), gone
        gone.write_bytes(kept)
        gone.chmod(0o600)
    assert check(folder).ok


def test_the_newest_file_missing_shows_by_what_the_box_has_seen(folder: Path) -> None:
    writer = write_log(folder, 40, SMALL)
    files_of(folder)[-1].unlink()
    assert check(folder).ok
    assert kinds(check(folder, witness_of(writer))) == {"cut"}


def test_two_files_exchanged(folder: Path) -> None:
    write_log(folder, 40, SMALL)
    first, second = files_of(folder)[1:3]
    first_bytes = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(first_bytes)
    report = check(folder)
    assert sorted(where(report, "exchanged")) == [(first.name, 1), (second.name, 1)]


def test_a_file_of_another_log_with_the_same_key(folder: Path, tmp_path: Path) -> None:
    write_log(folder, 40, SMALL)
    write_log(tmp_path / "other", 40, SMALL)
    path = files_of(folder)[2]
    path.write_bytes(files_of(tmp_path / "other")[2].read_bytes())
    assert "other_chain" in kinds(check(folder))


def test_symlinked_path(folder: Path, tmp_path: Path) -> None:
    """Folder, file, lock and reserve: a link is followed by neither the writer nor the verifier."""
    real = tmp_path / "real"
    write_log(real, 3)
    folder.symlink_to(real)
    assert kinds(check(folder)) == {"unsafe_path"}
    assert refused(folder)
    folder.unlink()
    write_log(folder, 3)
    assert not refused(folder)  # the twin without links
    for name in ("audit-000001.log", "lock", "reserve"):
        path = folder / name
        path.rename(tmp_path / name)
        path.symlink_to(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        assert refused(folder), name
        assert (tmp_path / name).read_bytes() == before
        if name.startswith("audit"):
            assert kinds(check(folder)) == {"unsafe_path"}
        path.unlink()
        (tmp_path / name).rename(path)
    assert check(folder).ok


def test_a_hard_link_or_open_permissions_are_refused(folder: Path, tmp_path: Path) -> None:
    write_log(folder, 3)
    path = files_of(folder)[0]
    os.link(path, tmp_path / "second")
    assert refused(folder) and kinds(check(folder)) == {"unsafe_path"}
    (tmp_path / "second").unlink()
    path.chmod(0o640)
    assert refused(folder)
    path.chmod(0o600)
    folder.chmod(0o750)
    assert refused(folder) and kinds(check(folder)) == {"unsafe_path"}
    folder.chmod(0o700)
    assert not refused(folder)


def refused(folder: Path) -> bool:
    from broker.audit.errors import AuditUnavailable

    writer = ChainWriter(folder, KEY)
    try:
        writer.open()
    except AuditUnavailable as error:
        assert error.state == writer.state == "changed"
        return True
    finally:
        writer.close()
    return False


def test_dropped_files_are_known_and_a_dropped_one_too_many_shows(folder: Path) -> None:
    writer = write_log(folder, 80, Sizes(file=1500, kept=6000, reserve=4096))
    files = files_of(folder)
    assert files[0].name > "audit-000002.log"
    assert sum(path.stat().st_size for path in files) < 6000 + 2 * 1500
    assert check(folder, witness_of(writer)).ok
    files[0].unlink()
    assert "start_missing" in kinds(check(folder))


def test_a_new_key_keeps_the_chain_verifiable(folder: Path) -> None:
    write_log(folder, 4)
    writer = write_log(folder, 4, key=OTHER_KEY)
    report = check(folder, witness_of(writer), key=OTHER_KEY)
    assert report.ok and report.keyed == "some"
    path = files_of(folder)[0]
    path.write_bytes(path.read_bytes().replace(b"event 2", b"event 9"))
    assert kinds(check(folder, key=OTHER_KEY)) == {"edited"}


def test_a_writer_that_goes_on_after_tampering_says_so_and_does_not_hide_it(folder: Path) -> None:
    write_log(folder, 6)
    path = files_of(folder)[0]
    path.write_bytes(path.read_bytes().replace(b"event 2", b"event 9"))
    writer = write_log(folder, 3)
    assert "edited" in kinds(check(folder))
    said = [line.record.event for line in read_lines(files_of(folder)[1]) if line.record and line.record.event]
    assert said[0]["what"] == "audit.damaged" and "line 4" in said[0]["detail"]
    assert writer.head.n == 7 + 1 + 1 + 3


def test_a_check_that_ignores_the_links_would_be_caught(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: no look at `prev`. A record written into another history then passes."""
    write_log(folder, 3)
    shutil.copytree(folder, folder.parent / "copy")
    write_log(folder, 3, start=3)
    write_log(folder.parent / "copy", 3, start=100)
    path, other = files_of(folder)[0], files_of(folder.parent / "copy")[0]
    put_lines(path, lines_of(path)[:5] + lines_of(other)[5:])
    assert kinds(check(folder)) == {"spliced"}
    monkeypatch.setattr(links_module.Links, "_same_number", lambda *_: None)
    assert check(folder).ok


def test_events_are_where_they_were_put(folder: Path) -> None:
    write_log(folder, 3)
    found = [line.record.event for line in read_lines(files_of(folder)[0]) if line.record and line.record.event]
    assert found == [event(i) for i in range(3)]
