"""Reading events out of the chain's files: all, or those that fit a query. Judges nothing; that is verify's work."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.audit.chain import read_lines
from broker.audit.folder import check_folder, numbered_files


@dataclass(frozen=True)
class Found:
    """An event, its number, and where it is."""

    n: int
    event: dict[str, Any]
    file: str
    line: int
    data: bytes


@dataclass(frozen=True)
class Query:
    """What to look for; what is "" or None does not count. `text` and `what` match anywhere, letter case aside."""

    text: str = ""
    group: str = ""
    what: str = ""
    decision: str = ""
    host: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def fits(self, event: dict[str, Any]) -> bool:
        """Whether the event is one that was asked for."""
        when = event.get("ts_ms")
        at = when if isinstance(when, int) else 0
        return (
            (self.since_ms is None or at >= self.since_ms)
            and (self.until_ms is None or at < self.until_ms)
            and (not self.group or event.get("folder") == self.group)
            and (not self.decision or event.get("decision") == self.decision)
            and self.what.casefold() in str(event.get("what", "")).casefold()
            and (not self.host or self.host.casefold() == str(event.get("host", "")).casefold())
            and (not self.text or self.text.casefold() in json.dumps(event, ensure_ascii=False).casefold())
        )

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Query()


def read_events(folder: Path, query: Query | None = None) -> Iterator[Found]:
    """Events in order. Raises OSError, UnsafePathError. A line that is no record, or not whole, is passed over."""
    check_folder(folder)
    for path in numbered_files(folder).values():
        for line in read_lines(path):
            record = line.record
            if record is not None and record.event is not None and (query is None or query.fits(record.event)):
                yield Found(record.n, record.event, path.name, line.number, line.data)
