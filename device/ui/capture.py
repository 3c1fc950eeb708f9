"""A picture of the round screen as tiles for the bus: pure bytes, no LVGL; `app/host/screen.py` joins them again.

Tile = 16-byte header, then whole rows of RGB565, little endian, as LVGL renders them. Header, big endian:
"BT", version u8 (1), encoding u8 (0: raw), shot u32, index u16, count u16, first row u16, rows u16.
"""

import struct

from device.host import limits
from device.ui.geometry import SIZE

HEADER = ">2sBBIHHHH"
HEADER_BYTES = 16
MAGIC = b"BT"
VERSION = 1
RAW = 0
ROW_BYTES = SIZE * 2
FRAME_BYTES = SIZE * ROW_BYTES
TILE_ROWS = limits.TILE_ROWS


def tile_count():
    """How many tiles one frame makes."""
    return (SIZE + TILE_ROWS - 1) // TILE_ROWS


def tiles(frame, shot):
    """Yield the tiles of `frame` (259,200 bytes) in order of their rows, each as `bytes` of its own.

    `shot` (u32) tells the tiles of one picture from another's. Raises ValueError when the frame has another size.
    Take each tile as it comes, and copy it out of a live frame buffer before LVGL draws again: nothing is locked here.
    """
    if len(frame) != FRAME_BYTES:
        raise ValueError("a frame has %d bytes, not %d" % (FRAME_BYTES, len(frame)))
    view = memoryview(frame)
    count = tile_count()
    for index in range(count):
        y = index * TILE_ROWS
        rows = min(TILE_ROWS, SIZE - y)
        header = struct.pack(HEADER, MAGIC, VERSION, RAW, shot & 0xFFFFFFFF, index, count, y, rows)
        tile = bytearray(HEADER_BYTES + rows * ROW_BYTES)
        tile[:HEADER_BYTES] = header
        tile[HEADER_BYTES:] = view[y * ROW_BYTES : (y + rows) * ROW_BYTES]
        yield bytes(tile)
