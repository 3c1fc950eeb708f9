"""The encrypted file: right and wrong passphrases, every changed byte, absurd headers, and what stands in its place."""

import errno
import os
import resource
import stat

import pytest

from broker import limits
from broker.lock_file import held
from broker.passphrase import read_passphrase
from broker.sealed_file import SealedError, SealedFile, Strength, check_passphrase
from broker.secret import Secret

CANARY = "canary-7f3a9c41e2b8d605"
GOOD = Secret("correct horse battery")
CHEAP = Strength(14, 8, 1)


def put(key, file, **entries):
    file.change(key, lambda found: found.update(entries))


@pytest.fixture
def file(tmp_path):
    return SealedFile(tmp_path / "secrets.enc", CHEAP)


def said(work):
    with pytest.raises(SealedError) as caught:
        work()
    assert caught.value.remedy and CANARY not in caught.value.message + caught.value.remedy
    return caught.value.message


def test_what_is_kept_comes_back_with_the_passphrase_and_stands_nowhere_in_clear(file, tmp_path):
    key = file.create(GOOD)
    put(key, file, a=CANARY, b="2")
    assert SealedFile(file.path).entries(SealedFile(file.path).unlock(GOOD)) == {"a": CANARY, "b": "2"}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert all(CANARY.encode() not in one.read_bytes() for one in tmp_path.iterdir())
    assert CANARY not in repr(key) and GOOD.reveal() not in repr(key) + repr(GOOD)


def test_a_wrong_passphrase_is_told_from_a_right_one(file):
    file.create(GOOD)
    assert file.unlock(GOOD)
    assert "the passphrase is wrong" in said(lambda: file.unlock(Secret("correct horse batterz")))


def test_a_composed_and_a_decomposed_letter_are_one(file):
    file.create(Secret("pässword-long"))
    assert file.unlock(Secret("pa\u0308ssword-long"))


def test_every_byte_flip_is_detected(file):
    key = file.create(GOOD)
    put(key, file, a=CANARY)
    whole = file.path.read_bytes()
    for at in range(len(whole)):
        file.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        said(lambda: file.entries(key))
    file.path.write_bytes(whole)
    assert file.entries(key) == {"a": CANARY}


def test_every_torn_tail_is_detected(file):
    key = file.create(GOOD)
    whole = file.path.read_bytes()
    for size in range(len(whole)):
        file.path.write_bytes(whole[:size])
        said(lambda: file.entries(key))


@pytest.mark.parametrize(
    ("at", "value"), [(9, 63), (9, 19), (9, 13), (9, 0), (10, 255), (10, 9), (10, 0), (11, 255), (11, 0), (8, 2)]
)
def test_absurd_header_parameters_are_refused_before_anything_is_computed(file, at, value):
    file.create(GOOD)
    data = bytearray(file.path.read_bytes())
    data[at] = value
    file.path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    said(lambda: file.unlock(GOOD))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.03


def test_a_nonce_is_never_used_twice(file):
    key = file.create(GOOD)
    seen = set()
    for number in range(20):
        put(key, file, a=str(number % 2))
        seen.add(file.path.read_bytes()[28:40])
    assert len(seen) == 20


def test_an_existing_file_is_never_written_over(file):
    put(file.create(GOOD), file, a="1")
    assert "exists already" in said(lambda: file.create(Secret("another passphrase")))
    assert file.entries(file.unlock(GOOD)) == {"a": "1"}


def test_a_file_made_anew_asks_for_its_passphrase_again(file):
    key = file.create(GOOD)
    file.path.unlink()
    file.create(GOOD)
    assert "made anew" in said(lambda: file.entries(key))


def test_a_link_a_second_name_an_open_mode_a_folder_and_a_pipe_are_refused(file, tmp_path):
    key = file.create(GOOD)
    real = tmp_path / "real"
    file.path.rename(real)
    file.path.symlink_to(real)
    assert "cannot be opened" in said(lambda: file.entries(key))
    file.path.unlink()
    os.link(real, file.path)
    assert "one name" in said(lambda: file.entries(key))
    real.unlink()
    file.path.chmod(0o640)
    assert "open to other users" in said(lambda: file.entries(key))
    file.path.chmod(0o600)
    assert file.entries(key) == {}
    file.path.unlink()
    os.mkfifo(file.path, 0o600)
    assert "one name" in said(lambda: file.entries(key))  # and it does not wait for a writer
    file.path.unlink()
    file.path.mkdir()
    assert said(lambda: file.entries(key))


def test_another_owner_is_refused(file, monkeypatch):
    key = file.create(GOOD)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert "another user" in said(lambda: file.entries(key))


def test_a_write_that_fails_leaves_the_old_file_whole_and_nothing_beside_it(file, monkeypatch, tmp_path):
    key = file.create(GOOD)
    put(key, file, a="1")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            put(key, file, a="2")
    assert file.entries(key) == {"a": "1"}
    assert {one.name for one in tmp_path.iterdir()} == {"secrets.enc", "secrets.enc.lock"}


def test_too_large_a_file_is_neither_written_nor_read(file):
    key = file.create(GOOD)
    put(key, file, a="x" * (limits.SEALED_FILE_BYTES - 1000))
    assert "too large" in said(lambda: put(key, file, b="x" * 1000))
    file.path.write_bytes(b"x" * (limits.SEALED_FILE_BYTES + 1))
    assert "too large" in said(lambda: file.entries(key))


def test_a_passphrase_is_neither_too_short_nor_too_long(file):
    for size in (0, limits.PASSPHRASE_MIN_CHARS - 1, limits.PASSPHRASE_CHARS + 1):
        assert "characters" in said(lambda size=size: file.create(Secret("x" * size)))
    for size in (limits.PASSPHRASE_MIN_CHARS, limits.PASSPHRASE_CHARS):
        check_passphrase(Secret("x" * size))
    assert not file.exists()


def test_a_lock_that_another_holds_is_waited_for_only_so_long(file, monkeypatch):
    key = file.create(GOOD)
    path = file.path.with_name("secrets.enc.lock")
    with held(path), pytest.raises(OSError, match="held by another"), held(path, 50):
        pass
    put(key, file, a="1")
    path.unlink()
    path.symlink_to(file.path)
    with pytest.raises(OSError):
        put(key, file, a="2")
    assert file.entries(key) == {"a": "1"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [(b"pass phrase\n", "pass phrase"), (b"no end", "no end"), (b"\xc3\xa4\r\nmore", "ä"), (b"", None), (b"\n", None)],
)
def test_a_passphrase_is_one_line_of_a_descriptor_which_is_closed(sent, read):
    reading, writing = os.pipe()
    os.write(writing, sent)
    os.close(writing)
    found = read_passphrase(reading)
    assert (found.reveal() if found is not None else None) == read
    with pytest.raises(OSError):
        os.fstat(reading)
