"""Tiles of a frame, as the bus carries them."""

import struct

from device.host import limits
from device.ui import capture
from tests.device.portable_test import raises


def a_frame():
    frame = bytearray(capture.FRAME_BYTES)
    for row in range(360):
        frame[row * 720] = row & 255
        frame[row * 720 + 719] = row >> 8
    return frame


def test_the_tiles_are_the_frame_in_order():
    frame = a_frame()
    rows = index = 0
    for index, tile in enumerate(capture.tiles(frame, 0x12345678)):
        magic, version, encoding, shot, number, count, y, height = struct.unpack(">2sBBIHHHH", tile[:16])
        assert (magic, version, encoding, shot, number) == (b"BT", 1, 0, 0x12345678, index)
        assert count == capture.tile_count()
        assert y == rows
        assert tile[16:] == bytes(frame[y * 720 : (y + height) * 720])
        rows += height
    assert rows == 360
    assert index + 1 == capture.tile_count()


def test_a_tile_is_no_larger_than_an_envelope():
    for tile in capture.tiles(a_frame(), 1):
        assert len(tile) <= limits.ENVELOPE_BYTES


def test_tiles_do_not_change_when_the_frame_does():
    frame = a_frame()
    first = next(capture.tiles(memoryview(frame), 1))
    frame[5] = 99
    assert first[16 + 5] == 0


def test_a_shot_number_beyond_32_bits_wraps():
    first = next(capture.tiles(a_frame(), 0x100000002))
    assert first[4:8] == b"\0\0\0\x02"


def test_a_frame_of_another_size_is_refused():
    with raises(ValueError):
        next(capture.tiles(bytearray(10), 1))
