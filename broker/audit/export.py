"""Records taken out of the chain with what proves them, as JSON lines.

    {"export":1,"chain":…,"query":{…}}
    {"gap":[1,41]}                          records that were not taken
    {"mac":…,"n":42,"prev":…,"event":{…}}   records, byte for byte as in the log; the first one of each file always
    {"end":{"records":…,"sha256":…,"key":…,"mac":…}}

With the key every record proves itself and its number, and the end proves that no line was left out. Without it the
hashes show that neighbours belong together and that the file is whole.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from broker.audit.chain import MacKeyOf, read_lines
from broker.audit.folder import check_folder, numbered_files
from broker.audit.record import Record, UnreadableLineError, chain_key, dumps, parse
from broker.audit.report import Report
from broker.audit.search import Query

_END = b"barnacle audit export "


def export_lines(folder: Path, query: Query, keys: Mapping[str, bytes]) -> Iterator[bytes]:
    """The lines of an export, without line feeds. Raises OSError, UnsafePathError."""
    check_folder(folder)
    digest, records, last, header = hashlib.sha256(), 0, 0, dict[str, Any]()
    for path in numbered_files(folder).values():
        for line in read_lines(path):
            record = line.record
            if record is None or not (record.file is not None or query.fits(record.event or {})):
                continue
            if record.file is not None:
                if not header:
                    yield _fed(digest, dumps({"export": 1, "chain": record.file.get("chain"), "query": _asked(query)}))
                header = record.file
            if record.n > last + 1:
                yield _fed(digest, dumps({"gap": [last + 1, record.n - 1]}))
            yield _fed(digest, line.data)
            records, last = records + 1, record.n
    end: dict[str, Any] = {"records": records, "sha256": digest.hexdigest()}
    key, chain = keys.get(str(header.get("key"))), str(header.get("chain"))
    if key is not None:
        end |= {"key": header["key"], "mac": _end_mac(key, chain, end["sha256"])}
    yield dumps({"end": end})


def is_export(first: bytes) -> bool:
    """Whether a file that begins with this line is an export."""
    return first.startswith(b'{"export":1,')


def verify_export(lines: Iterable[bytes], name: str, keys: Mapping[str, bytes]) -> Report:
    """What is wrong with an export; never raises for what is in it."""
    reading = _Reading(name, keys)
    for number, line in enumerate(lines, 1):
        reading.line(number, line.removesuffix(b"\n"))
    return reading.finish()


class _Reading:
    def __init__(self, name: str, keys: Mapping[str, bytes]) -> None:
        self._name = name
        self._keys = dict(keys)
        self._report = Report(files=1)
        self._digest = hashlib.sha256()
        self._mac_key: bytes | None = None
        self._gap: tuple[int, int] | None = None
        self._last: Record | None = None
        self._ended = False
        self._unsigned = self._signed = 0
        self._number = 0

    def line(self, number: int, line: bytes) -> None:
        """Take one line."""
        self._number = number
        if self._ended:
            self._find("there is something after its end")
        elif line.startswith(b'{"mac":'):
            self._record(line)
        else:
            self._other(number, line)
            if self._ended:
                return
        self._digest.update(line + b"\n")

    def finish(self) -> Report:
        """Everything that was found."""
        report = self._report
        if not self._ended:
            self._find("its end is missing")
        report.keyed = "none" if not self._signed else "some" if self._unsigned else "all"
        if self._unsigned:
            report.note("hashes_only", f"{self._unsigned} records: only hashes were checked, their key is not at hand")
        return report

    def _record(self, line: bytes) -> None:
        report = self._report
        try:
            record = parse(line)
        except UnreadableLineError:
            report.find("unreadable", "the line is no record", self._name, self._number)
            return
        if record.file is not None:
            chain = str(record.file.get("chain"))
            if chain != report.chain:
                report.find("other_chain", f"it belongs to the log {chain}", self._name, self._number, record.n)
            self._mac_key = MacKeyOf(self._keys)(str(record.file.get("key")), report.chain)
        self._check_mac(record)
        self._check_place(record)
        report.records += 1
        report.first = report.first or record.n
        report.head, report.head_hash = record.n, record.hash
        self._last, self._gap = record, None

    def _check_mac(self, record: Record) -> None:
        if self._mac_key is None:
            self._unsigned += 1
            return
        self._signed += 1
        if not record.signed_with(self._mac_key):
            self._report.find("edited", "its text is not what was written", self._name, self._number, record.n)

    def _check_place(self, record: Record) -> None:
        before = self._last.n if self._last else 0
        if record.n == before + 1:
            if self._last is not None and record.prev != self._last.hash:
                text = "it was not written after the record before it"
                self._report.find("edited", text, self._name, self._number, record.n)
        elif self._gap != (before + 1, record.n - 1):
            self._report.find("deleted", "records before it are missing", self._name, self._number, record.n)

    def _other(self, number: int, line: bytes) -> None:
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        gap = fields.get("gap")
        if number == 1 and fields.get("export") == 1:
            self._report.chain = str(fields.get("chain"))
        elif isinstance(gap, list) and len(cast("list[Any]", gap)) == 2 and self._gap is None:
            first, last = cast("list[int]", gap)
            self._gap = (first, last)
        elif isinstance(fields.get("end"), dict):
            self._end(fields["end"])
        else:
            self._find("the line is no part of an export")

    def _end(self, end: dict[str, Any]) -> None:
        self._ended = True
        digest = self._digest.hexdigest()
        if end.get("sha256") != digest or end.get("records") != self._report.records:
            self._find("its lines are not those that were exported")
        key = self._keys.get(str(end.get("key")))
        if key is not None:
            right = _end_mac(key, self._report.chain, digest)
            if not hmac.compare_digest(str(end.get("mac")), right):
                self._find("its end was recomputed without the key")
        elif self._keys:
            self._find("its end is not signed with a key of this installation")

    def _find(self, text: str) -> None:
        self._report.find("bad_export", text, self._name, self._number)


def _fed(digest: Any, line: bytes) -> bytes:
    digest.update(line + b"\n")
    return line


def _asked(query: Query) -> dict[str, Any]:
    return {name: value for name, value in vars(query).items() if value not in ("", None)}


def _end_mac(key: bytes, chain: str, digest: str) -> str:
    return hmac.digest(chain_key(key, chain), _END + digest.encode(), "sha256").hex()
