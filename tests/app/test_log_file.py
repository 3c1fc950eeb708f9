import os

from app.host.log_file import LINE_BYTES, LogFile


def test_a_log_never_outgrows_its_bound(tmp_path):
    log = LogFile(tmp_path / "box.log", max_bytes=1000, keep=2)
    for number in range(500):
        log.write(b"line %d\n" % number)
    log.close()
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["box.log", "box.log.1", "box.log.2"]
    assert all(file.stat().st_size <= 1000 for file in tmp_path.iterdir())
    assert (tmp_path / "box.log").read_bytes().endswith(b"line 499\n")
    assert (tmp_path / "box.log").stat().st_mode & 0o777 == 0o600


def test_a_log_goes_on_where_it_ended(tmp_path):
    for text in (b"one\n", b"two\n"):
        log = LogFile(tmp_path / "box.log", max_bytes=1000, keep=2)
        log.write(text)
        log.close()
    assert (tmp_path / "box.log").read_bytes() == b"one\ntwo\n"


def test_a_line_without_end_is_cut(tmp_path):
    log = LogFile(tmp_path / "box.log", max_bytes=10**6, keep=1)
    log.write(b"x" * (LINE_BYTES * 3))
    log.close()
    assert (tmp_path / "box.log").stat().st_size == LINE_BYTES


def test_what_cannot_be_written_is_lost_and_counted_and_the_log_goes_on_later(tmp_path):
    folder = tmp_path / "logs"
    log = LogFile(folder / "box.log", max_bytes=100, keep=1)
    log.write(b"x" * 90 + b"\n")
    folder.rename(tmp_path / "moved")
    folder.write_text("in the way")
    for _ in range(3):  # needs a new file, and again, and again
        log.write(b"y" * 90 + b"\n")
    assert log.lost == 3
    folder.unlink()
    log.write(b"back\n")
    log.close()
    assert (folder / "box.log").read_bytes() == b"back\n"


def test_a_full_disk_stops_neither_writing_nor_closing(tmp_path):
    log = LogFile(tmp_path / "box.log", max_bytes=10**6, keep=1)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, log.fileno())
    os.close(full)
    for _ in range(3):
        log.write(b"a line\n")
    assert log.lost == 3
    log.close()
