"""What the machine below says about itself, for tele.health."""

import os


class MachineFacts:
    """`read()` gives the board's part of tele.health; `client` (MQTT) and `boot_ms` are set by the composition root."""

    def __init__(self, board, folder, version):
        self._board = board
        self._folder = folder
        self._version = version
        self._heap_peak = 0
        self.boot_ms = None
        self.client = None

    def read(self):
        """{"heap_used", "heap_free", "heap_peak", "flash_…", "storage_…", "boot_ms", "version", "board", …}."""
        used, free = self._board.heap()
        self._heap_peak = max(self._heap_peak, used)
        storage_used, storage_free = storage(self._folder)
        flash = self._board.flash_counters()
        return {
            "heap_used": used,
            "heap_free": free,
            "heap_peak": self._heap_peak,
            "flash_bytes_written": flash["bytes_written"],
            "flash_erases": flash["erases"],
            "storage_used": storage_used,
            "storage_free": storage_free,
            "boot_ms": self.boot_ms,
            "version": self._version,
            "board": self._board.name,
            "mqtt_reconnects": max(0, self.client.counters["connects"] - 1) if self.client is not None else 0,
        }


def storage(folder):
    """(used, free) bytes of the file system that holds `folder`."""
    facts = os.statvfs(folder)
    block, total, free = facts[1], facts[2], facts[3]
    return (total - free) * block, free * block
