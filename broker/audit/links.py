"""Whether records follow one another, and if not, what was done to them."""

from dataclasses import dataclass

from broker.audit.record import ZERO
from broker.audit.report import Report


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class _Link:
    place: Place
    n: int
    prev: str
    hash: str
    signed: bool | None  # None: not known, the key is not at hand


class Links:
    """`add` every record in the order in which they lie, then `check` once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._links: list[_Link] = []
        self.hashes: dict[int, str] = {}
        self.head = (0, ZERO)

    def add(self, place: Place, n: int, prev: str, digest: str, signed: bool | None) -> None:
        """A record: `signed` says whether its MAC holds, None when that could not be told."""
        self._links.append(_Link(place, n, prev, digest, signed))
        if signed is not False:
            self.hashes[n] = digest

    def unreadable(self, place: Place, digest: str) -> None:
        """A line that is no record."""
        self._report.find("unreadable", "the line is no record", place.file, place.line)
        self._links.append(_Link(place, 0, "", digest, None))

    def check(self) -> None:
        """Report what does not follow."""
        present = {link.n for link in self._links}
        seen: dict[int, str] = {}
        last: _Link | None = None
        for index, link in enumerate(self._links):
            following = self._links[index + 1] if index + 1 < len(self._links) else None
            if link.n == 0:
                last = link if last is None else _Link(link.place, last.n + 1, "", link.hash, None)
                continue
            if link.signed is False:
                self._unsigned(link, last, following)
                if self._was_put_in(link, following):
                    continue
            if last is None or self._follows(last, link, seen, present):
                last = link
            seen.setdefault(link.n, link.hash)
        if last is not None:
            self.head = (last.n, last.hash)

    def _unsigned(self, link: _Link, last: _Link | None, following: _Link | None) -> None:
        if self._was_put_in(link, following):
            self._find("inserted", "it was never written by this log", link)
        elif following is not None and following.prev == link.hash:
            self._find("forged", "it and what follows were recomputed without the key", link)
        else:
            self._find("edited", "its text is not what was written", link)

    @staticmethod
    def _was_put_in(link: _Link, following: _Link | None) -> bool:
        """A record with a wrong MAC, and after it the true one that has its place."""
        return link.signed is False and following is not None and bool(following.signed) and following.n == link.n

    def _follows(self, last: _Link, link: _Link, seen: dict[int, str], present: set[int]) -> bool:
        """Report how `link` does not follow `last`; True when what comes is to follow `link`."""
        expected = last.n + 1
        if link.n == expected:
            self._same_number(last, link)
            return True
        if link.n > expected:
            gone = [n for n in range(expected, min(link.n, expected + 100_000)) if n not in present]
            if gone:
                self._find("deleted", f"records {_span(gone[0], gone[-1])} before it are missing", link)
            else:
                self._find("moved", f"records {_span(expected, link.n - 1)} come after it", link)
            return True
        if seen.get(link.n) == link.hash:
            self._find("repeated", "it is there already", link)
        elif link.n in seen:
            kind = "spliced" if link.signed else "inserted"
            self._find(kind, f"there is another record {link.n} before it", link)
            return kind == "spliced"
        else:
            self._find("moved", "it belongs further up", link)
        return False

    def _same_number(self, last: _Link, link: _Link) -> None:
        if link.prev == last.hash or last.prev == "":  # a line that is no record was reported already
            return
        if last.signed and link.signed:
            self._find("spliced", "it was written after another record than the one before it", link)
        elif last.signed is None and link.signed is not False:
            self._find("edited", "its text is not what the next record was written after", last)
        elif last.signed and link.signed is None:
            self._find("edited", "it does not follow the record before it", link)

    def _find(self, kind: str, text: str, link: _Link) -> None:
        self._report.find(kind, text, link.place.file, link.place.line, link.n)


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"
