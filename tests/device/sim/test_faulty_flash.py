"""The chip that misbehaves when told to, and the images that a power cut may leave, on CPython."""

import errno

from device.sim import power_cuts
from device.sim.faulty_flash import CORRUPT, ERASE, PROG, SYNC, FaultyFlash
from device.sim.flash import BLOCK_BYTES

ERASE_CALL, SYNC_CALL = 6, 3


def read(chip: FaultyFlash, block: int, offset: int, size: int) -> bytes:
    buffer = bytearray(size)
    chip.readblocks(block, buffer, offset)
    return bytes(buffer)


def test_it_starts_blank_and_keeps_what_is_programmed() -> None:
    chip = FaultyFlash(4)
    assert chip.is_blank()
    chip.writeblocks(1, b"barnacle", 32)
    assert read(chip, 1, 32, 8) == b"barnacle"
    assert (chip.bytes_written, chip.wear[1]) == (8, 0)


def test_a_bit_is_never_set_without_an_erase() -> None:
    chip = FaultyFlash(2)
    chip.writeblocks(0, b"\x0f", 0)
    assert chip.writeblocks(0, b"\xf0", 0) == -errno.EIO
    chip.ioctl(ERASE_CALL, 0)
    assert chip.writeblocks(0, b"\xf0", 0) is None


def test_an_operation_is_refused_once_where_asked() -> None:
    chip = FaultyFlash(2)
    chip.errors = {1: errno.EIO}
    assert chip.writeblocks(0, b"a", 0) is None
    assert chip.writeblocks(0, b"b", 1) == -errno.EIO
    assert chip.writeblocks(0, b"b", 1) is None


def test_a_dropped_operation_claims_success() -> None:
    chip = FaultyFlash(2)
    chip.dropped = [0]
    assert chip.writeblocks(0, b"a", 0) is None
    assert chip.is_blank()


def test_a_bad_block_refuses_for_ever_and_its_neighbour_does_not() -> None:
    chip = FaultyFlash(3)
    chip.bad_blocks = [1]
    assert chip.writeblocks(1, b"a", 0) == chip.ioctl(ERASE_CALL, 1) == -CORRUPT
    assert chip.writeblocks(2, b"a", 0) is None


def test_another_blocks_turn_comes_after_a_sync() -> None:
    chip = FaultyFlash(3)
    chip.record()
    chip.writeblocks(0, b"a", 0)
    chip.writeblocks(0, b"b", 1)
    chip.ioctl(ERASE_CALL, 1)
    chip.ioctl(SYNC_CALL, 0)
    chip.writeblocks(2, b"c", 0)
    assert [operation[0] for operation in chip.log] == [PROG, PROG, SYNC, ERASE, SYNC, PROG]


def test_cuts_are_before_within_and_after_each_operation() -> None:
    start = bytearray(b"\x55" * BLOCK_BYTES * 2)
    log = [(ERASE, 0, b""), (PROG, 0, b"abcd"), (SYNC, 0, b""), (PROG, BLOCK_BYTES, b"\x01")]
    found = list(power_cuts.cuts(start, log))
    befores = [image for _, variant, image in found if variant == "before"]
    assert len(befores) == len(log) + 1
    assert befores[0] == start
    assert befores[2][:5] == b"abcd\xff"
    torn = [bytes(image[:4]) for number, variant, image in found if variant == "torn" and number == 1]
    assert torn == [b"a\xff\xff\xff", b"ab\xff\xff", b"abc\xff"]
    halves = [image for _, variant, image in found if variant == "half"]
    assert halves[0][:2048] == b"\xff" * 2048
    assert halves[0][2048:] == start[2048:]


def test_every_byte_of_a_prog_is_a_cut_when_asked() -> None:
    log = [(PROG, 0, b"x" * 300)]
    found = [v for _, v, _ in power_cuts.cuts(bytearray(b"\xff" * BLOCK_BYTES), log, every_byte=True)]
    assert found.count("torn") == 299


def test_an_unsynced_operation_may_be_late_but_not_one_before_the_sync() -> None:
    start = bytearray(b"\xff" * BLOCK_BYTES * 2)
    log = [(PROG, 0, b"a"), (SYNC, 0, b""), (PROG, 1, b"b"), (PROG, BLOCK_BYTES, b"c")]
    late = [image for _, variant, image in power_cuts.cuts(start, log) if variant == "late"]
    assert [(image[0:2], image[BLOCK_BYTES]) for image in late] == [(b"a\xff", ord("c"))]
