"""The simulated box's NOR flash: an image file that behaves like the chip.

Erasing a block of 4096 bytes sets it to 0xFF; programming can only clear bits, and whoever tries to set one gets EIO,
as the chip would silently store nonsense. `readblocks`, `writeblocks` and `ioctl` are MicroPython's extended block
device interface; all accesses go through `read`, `prog`, `erase` and `sync`, which a subclass may override to cut the
power in the middle of one.

A write reaches the image file at once (there is no buffer), so killing the process loses nothing that was written.
"""

import array
import errno
import os

from device.host.portable import const

SIZE_BYTES = const(2 * 1024 * 1024)
BLOCK_BYTES = const(4096)
PROG_BYTES = const(32)  # NOR flash takes any number of bytes; every commit is padded to this
READ_BYTES = const(4096)  # and caches as much: with whole blocks at hand LittleFS goes through its folders in memory
LOOKAHEAD_BYTES = const(64)  # one bit for each of the 512 blocks

_SYNC = const(3)
_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)
_ERASE = const(6)


class FlashError(Exception):
    """The image cannot be used. The text says which file, why, and what to do."""


class Flash:
    """Emulated NOR flash over the image file `path`, which is made (blank) if it does not exist.

    `bytes_read`, `bytes_written`, `erases` and `syncs` count since this object was made; `wear[block]` counts the
    block's erases. Raises FlashError for an image of another size, OSError for what the chip would not do.
    """

    def __init__(self, path, size_bytes=SIZE_BYTES):
        self.path = path
        self.size_bytes = size_bytes
        self.block_count = size_bytes // BLOCK_BYTES
        self.bytes_read = self.bytes_written = self.erases = self.syncs = 0
        self._open_block = None  # the block with operations since the last sync
        self.wear = array.array("I", bytes(4 * self.block_count))
        self._old = memoryview(bytearray(BLOCK_BYTES))
        self._erased = memoryview(b"\xff" * BLOCK_BYTES)
        if not _exists(path):
            _write_blank(path, self.block_count)
        self._file = open(path, "r+b", buffering=0)
        actual_bytes = self._file.seek(0, 2)
        if actual_bytes != size_bytes:
            self._file.close()
            raise FlashError(
                "the flash image %s has %d bytes, not %d: restore it from a copy, or move it away to start anew"
                % (path, actual_bytes, size_bytes)
            )

    def close(self):
        """Close the image file."""
        self._file.close()

    def counters(self):
        """What has been done to the chip: {"bytes_written", "bytes_read", "erases", "syncs"}."""
        return {
            "bytes_written": self.bytes_written,
            "bytes_read": self.bytes_read,
            "erases": self.erases,
            "syncs": self.syncs,
        }

    def is_blank(self):
        """Whether every byte is erased."""
        for block in range(self.block_count):
            self._file.seek(block * BLOCK_BYTES)
            self._file.readinto(self._old)
            if self._old != self._erased:
                return False
        return True

    # --- what the chip can do ---

    def read(self, address, buffer):
        """Fill `buffer` from `address`."""
        self._file.seek(address)
        self._file.readinto(buffer)
        self.bytes_read += len(buffer)

    def prog(self, address, data):
        """Clear bits, so that `data` stands at `address`; raises EIO if a bit would have to be set."""
        size = len(data)
        old = self._old[:size]
        self._file.seek(address)
        self._file.readinto(old)
        if old != self._erased[:size] and not _only_clears(old, data):
            raise OSError(errno.EIO)
        self._file.seek(address)
        self._file.write(data)
        self.bytes_written += size

    def erase(self, block):
        """Set the bytes of `block` to 0xFF."""
        self._file.seek(block * BLOCK_BYTES)
        self._file.write(self._erased)
        self.erases += 1
        self.wear[block] += 1

    def sync(self):
        """The file system wants everything durable: it is already in the image file (see the module's text)."""
        self.syncs += 1

    # --- MicroPython's block device interface ---

    def readblocks(self, block, buffer, offset=0):
        """Fill `buffer` from `offset` bytes into `block`."""
        self.read(self._address(block, offset, len(buffer)), buffer)

    def writeblocks(self, block, data, offset=None):
        """Program `data` at `offset` bytes into `block`; without an offset, erase the blocks it covers first."""
        address = self._address(block, offset or 0, len(data))
        self._keep_order(block)
        if offset is None:
            for covered in range(block, block + (len(data) + BLOCK_BYTES - 1) // BLOCK_BYTES):
                self.erase(covered)
        if len(data) <= BLOCK_BYTES:
            self.prog(address, data)
            return
        data = memoryview(data)
        for start in range(0, len(data), BLOCK_BYTES):
            self.prog(address + start, data[start : start + BLOCK_BYTES])

    def ioctl(self, operation, argument):
        """Sync (3), number of blocks (4), their size (5), erase (6); None for any other operation."""
        if operation == _SYNC:
            self._open_block = None
            self.sync()
            return 0
        if operation == _BLOCK_COUNT:
            return self.block_count
        if operation == _BLOCK_SIZE:
            return BLOCK_BYTES
        if operation == _ERASE:
            self._address(argument, 0, BLOCK_BYTES)
            self._keep_order(argument)
            self.erase(argument)
            return 0
        return None

    def _keep_order(self, block):
        """Sync before another block's turn: LittleFS 2.8 writes a file's new length without waiting for its data, which
        a chip or driver that puts writes off could leave undone."""
        if self._open_block is not None and self._open_block != block:
            self.sync()
        self._open_block = block

    def _address(self, block, offset, size):
        address = block * BLOCK_BYTES + offset
        if block < 0 or offset < 0 or address + size > self.size_bytes:
            raise OSError(errno.EINVAL)
        return address


def mount(flash, path="/flash"):
    """Mount the LittleFS on `flash` (MicroPython only) and return `path`.

    A blank flash is formatted first, beside the image, and swapped in when whole: a crash meanwhile leaves it blank.
    A flash that is not blank and does not mount is left as it is: raises FlashError. Nothing formats it by itself.
    """
    import vfs

    if flash.is_blank():
        _format(flash)
    try:
        system = vfs.VfsLfs2(  # pyright: ignore[reportCallIssue]
            flash, progsize=PROG_BYTES, readsize=READ_BYTES, lookahead=LOOKAHEAD_BYTES, mtime=False
        )
    except OSError as error:
        raise FlashError(
            "the flash image %s holds no file system that can be mounted (error %s) and is left as it is: "
            "restore it from a copy, or move it away to start anew" % (flash.path, error)
        )
    vfs.mount(system, path)
    return path


def _format(flash):
    import vfs

    beside = flash.path + ".new"
    if _exists(beside):
        os.remove(beside)
    fresh = Flash(beside, flash.size_bytes)
    vfs.VfsLfs2.mkfs(
        fresh,  # pyright: ignore[reportArgumentType]
        progsize=PROG_BYTES,
        readsize=READ_BYTES,
        lookahead=LOOKAHEAD_BYTES,
    )
    fresh.close()
    flash.close()
    os.rename(beside, flash.path)
    flash._file = open(flash.path, "r+b", buffering=0)


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _write_blank(path, block_count):
    """Write an erased image beside and rename it: an image file is there whole or not at all."""
    beside = path + ".blank"
    erased = b"\xff" * BLOCK_BYTES
    with open(beside, "wb") as file:
        for _ in range(block_count):
            file.write(erased)
    os.rename(beside, path)


def _only_clears(old, data):
    """Whether no bit that is 0 in `old` is 1 in `data`."""
    for i in range(len(data)):
        if data[i] & ~old[i] & 0xFF:
            return False
    return True
