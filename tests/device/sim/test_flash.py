"""The emulated chip itself, on CPython."""

import errno
from pathlib import Path

import pytest

from device.sim.flash import BLOCK_BYTES, Flash, FlashError

SIZE_BYTES = 16 * BLOCK_BYTES
ERASE = 6


@pytest.fixture
def chip(tmp_path: Path):
    flash = Flash(str(tmp_path / "flash.img"), SIZE_BYTES)
    yield flash
    flash.close()


def read(chip: Flash, block: int, offset: int, size: int) -> bytes:
    buffer = bytearray(size)
    chip.readblocks(block, buffer, offset)
    return bytes(buffer)


def test_a_new_image_is_blank_and_as_large_as_the_chip(chip: Flash) -> None:
    assert chip.is_blank()
    assert Path(chip.path).stat().st_size == SIZE_BYTES
    assert (chip.ioctl(4, 0), chip.ioctl(5, 0)) == (16, BLOCK_BYTES)


def test_what_is_programmed_is_read_back_and_in_the_file_at_once(chip: Flash) -> None:
    chip.writeblocks(3, b"barnacle", 256)
    assert read(chip, 3, 256, 8) == b"barnacle"
    assert Path(chip.path).read_bytes()[3 * BLOCK_BYTES + 256 :][:8] == b"barnacle"
    assert not chip.is_blank()


def test_programming_clears_bits_but_never_sets_one(chip: Flash) -> None:
    chip.writeblocks(0, b"\xf0", 0)
    chip.writeblocks(0, b"\x30", 0)
    with pytest.raises(OSError) as caught:
        chip.writeblocks(0, b"\x31", 0)
    assert caught.value.args[0] == errno.EIO
    assert read(chip, 0, 0, 1) == b"\x30"


def test_erasing_sets_the_whole_block_and_nothing_else(chip: Flash) -> None:
    for block in (4, 5, 6):
        chip.writeblocks(block, bytes(BLOCK_BYTES), 0)
    chip.ioctl(ERASE, 5)
    assert read(chip, 5, 0, BLOCK_BYTES) == b"\xff" * BLOCK_BYTES
    assert read(chip, 4, 0, BLOCK_BYTES) == read(chip, 6, 0, BLOCK_BYTES) == bytes(BLOCK_BYTES)


def test_writing_without_an_offset_erases_the_blocks_first(chip: Flash) -> None:
    chip.writeblocks(1, bytes(2 * BLOCK_BYTES))
    chip.writeblocks(1, b"\xaa" * 2 * BLOCK_BYTES)
    assert read(chip, 1, 0, 2 * BLOCK_BYTES) == b"\xaa" * 2 * BLOCK_BYTES
    assert chip.erases == 4


def test_wear_is_counted_per_block_and_in_all(chip: Flash) -> None:
    for block in (2, 2, 7):
        chip.ioctl(ERASE, block)
    chip.writeblocks(2, b"12345", 0)
    read(chip, 2, 0, 3)
    chip.ioctl(3, 0)
    assert (chip.wear[2], chip.wear[7], chip.wear[0]) == (2, 1, 0)
    syncs = 3  # one asked for, two between blocks
    assert chip.counters() == {"bytes_written": 5, "bytes_read": 3, "erases": 3, "syncs": syncs}


@pytest.mark.parametrize("block, offset, size", [(16, 0, 1), (15, BLOCK_BYTES - 1, 2), (-1, 0, 1), (0, -1, 1)])
def test_access_beyond_the_chip_is_refused(chip: Flash, block: int, offset: int, size: int) -> None:
    for access in (lambda: read(chip, block, offset, size), lambda: chip.writeblocks(block, bytes(size), offset)):
        with pytest.raises(OSError) as caught:
            access()
        assert caught.value.args[0] == errno.EINVAL
    assert chip.is_blank()
    assert Path(chip.path).stat().st_size == SIZE_BYTES


def test_erasing_beyond_the_chip_is_refused(chip: Flash) -> None:
    with pytest.raises(OSError):
        chip.ioctl(ERASE, 16)
    assert chip.erases == 0


def test_an_image_of_another_size_is_refused_and_left_alone(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    image.write_bytes(b"precious")
    with pytest.raises(FlashError, match=r"has 8 bytes, not 65536"):
        Flash(str(image), SIZE_BYTES)
    assert image.read_bytes() == b"precious"


def test_a_subclass_can_cut_the_power_in_the_middle_of_a_write(tmp_path: Path) -> None:
    class Fading(Flash):
        def prog(self, address, data):
            super().prog(address, data[: len(data) // 2])
            raise OSError(errno.EIO)

    chip = Fading(str(tmp_path / "flash.img"), SIZE_BYTES)
    with pytest.raises(OSError):
        chip.writeblocks(0, b"abcd", 0)
    assert read(chip, 0, 0, 4) == b"ab\xff\xff"
    chip.close()
