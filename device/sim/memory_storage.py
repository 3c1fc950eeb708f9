"""Storage that lives as long as the program: what a replayed box keeps between two boots (files.py has the calls)."""


class MemoryStorage:
    """Files by name. Everything written is durable at once: a replay loses no power."""

    def __init__(self):
        self._contents = {}

    def names(self):
        """All files."""
        return list(self._contents)

    def size(self, name):
        """Bytes in a file."""
        return len(self._contents[name])

    def open(self, name):
        """A reader with `read(count)` and `close()`."""
        return _Reader(self._contents[name])

    def create(self, name):
        """An empty file to write."""
        self._contents[name] = bytearray()
        return _Writer(self._contents[name])

    def append(self, name):
        """A file to write on; made when it is not there."""
        return _Writer(self._contents.setdefault(name, bytearray()))

    def sync(self, file):
        """Nothing to do: see the class."""

    def rename(self, old, new):
        """Give a file another name, replacing the one that has it."""
        self._contents[new] = self._contents.pop(old)

    def remove(self, name):
        """Forget a file."""
        del self._contents[name]


class _Reader:
    def __init__(self, data):
        self._data = bytes(data)
        self._at = 0

    def read(self, count):
        piece = self._data[self._at : self._at + count]
        self._at += len(piece)
        return piece

    def close(self):
        pass


class _Writer:
    def __init__(self, contents):
        self._contents = contents

    def write(self, data):
        self._contents.extend(bytes(data))
        return len(data)

    def close(self):
        pass
