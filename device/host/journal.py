"""An append-only journal with snapshots: what was committed survives power loss at any byte.

Files in one folder: `NNNNNNNN.log` segments in increasing order, `NNNNNNNN.snap` the whole state as it was before
segment N. A frame is `[length u32][crc32 u32][payload]`, little endian. The top bit of the length says that the batch
goes on: one commit is one batch, and a batch is applied whole or not at all. Frame files are read by `frames.py`.

A cut batch at the end of the last segment is what a power cut leaves where an append may show in part: it is dropped.
On LittleFS an append shows whole or not at all (`Files.appends_whole`). Anything else that cannot be read is damage:
recovery stops there, keeps the files aside as `*.bad`, and says so in `damage`. Nothing unreadable is deleted.
The previous snapshot and its segments are kept until the next one, so that a bad snapshot costs nothing.
"""

import struct
from binascii import crc32

from device.host import frames, limits
from device.host.errors import BarnacleError
from device.host.portable import const

_NO_SPACE = const(28)  # ENOSPC, which MicroPython's errno lacks


class JournalError(BarnacleError):
    """The storage refused a write; what was appended stays pending for the next `commit` that succeeds."""


class Journal:
    """`recover` first, then `append` and `commit`; `snapshot` now and then. Nothing here awaits: a commit blocks."""

    def __init__(self, files):
        self._files = files
        self._pending = []
        self._buffer = memoryview(bytearray(limits.WRITE_BUFFER_BYTES))
        self._segment = 1
        self._file = None
        self._segment_bytes = 0
        self._suspect = False
        self._base = 0
        self._obsolete = self._dropped = 0  # generations below these may go, or are on the list
        self._superfluous = []
        self.damage = ""
        self.torn_bytes = 0
        self.bytes_written = 0
        self.commits = 0
        self.log_bytes = 0
        self.snapshot_bytes = 0

    def recover(self, apply):
        """Hand every durable payload to `apply(payload)` in order; afterwards the journal is ready for `append`."""
        for name in self._files.names():
            if name.endswith(".tmp"):
                self._files.remove(name)
        self._base = self._load_snapshot(apply)
        logs = [n for n in self._numbers(".log") if n >= self._base]
        expected = max(self._base, 1)
        for index, number in enumerate(logs):
            last = index == len(logs) - 1
            if number != expected:
                self._set_aside(logs[index:], "segment %d is missing" % expected)
                break
            expected += 1
            if not self._load_segment(number, last, logs[index + 1 :], apply):
                break
        self._segment = expected

    def append(self, payload):
        """Add one record (bytes) to the batch that the next `commit` makes durable."""
        if len(payload) > limits.RECORD_BYTES:
            raise JournalError(
                "a record of %d bytes exceeds %d and was not stored" % (len(payload), limits.RECORD_BYTES)
            )
        self._pending.append(payload)

    @property
    def pending(self):
        """How many records wait for `commit`."""
        return len(self._pending)

    @property
    def wants_snapshot(self):
        """True once the log outweighs twice the snapshot, within COMPACT_BYTES and COMPACT_MOST_BYTES."""
        return self._segment - self._base > limits.SEGMENTS or self.log_bytes > self._log_allowed()

    @property
    def overdue_snapshot(self):
        """True once the log is twice as long as `wants_snapshot` asks for, or has an eighth more segments."""
        return self._segment - self._base > limits.SEGMENTS * 9 // 8 or self.log_bytes > 2 * self._log_allowed()

    def commit(self):
        """Make everything appended durable as one batch; raises JournalError and keeps it pending when that fails.

        On a storage that is too full for two generations the older one goes first."""
        if not self._pending:
            return
        try:
            try:
                written = self._write_batch()
            except OSError as error:
                self._abandon_file()
                if error.args[0] != _NO_SPACE or not self._drop_previous():
                    raise
                written = self._write_batch()
        except (OSError, MemoryError) as error:
            self._abandon_file()
            raise JournalError("the journal could not be written (%s): free storage or restart the box" % (error,))
        self._pending = []
        self.commits += 1
        self._count(written)
        self._segment_bytes += written
        self.log_bytes += written
        if self._segment_bytes >= limits.SEGMENT_BYTES:
            self._next_segment()

    def snapshot(self, payloads):
        """Write the whole state beside the log, switch to it (then call `drop_old`); `payloads()` gives an iterable."""
        self.commit()
        number = self._segment + 1 if self._segment_bytes else self._segment
        try:
            written = self._write_with_room(payloads, number)
        except OSError as error:
            raise JournalError("the snapshot could not be written (%s); the log goes on" % (error,))
        if number != self._segment:
            self._next_segment()
        self._switch_to(number, written, self.log_bytes)

    def snapshot_steps(self, payloads):
        """As `snapshot`, but a generator that writes a part per step: others may append and commit between the steps.

        `payloads()` is called in the first step and must go on to give the state of that moment."""
        self.commit()
        if self._segment_bytes:
            self._next_segment()
        number, logged, written = self._segment, self.log_bytes, 0
        try:
            file = self._files.create("snap.tmp")
            try:
                for part in _parts(payloads()):
                    written += self._write_frames(file, part)
                    yield
                written += self._write_frames(file, (frames.END,))
                self._files.sync(file)
            finally:
                file.close()
            self._files.rename("snap.tmp", _snap(number))
        except OSError as error:
            raise JournalError("the snapshot could not be written (%s); the log goes on" % (error,))
        self._count(written)
        self._switch_to(number, written, logged)

    def drop_old(self):
        """Remove one file that the last two snapshots made superfluous; False when there is none. For quiet moments."""
        if not self._superfluous and self._dropped < self._obsolete:
            logs = [_log(n) for n in self._numbers(".log") if n < self._obsolete]
            snapshots = [_snap(n) for n in self._numbers(".snap") if n < self._obsolete]
            self._superfluous = list(reversed(logs + snapshots))  # the log goes first, its snapshot after it
            self._dropped = self._obsolete
        if not self._superfluous:
            return False
        self._files.remove(self._superfluous[-1])
        self._superfluous.pop()
        return True

    def give_up_previous(self):
        """Let `drop_old` remove all that is older than the newest snapshot, too: for a storage without room."""
        self._obsolete = self._base
        self.drop_unfinished()

    def drop_unfinished(self):
        """Give back the room of a snapshot that could not be written to its end: the log needs it."""
        if "snap.tmp" in self._files.names():
            self._files.remove("snap.tmp")

    def close(self):
        """Close the open segment; what is pending stays unwritten."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load_snapshot(self, apply):
        for number in reversed(self._numbers(".snap")):
            name = _snap(number)
            if frames.whole(self._files, name):
                frames.replay(self._files, name, self._files.size(name), apply)
                self.snapshot_bytes = self._files.size(name)
                return number
            self._keep_aside(name)
            self._note("snapshot %d cannot be read" % number)
        first = self._numbers(".log")
        if first and first[0] > 1:
            self._note("no readable snapshot comes before segment %d" % first[0])
            self._set_aside(first, "its snapshot is unreadable")
        return 0

    def _load_segment(self, number, last, later, apply):
        name = _log(number)
        good, size, torn = frames.replay_batches(self._files, name, apply)
        self.log_bytes += good
        if good == size:
            return True
        if last and torn and not getattr(self._files, "appends_whole", False):
            self.torn_bytes = size - good
            self._cut(name, good)
            return True
        self._note("segment %d cannot be read from byte %d" % (number, good))
        for other in reversed(later):
            self._keep_aside(_log(other))
        self._copy(name, self._unused_name(name), size)
        self._cut(name, good)
        return False

    def _set_aside(self, numbers, why):
        self._note(why)
        for number in reversed(numbers):
            self._keep_aside(_log(number))

    def _keep_aside(self, name):
        self._files.rename(name, self._unused_name(name))

    def _unused_name(self, name):
        taken = self._files.names()
        count = 0
        while "%s.%d.bad" % (name, count) in taken:
            count += 1
        return "%s.%d.bad" % (name, count)

    def _note(self, what):
        self.damage = self.damage + "; " + what if self.damage else what

    def _cut(self, name, length):
        self._copy(name, "cut.tmp", length)
        self._files.rename("cut.tmp", name)

    def _copy(self, name, target, length):
        source = self._files.open(name)
        file = self._files.create(target)
        try:
            while length:
                piece = source.read(min(length, 512))
                file.write(piece)
                length -= len(piece)
                self._count(len(piece))
            self._files.sync(file)
        finally:
            file.close()
            source.close()

    def _log_allowed(self):
        return max(limits.COMPACT_BYTES, min(2 * self.snapshot_bytes, limits.COMPACT_MOST_BYTES))

    def _switch_to(self, number, written, logged):
        """The snapshot before segment `number` is whole; `logged` bytes of the log are in it."""
        self._obsolete, self._base = self._base, number
        self.snapshot_bytes = written
        self.log_bytes -= logged

    def _write_batch(self):
        """Write what is pending to the segment; returns the bytes written."""
        if self._suspect:
            self._mend_tail()
        if self._file is None:
            self._file = self._files.append(_log(self._segment))
        written = self._write_frames(self._file, self._pending)
        self._files.sync(self._file)
        return written

    def _drop_previous(self):
        """Remove every file older than the newest snapshot; whether there was one."""
        self.give_up_previous()
        dropped = False
        while self.drop_old():
            dropped = True
        return dropped

    def _write_with_room(self, payloads, number):
        """On a storage that is too full for three generations the oldest one goes first."""
        try:
            return self._write_snapshot(payloads(), number)
        except OSError:
            self._drop_previous()
            return self._write_snapshot(payloads(), number)

    def _write_snapshot(self, payloads, number):
        file = self._files.create("snap.tmp")
        try:
            written = self._write_frames(file, payloads)
            written += self._write_frames(file, (frames.END,))
            self._files.sync(file)
        finally:
            file.close()
        self._count(written)
        self._files.rename("snap.tmp", _snap(number))
        return written

    def _write_frames(self, file, payloads):
        """Write one batch through the buffer; the last frame closes it. Returns the bytes written."""
        buffer, fill, total, held = self._buffer, 0, 0, None
        for payload in payloads:
            if held is not None:
                fill = self._put_frame(file, buffer, fill, held, frames.MORE)
                total += frames.HEADER_BYTES + len(held)
            held = payload
        if held is not None:
            fill = self._put_frame(file, buffer, fill, held, 0)
            total += frames.HEADER_BYTES + len(held)
        if fill:
            _write_all(file, buffer[:fill])
        return total

    def _put_frame(self, file, buffer, fill, payload, flag):
        needed = frames.HEADER_BYTES + len(payload)
        if fill and fill + needed > len(buffer):
            _write_all(file, buffer[:fill])
            fill = 0
        if needed > len(buffer):
            _write_all(file, struct.pack("<II", len(payload) | flag, crc32(payload)))
            _write_all(file, payload)
            return 0
        struct.pack_into("<II", buffer, fill, len(payload) | flag, crc32(payload))
        buffer[fill + frames.HEADER_BYTES : fill + needed] = payload
        return fill + needed

    def _mend_tail(self):
        """After a failed write the segment may end in garbage: cut it back to what was committed."""
        name = _log(self._segment)
        if name in self._files.names() and self._files.size(name) != self._segment_bytes:
            self._cut(name, self._segment_bytes)
        self._suspect = False

    def _abandon_file(self):
        self._suspect = True
        try:
            self.close()
        except OSError:
            self._file = None  # the handle is lost either way; _mend_tail looks at the file itself

    def _next_segment(self):
        self.close()
        self._segment += 1
        self._segment_bytes = 0

    def _numbers(self, suffix):
        names = self._files.names()
        return sorted(int(n[:8]) for n in names if n.endswith(suffix) and n[:8].isdigit() and len(n) == 8 + len(suffix))

    def _count(self, written):
        self.bytes_written += written


def _parts(payloads):
    """Yield lists of payloads that fill the write buffer about once."""
    part, size = [], 0
    for payload in payloads:
        part.append(payload)
        size += frames.HEADER_BYTES + len(payload)
        if size >= limits.WRITE_BUFFER_BYTES:
            yield part
            part, size = [], 0
    yield part


def _log(number):
    return "%08d.log" % number


def _snap(number):
    return "%08d.snap" % number


def _write_all(file, data):
    """Write every byte: a raw file may take less than it was given."""
    while len(data):
        count = file.write(data)
        if not count:
            raise OSError(5)
        data = memoryview(data)[count:]
