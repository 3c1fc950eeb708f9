"""Tiles of a screen shot, put together again on the laptop."""

import hashlib
import io
import random
import struct

import pytest
from PIL import Image

from app.host.screen import FRAME_BYTES, SIZE, BadTile, ScreenError, ScreenShot, TilesMissing, WrongDigest, to_png
from device.ui import capture


def a_frame() -> bytes:
    return random.Random(7).randbytes(FRAME_BYTES)


def test_tiles_in_any_order_and_repeated_make_the_frame_again() -> None:
    frame = a_frame()
    tiles = list(capture.tiles(frame, 42))
    random.Random(1).shuffle(tiles)
    shot = ScreenShot(42)
    assert [shot.add(tile) for tile in tiles] == [True] * len(tiles)
    assert not shot.add(tiles[3])
    assert shot.complete
    assert shot.frame(hashlib.sha256(frame).hexdigest()) == frame


def test_a_missing_tile_is_counted_in_the_error() -> None:
    shot = ScreenShot(1)
    tiles = list(capture.tiles(a_frame(), 1))
    for tile in tiles[:-3]:
        shot.add(tile)
    with pytest.raises(TilesMissing, match=f"3 of {len(tiles)} tiles") as caught:
        shot.frame()
    assert caught.value.missing == 3


def test_a_shot_without_any_tile_is_incomplete() -> None:
    shot = ScreenShot(1)
    assert not shot.complete
    with pytest.raises(TilesMissing):
        shot.frame()


def test_tiles_of_another_shot_are_ignored() -> None:
    shot = ScreenShot(2)
    assert not any(shot.add(tile) for tile in capture.tiles(a_frame(), 3))
    assert not shot.complete


def test_a_frame_with_another_digest_is_refused() -> None:
    shot = ScreenShot(1)
    for tile in capture.tiles(a_frame(), 1):
        shot.add(tile)
    with pytest.raises(WrongDigest):
        shot.frame("00" * 32)


def header(version: int = 1, encoding: int = 0, index: int = 0, count: int = 36, y: int = 0, rows: int = 1) -> bytes:
    return struct.pack(">2sBBIHHHH", b"BT", version, encoding, 1, index, count, y, rows)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BT\x01",
        b"XX" + header()[2:] + bytes(720),
        header(version=2) + bytes(720),
        header(encoding=1) + bytes(720),
        header(index=36) + bytes(720),
        header(count=0) + bytes(720),
        header(count=361) + bytes(720),
        header(y=360) + bytes(720),
        header(y=0xFFFF) + bytes(720),
        header(rows=0),
        header(y=350, rows=11) + bytes(11 * 720),
        header(rows=2) + bytes(720),
        header() + bytes(721),
    ],
)
def test_bytes_that_are_no_tile_on_the_glass_are_refused(data: bytes) -> None:
    with pytest.raises(BadTile):
        ScreenShot(1).add(data)


def test_tiles_that_contradict_each_other_are_refused() -> None:
    shot = ScreenShot(1)
    shot.add(header(index=0, count=36, y=0) + bytes(720))
    with pytest.raises(BadTile, match="36 tiles, another 12"):
        shot.add(header(index=1, count=12, y=1) + bytes(720))
    with pytest.raises(BadTile, match="the same rows"):
        shot.add(header(index=1, count=36, y=0) + bytes(720))


def test_tiles_that_leave_rows_out_make_no_frame() -> None:
    shot = ScreenShot(1)
    shot.add(header(count=1) + bytes(720))
    with pytest.raises(BadTile, match="whole glass"):
        shot.frame()


def test_the_picture_has_the_colours_of_the_glass() -> None:
    frame = struct.pack("<3H", 0xF800, 0x07E0, 0x001F) + bytes(FRAME_BYTES - 6)
    image = Image.open(io.BytesIO(to_png(frame)))
    assert (image.size, image.mode) == ((SIZE, SIZE), "RGB")
    assert [image.getpixel((x, 0)) for x in range(4)] == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)]


def test_the_round_mask_makes_the_corners_transparent_and_keeps_the_middle() -> None:
    image = Image.open(io.BytesIO(to_png(b"\xff" * FRAME_BYTES, round_mask=True)))
    assert image.getpixel((0, 0)) == (255, 255, 255, 0)
    assert image.getpixel((180, 180)) == (255, 255, 255, 255)
    assert image.getpixel((180, 1)) == (255, 255, 255, 255)


def test_a_frame_of_another_size_is_refused() -> None:
    with pytest.raises(ScreenError, match="259200"):
        to_png(b"\0" * 10)
