"""A flash in memory that does what a real one may do to us: lose power, refuse, forget, wear out, flip bits.

Two ways to use it. Recorded: let a workload run with `record()`, then rebuild from the log what the chip may hold when
the power goes at each operation (`power_cuts.py`). Live: say beforehand which operations fail, are dropped, or which
blocks are bad, and let the workload meet them.

To the file system a refused operation is an error code, not an exception: LittleFS takes another block when it is told
CORRUPT, and hands any other code on to whoever called it.
"""

import errno

from device.host.portable import const
from device.sim import flash
from device.sim.flash import BLOCK_BYTES, Flash

PROG, ERASE, SYNC = const(0), const(1), const(2)
CORRUPT = const(84)  # LittleFS's own code: this block is bad, take another one
_ERASED = b"\xff" * BLOCK_BYTES


class FaultyFlash(Flash):
    """`image`: the chip's contents (a bytearray, used as it is), blank when None.

    operations   how many prog, erase and sync calls there were
    log          the operations since `record()`: (PROG, address, bytes), (ERASE, block, b""), (SYNC, 0, b"")
    errors       {operation number: errno} to refuse once with
    dropped      operation numbers that claim success and do nothing
    bad_blocks   blocks that refuse every prog and erase, with `bad_code`
    in_order     False takes away the sync between two blocks' operations
    """

    def __init__(self, block_count=64, image=None):
        self.path = "memory"
        self.image = image if image is not None else bytearray(block_count * BLOCK_BYTES)
        self._view = memoryview(self.image)
        self.size_bytes = len(self.image)
        self.block_count = self.size_bytes // BLOCK_BYTES
        self.bytes_read = self.bytes_written = self.erases = self.syncs = 0
        self.wear = [0] * self.block_count
        self._open_block = None
        self.in_order = True
        self.operations = 0
        self.log = []
        self._recording = False
        self.errors = {}
        self.dropped = []
        self.bad_blocks = []
        self.bad_code = CORRUPT
        if image is None:
            for block in range(self.block_count):
                self._view[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES] = _ERASED

    def close(self):
        """Nothing to close."""

    def is_blank(self):
        """Whether every byte is erased."""
        return all(self._block(n) == _ERASED for n in range(self.block_count))

    def record(self):
        """Keep a log of all operations from here on."""
        self._recording = True

    def flip(self, address, bit):
        """Let one bit of what is stored change by itself."""
        self.image[address] ^= 1 << bit

    # --- what the chip can do ---

    def read(self, address, buffer):
        """Fill `buffer` from `address`."""
        buffer[:] = self._view[address : address + len(buffer)]
        self.bytes_read += len(buffer)

    def prog(self, address, data):
        """Clear bits; raises EIO if a bit would have to be set, or what the test asked for."""
        if self._meets(PROG, address, data, address // BLOCK_BYTES):
            return
        old = self._view[address : address + len(data)]
        if old != _ERASED[: len(data)] and not flash._only_clears(old, data):
            raise OSError(errno.EIO)
        self._view[address : address + len(data)] = data
        self.bytes_written += len(data)

    def erase(self, block):
        """Set the bytes of `block` to 0xFF, unless the test asked for something else."""
        if self._meets(ERASE, block, b"", block):
            return
        self._view[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES] = _ERASED
        self.erases += 1
        self.wear[block] += 1

    def sync(self):
        """Everything before this is durable."""
        if not self._meets(SYNC, 0, b"", None):
            self.syncs += 1

    def writeblocks(self, block, data, offset=None):  # pyright: ignore[reportIncompatibleMethodOverride]
        """As Flash.writeblocks; a refused one is a negative error code."""
        try:
            super().writeblocks(block, data, offset)
        except OSError as error:
            return -error.args[0]
        return None

    def ioctl(self, operation, argument):
        """As Flash.ioctl; a refused operation is a negative error code."""
        try:
            return super().ioctl(operation, argument)
        except OSError as error:
            return -error.args[0]

    def _keep_order(self, block):
        if self.in_order:
            super()._keep_order(block)

    def _meets(self, kind, where, data, block):
        """Count and log an operation; True when it is to be dropped, OSError when it is to be refused."""
        number = self.operations
        self.operations += 1
        code = self.errors.pop(number, None)
        if code is None and block is not None and block in self.bad_blocks:
            code = self.bad_code
        if code is not None:
            raise OSError(code)
        if number in self.dropped:
            return True
        if self._recording:
            self.log.append((kind, where, bytes(data)))
        return False

    def _block(self, number):
        return self._view[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]


def mount(chip, path="/flash", prog_bytes=flash.PROG_BYTES, read_bytes=flash.READ_BYTES):
    """Mount the file system on the chip, formatting a blank one; returns `path`. Raises OSError, and never formats what
    is not blank (MicroPython only)."""
    import vfs

    shape = {"progsize": prog_bytes, "readsize": read_bytes, "lookahead": flash.LOOKAHEAD_BYTES}
    if chip.is_blank():
        vfs.VfsLfs2.mkfs(chip, **shape)
    vfs.mount(vfs.VfsLfs2(chip, mtime=False, **shape), path)  # pyright: ignore[reportCallIssue]
    return path


def unmount(path="/flash"):
    """Give the mount point back; files left open are forgotten as in a power cut."""
    import vfs

    vfs.umount(path)
