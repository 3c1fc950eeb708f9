"""A screen shot of the box: tiles from the bus → one frame → PNG.

    ScreenError
    ├── BadTile          bytes that are no tile, or one that contradicts the others
    ├── TilesMissing     the picture is not complete; says how many tiles are missing
    └── WrongDigest      complete, but not the frame whose SHA-256 the box told

The tile's layout is told in `device/ui/capture.py`.
"""

import hashlib
import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageDraw

SIZE = 360
ROW_BYTES = SIZE * 2
FRAME_BYTES = SIZE * ROW_BYTES
_HEADER = struct.Struct(">2sBBIHHHH")
_MASK_OVERSAMPLING = 4


class ScreenError(Exception):
    """Base of what can be wrong with a screen shot."""


class BadTile(ScreenError):  # noqa: N818 - named for what arrived
    """Bytes that are no tile of a screen shot."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a tile of a screen shot: {reason}")
        self.reason = reason


class TilesMissing(ScreenError):  # noqa: N818 - named for what is the matter
    """The picture is not complete."""

    def __init__(self, missing: int, count: int) -> None:
        of = f" of {count}" if count else ""
        super().__init__(f"{missing}{of} tiles of the screen shot are missing: ask for another shot")
        self.missing = missing
        self.count = count


class WrongDigest(ScreenError):  # noqa: N818 - named for what is the matter
    """The frame is not the one that the box drew."""

    def __init__(self) -> None:
        super().__init__("the screen shot arrived damaged (its SHA-256 differs): ask for another shot")


@dataclass(frozen=True)
class Tile:
    """Some whole rows of one shot: RGB565, little endian."""

    shot: int
    index: int
    count: int
    y: int
    rows: int
    pixels: bytes


def parse_tile(data: bytes) -> Tile:
    """The tile in one bus message; raises BadTile for anything else. Every number is checked against the glass."""
    if len(data) < _HEADER.size:
        raise BadTile(f"{len(data)} bytes are too few")
    magic, version, encoding, shot, index, count, y, rows = _HEADER.unpack_from(data)
    if magic != b"BT" or version != 1 or encoding != 0:
        raise BadTile("unknown kind, version or encoding")
    if not 1 <= count <= SIZE or index >= count:
        raise BadTile(f"tile {index} of {count}")
    if rows < 1 or y + rows > SIZE:
        raise BadTile(f"rows {y} to {y + rows} are not on the glass")
    pixels = data[_HEADER.size :]
    if len(pixels) != rows * ROW_BYTES:
        raise BadTile(f"{len(pixels)} bytes of pixels, {rows * ROW_BYTES} announced")
    return Tile(shot, index, count, y, rows, pixels)


class ScreenShot:
    """Collects the tiles of one shot, in any order; repeated ones and those of other shots change nothing."""

    def __init__(self, shot: int) -> None:
        self.shot = shot
        self._tiles: dict[int, Tile] = {}
        self._count = 0

    def add(self, data: bytes) -> bool:
        """Take one bus message; returns whether it was a new tile of this shot.

        Raises BadTile for bytes that are no tile, for another total than the first tile named, and for rows that
        another tile has brought already.
        """
        tile = parse_tile(data)
        if tile.shot != self.shot or tile.index in self._tiles:
            return False
        if self._count and tile.count != self._count:
            raise BadTile(f"one says {self._count} tiles, another {tile.count}")
        for other in self._tiles.values():
            if tile.y < other.y + other.rows and other.y < tile.y + tile.rows:
                raise BadTile(f"tiles {other.index} and {tile.index} bring the same rows")
        self._count = tile.count
        self._tiles[tile.index] = tile
        return True

    @property
    def missing(self) -> int:
        """How many tiles are still to come (1 before the first one: the total is not known then)."""
        return self._count - len(self._tiles) if self._count else 1

    @property
    def complete(self) -> bool:
        """Whether all tiles are here."""
        return self.missing == 0

    def frame(self, sha256: str | None = None) -> bytes:
        """The raw frame, 259,200 bytes; raises TilesMissing, BadTile if rows are not covered, or WrongDigest.

        `sha256` is the hex digest of the frame that the box told with the shot; None skips that check.
        """
        if not self.complete:
            raise TilesMissing(self.missing, self._count)
        if sum(tile.rows for tile in self._tiles.values()) != SIZE:
            raise BadTile("the tiles together are not the whole glass")
        frame = b"".join(tile.pixels for tile in sorted(self._tiles.values(), key=lambda tile: tile.y))
        if sha256 is not None and hashlib.sha256(frame).hexdigest() != sha256.lower():
            raise WrongDigest
        return frame


def to_image(frame: bytes) -> Image.Image:
    """An RGB image of a raw frame; raises ScreenError for another size."""
    if len(frame) != FRAME_BYTES:
        raise ScreenError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
    return Image.frombytes("RGB", (SIZE, SIZE), bytes(frame), "raw", "BGR;16")


def to_png(frame: bytes, *, round_mask: bool = False) -> bytes:
    """A PNG file of a raw frame; with `round_mask` transparent outside of the round glass."""
    image = to_image(frame)
    if round_mask:
        image = image.convert("RGBA")
        image.putalpha(_glass())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _glass() -> Image.Image:
    side = SIZE * _MASK_OVERSAMPLING
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    return mask.reduce(_MASK_OVERSAMPLING)
