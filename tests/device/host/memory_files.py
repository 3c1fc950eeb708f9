"""A stand-in for device.host.files.Files in memory: it fails, or loses power, where a test says."""


class PowerLost(OSError):  # noqa: N818 - an event, told as one
    """Raised by every operation from the crash on."""


class MemoryFiles:
    """`fail_at=n`: the n-th changing operation fails once (`crash=False`) or is where the power goes (`crash=True`).

    A crash keeps what was synced; of unsynced bytes it keeps `torn` ones. Renames and removals are durable at once, as
    on LittleFS. `survivors()` is the storage after the next boot.
    """

    def __init__(self, contents=None, fail_at=None, crash=True, torn=0):
        self.contents = {name: bytearray(data) for name, data in (contents or {}).items()}
        self.synced = {name: len(data) for name, data in self.contents.items()}
        self.operations = 0
        self.fail_at = fail_at
        self.crash = crash
        self.torn = torn
        self.dead = False
        self.capacity = 1 << 30  # bytes in all

    def survivors(self):
        kept = {}
        for name, data in self.contents.items():
            end = min(len(data), self.synced.get(name, 0) + self.torn)
            if name in self.synced or self.torn:
                kept[name] = bytes(data[:end])
        return kept

    def names(self):
        return list(self.contents)

    def size(self, name):
        return len(self.contents[name])

    def open(self, name):
        return _Reader(self.contents[name])

    def create(self, name):
        self._step()
        self.contents[name] = bytearray()
        self.synced.pop(name, None)
        return _Writer(self, name)

    def append(self, name):
        self._step()
        if name not in self.contents:
            self.contents[name] = bytearray()
        return _Writer(self, name)

    def sync(self, file):
        self._step()
        self.synced[file.name] = len(self.contents[file.name])

    def rename(self, old, new):
        self._step()
        self.contents[new] = self.contents.pop(old)
        self.synced[new] = self.synced.pop(old, 0)

    def remove(self, name):
        self._step()
        del self.contents[name]
        self.synced.pop(name, None)

    def write(self, name, data):
        self._step()
        if sum(map(len, self.contents.values())) + len(data) > self.capacity:
            raise OSError(28)
        self.contents[name] += bytes(data)
        return len(data)

    def _step(self):
        if self.dead:
            raise PowerLost(5)
        self.operations += 1
        if self.operations == self.fail_at:
            self.dead = self.crash
            raise PowerLost(5) if self.crash else OSError(28)


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
    def __init__(self, files, name):
        self._files = files
        self.name = name

    def write(self, data):
        return self._files.write(self.name, data)

    def close(self):
        pass
