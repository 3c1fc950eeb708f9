"""The handful of file operations the journal needs, on one folder: LittleFS on the box, any directory elsewhere."""

import os

from device.host import portable


class Files:
    """Flat files in `folder` (made when missing). Every name is a plain file name; all errors are `OSError`.

    appends_whole   after a power cut an append up to a `sync` is there whole or not at all: LittleFS writes a new copy
    """

    appends_whole = portable.MICROPYTHON

    def __init__(self, folder):
        self._folder = folder
        _make_folder(folder)

    def names(self):
        """Names of all files, in no order."""
        return os.listdir(self._folder)

    def size(self, name):
        """Length of a file in bytes."""
        return os.stat(self._path(name))[6]

    def open(self, name):
        """Open for reading: an object with `read(count)` and `close()`."""
        return open(self._path(name), "rb")

    def create(self, name):
        """Open for writing from empty: an object with `write(bytes)`, `close()`."""
        return self._writable(name, "wb")

    def append(self, name):
        """Open for writing at the end."""
        return self._writable(name, "ab")

    def sync(self, file):
        """Make what was written to an open file durable."""
        portable.flush_durably(file)

    def rename(self, old, new):
        """Rename, replacing `new` at once: after a crash either file is there whole."""
        os.rename(self._path(old), self._path(new))
        portable.sync_folder(self._folder)

    def remove(self, name):
        """Delete a file."""
        os.remove(self._path(name))

    def _writable(self, name, mode):
        if portable.MICROPYTHON:
            return open(self._path(name), mode)
        file = open(self._path(name), mode, buffering=0)
        portable.sync_folder(self._folder)
        return file

    def _path(self, name):
        return self._folder + "/" + name


def _make_folder(folder):
    try:
        os.stat(folder)
    except OSError:
        os.mkdir(folder)
