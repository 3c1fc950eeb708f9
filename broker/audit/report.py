"""What verifying found. A finding is tampering or loss; a note is something worth saying that is neither."""

from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "edited": "a record was changed",
    "forged": "records were recomputed without the key",
    "deleted": "records are missing",
    "moved": "records are in another order",
    "inserted": "a record was put in that was never written there",
    "repeated": "a record is there twice",
    "spliced": "two histories were put together",
    "unreadable": "a line is no record",
    "no_header": "a file does not begin as one",
    "file_missing": "a file is missing",
    "start_missing": "the beginning is missing, and no record says that it was dropped",
    "exchanged": "a file bears the name of another one",
    "other_chain": "a file, or what the box has seen, belongs to another log",
    "unknown_key": "the newest records are signed with a key that is not this installation's",
    "unsafe_path": "a path is a link, or others may write to it",
    "cut": "the log ends before what the box has seen, or a file ends in the middle",
    "rewritten": "a record is not the one that the box has seen",
    "bad_export": "the export was changed",
}


@dataclass(frozen=True)
class Finding:
    """One thing found: a word of KINDS (or of a note), where, and in words."""

    kind: str
    text: str
    file: str = ""
    line: int = 0
    n: int = 0

    def as_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {"kind": self.kind, "file": self.file, "line": self.line, "record": self.n, "text": self.text}


@dataclass(frozen=True)
class Witness:
    """What the box has been told, and when: record `n` of `chain` has this hash."""

    chain: str
    n: int
    hash: str
    ts_ms: int = 0


@dataclass
class Report:
    """The outcome. `keyed`: "all", "some" or "none" of the records had their MAC checked."""

    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[Finding] = field(default_factory=list[Finding])
    chain: str = ""
    files: int = 0
    records: int = 0
    first: int = 0
    head: int = 0
    head_hash: str = ""
    keyed: str = "none"
    hashes: dict[int, str] = field(default_factory=dict[int, str], repr=False)

    @property
    def ok(self) -> bool:
        """Whether nothing was tampered with."""
        return not self.findings

    def find(self, kind: str, text: str, file: str = "", line: int = 0, n: int = 0) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, text, file, line, n))

    def note(self, kind: str, text: str, file: str = "", line: int = 0, n: int = 0) -> None:
        """Add a note."""
        self.notes.append(Finding(kind, text, file, line, n))

    def as_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            "ok": self.ok,
            "chain": self.chain,
            "files": self.files,
            "records": self.records,
            "first": self.first,
            "head": {"n": self.head, "hash": self.head_hash},
            "keyed": self.keyed,
            "findings": [one.as_json() for one in self.findings],
            "notes": [one.as_json() for one in self.notes],
        }
