"""What the machine below says about itself, for tele.health."""

import os


class MachineFacts:
    """`read()` gives the board's part of tele.health; the composition root tells it what it learns later."""

    def __init__(self, board, folder, version):
        self._board = board
        self._folder = folder
        self._version = version
        self._heap_peak = 0
        self._boot_ms = None
        self._client = None

    def connected_by(self, client):
        """The MQTT client, whose reconnects are counted."""
        self._client = client

    def ready_after(self, boot_ms):
        """How long it took from the start until the box served."""
        self._boot_ms = boot_ms

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
            "boot_ms": self._boot_ms,
            "version": self._version,
            "board": self._board.name,
            "mqtt_reconnects": max(0, self._client.counters["connects"] - 1) if self._client is not None else 0,
        }


def storage(folder):
    """(used, free) bytes of the file system that holds `folder`."""
    facts = os.statvfs(folder)
    block, total, free = facts[1], facts[2], facts[3]
    return (total - free) * block, free * block
