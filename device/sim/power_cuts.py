"""What a chip may hold when the power goes: every image that a list of operations allows, one after the other.

At each operation: nothing of it done yet (`before`); a prog that stopped at a page or at a byte (`torn`), or that left
a byte half programmed (`weak`); an erase that did one half of the block, or left noise (`half`). And because a chip or
driver may put off what was not synced: everything since the last sync done except one operation (`late`), or of all
that only what concerns the newest one's block (`early`).
"""

from device.host.portable import const
from device.sim.faulty_flash import ERASE, PROG, SYNC
from device.sim.flash import BLOCK_BYTES

PAGE_BYTES = const(256)
_HALF = const(2048)


def cuts(image, log, every_byte=False):
    """Yield (operation number, variant, image): the caller may keep and change each image. `image` is the chip before
    the first operation of `log`, which is a FaultyFlash's. `every_byte` tears each prog at each of its bytes."""
    now = bytearray(image)
    window = []
    synced = bytearray(image)
    for number, operation in enumerate(log):
        kind = operation[0]
        yield number, "before", bytearray(now)
        if kind == SYNC:
            synced = bytearray(now)
            window = []
            continue
        for variant, found in _torn(now, operation, every_byte):
            yield number, variant, found
        apply(now, operation)
        window.append(operation)
        for variant, found in _reordered(synced, window):
            yield number, variant, found
    yield len(log), "before", now


def apply(image, operation):
    """Do one operation to an image."""
    kind, where, data = operation
    if kind == PROG:
        image[where : where + len(data)] = data
    elif kind == ERASE:
        image[where * BLOCK_BYTES : (where + 1) * BLOCK_BYTES] = b"\xff" * BLOCK_BYTES


def _torn(now, operation, every_byte):
    kind, where, data = operation
    if kind == ERASE:
        start = where * BLOCK_BYTES
        for variant, low, high in (("half", 0, _HALF), ("half", _HALF, BLOCK_BYTES)):
            found = bytearray(now)
            found[start + low : start + high] = b"\xff" * (high - low)
            yield variant, found
        found = bytearray(now)
        for i in range(start, start + BLOCK_BYTES, 7):
            found[i] |= 0x5A
        yield "half", found
        return
    for length in _lengths(len(data), every_byte):
        found = bytearray(now)
        found[where : where + length] = data[:length]
        yield "torn", found
    found = bytearray(now)
    middle = len(data) // 2
    found[where : where + middle] = data[:middle]
    found[where + middle] = data[middle] | 0x33
    yield "weak", found


def _lengths(size, every_byte):
    if every_byte:
        return range(1, size)
    return sorted(
        {length for length in (1, size // 2, size - 1) if length > 0} | set(range(PAGE_BYTES, size, PAGE_BYTES))
    )


def _reordered(synced, window):
    """Each unsynced operation left out while the later ones are done; an erased block gets nothing before its erase."""
    for late in range(len(window) - 1):
        found = bytearray(synced)
        for number, operation in enumerate(window):
            after_erase = window[late][0] == ERASE and _block(operation) == _block(window[late])
            if number != late and not after_erase:
                apply(found, operation)
        yield "late", found
    if len(window) > 2:
        newest = _block(window[-1])
        found = bytearray(synced)
        for operation in window:
            if _block(operation) == newest:
                apply(found, operation)
        yield "early", found


def _block(operation):
    kind, where, _ = operation
    return where if kind == ERASE else where // BLOCK_BYTES
