"""Whether the audit log is whole: every file, every record, every link between them.

Reads only, and may do so while the log is written. Without a key the hashes are checked: they show an edit that was
not carried through to the end. With the key it shows wherever it was made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.audit.chain import Line, MacKeyOf, read_lines
from broker.audit.folder import UnsafePathError, check_folder, numbered_files
from broker.audit.links import Links, Place
from broker.audit.record import ZERO, Record
from broker.audit.report import Report, Witness
from broker.audit.witnessed import compare

__all__ = ["verify_folder"]


def verify_folder(folder: Path, keys: Mapping[str, bytes], witnesses: Sequence[Witness] = ()) -> Report:
    """Everything that is wrong in `folder`. `keys` by id (record.key_id); `witnesses` were read before this call.
    Raises OSError when the folder cannot be read."""
    report = Report()
    try:
        check_folder(folder)
    except UnsafePathError as error:
        report.find("unsafe_path", error.message, str(folder))
        return report
    reading = _Reading(report, keys, {witness.n for witness in witnesses})
    files = numbered_files(folder)
    for number, path in files.items():
        reading.file(number, path, last=path == [*files.values()][-1])
    reading.finish()
    compare(report, witnesses)
    return report


@dataclass(frozen=True)
class _Start:
    """How a file says it begins."""

    name: str
    number: int
    n: int
    prev: str


class _Reading:
    """Goes through the files and gathers what the links need."""

    def __init__(self, report: Report, keys: Mapping[str, bytes], asked: set[int]) -> None:
        self._report = report
        self._keys = dict(keys)
        self._asked = asked
        self._links = Links(report)
        self._dropped: dict[int, str] = {}
        self._unvouched: list[str] = []
        self._first: _Start | None = None
        self._expected = 0
        self._signed = self._unsigned = 0

    def file(self, number: int, path: Path, last: bool) -> None:
        """Read one file; `last` when it is the one being written."""
        report = self._report
        if self._expected and number > self._expected:
            self._missing(self._expected, number)
        self._expected = number + 1
        report.files += 1
        mac_key: bytes | None = None
        try:
            for line in read_lines(path):
                if line.number == 1:
                    if not self._begin(number, path, line, last):
                        return
                    mac_key = self._mac_key(path.name, line.record)
                self._line(path.name, line, mac_key, last)
        except UnsafePathError as error:
            report.find("unsafe_path", error.message, path.name)

    def finish(self) -> None:
        """What only shows once everything has been read."""
        report, first = self._report, self._first
        report.keyed = "none" if not self._signed else "some" if self._unsigned else "all"
        self._links.check()
        report.head, report.head_hash = self._links.head
        for n in self._asked:
            if n in self._links.hashes:
                report.hashes[n] = self._links.hashes[n]
        if first is not None:
            report.first = first.n
            begins = (first.n, first.prev) == (1, ZERO) and first.number == 1
            if not begins and self._dropped.get(first.n - 1) != first.prev:
                report.find("start_missing", "everything before it is missing", first.name, 1, first.n)
        if self._unvouched and self._keys:
            report.find("unknown_key", "signed with a key that is not at hand", self._unvouched[0], 1)
        elif self._unsigned:
            report.note("hashes_only", f"{self._unsigned} records: only hashes were checked, their key is not at hand")

    def _missing(self, first: int, until: int) -> None:
        for number in range(first, until):
            self._report.find("file_missing", f"file {number} is missing")

    def _begin(self, number: int, path: Path, line: Line, last: bool) -> bool:
        """Look at a file's first line; False when there is nothing more to read in it."""
        report, record = self._report, line.record
        header = record.file if record else None
        if record is None or header is None:
            if last and not line.whole:
                report.note("torn", "it was being begun when something stopped it", path.name, 1)
                return False
            report.find("no_header", "its first line does not say what it is", path.name, 1)
            return True
        chain = str(header.get("chain"))
        report.chain = report.chain or chain
        if chain != report.chain:
            report.find("other_chain", f"it belongs to the log {chain}", path.name, 1, record.n)
        if header.get("number") != number:
            report.find("exchanged", f"it is file {header.get('number')}", path.name, 1, record.n)
        if self._first is None:
            self._first = _Start(path.name, number, record.n, record.prev)
        return True

    def _mac_key(self, name: str, record: Record | None) -> bytes | None:
        header = record.file if record else None
        if header is None:
            return None
        found = MacKeyOf(self._keys)(str(header.get("key")), str(header.get("chain")))
        if found is None:
            self._unvouched.append(name)
        else:
            self._unvouched.clear()  # its first record vouches for the hash of everything before
        return found

    def _line(self, name: str, line: Line, mac_key: bytes | None, last: bool) -> None:
        if not line.whole:
            if last:
                self._report.note("torn", f"{line.size} bytes of a record that was never accepted", name, line.number)
            else:
                self._report.find("cut", "the file ends in the middle of a record", name, line.number)
            return
        place = Place(name, line.number)
        if line.record is None:
            self._links.unreadable(place, line.hash)
            return
        record = line.record
        self._report.records += 1
        signed = None if mac_key is None else record.signed_with(mac_key)
        self._signed += signed is not None
        self._unsigned += signed is None
        self._links.add(place, record.n, record.prev, line.hash, signed)
        if record.file is not None and line.number > 1:
            self._report.find("inserted", "the beginning of a file within one", name, line.number, record.n)
        event = record.event or {}
        if event.get("what") == "audit.dropped" and signed is not False:
            self._dropped[int(event.get("upto", 0))] = str(event.get("hash"))
