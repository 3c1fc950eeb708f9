"""What a check found: each with its severity, where it is and what to do about it."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.host import limits

ERROR: Final = "error"
WARNING: Final = "warning"
INFO: Final = "info"
SEVERITIES: Final = (ERROR, WARNING, INFO)


@dataclass(frozen=True)
class Finding:
    """`row` names the row by its key, "" for the whole table or file."""

    severity: str
    table: str
    row: str
    what: str
    remedy: str


class Findings:
    """Collects findings up to limits.FINDINGS; `counts` has all of them by severity."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._kept: list[Finding] = []

    def error(self, table: str, row: object, what: str, remedy: str) -> None:
        """Something that breaks NanoClaw or loses work."""
        self._add(Finding(ERROR, table, str(row), what, remedy))

    def warning(self, table: str, row: object, what: str, remedy: str) -> None:
        """Something that works, but hardly as meant."""
        self._add(Finding(WARNING, table, str(row), what, remedy))

    def info(self, table: str, row: object, what: str, remedy: str) -> None:
        """Something good to know."""
        self._add(Finding(INFO, table, str(row), what, remedy))

    @property
    def kept(self) -> list[Finding]:
        """The findings, the worst first, in the order found."""
        return sorted(self._kept, key=lambda finding: SEVERITIES.index(finding.severity))

    @property
    def sound(self) -> bool:
        """True without errors."""
        return not self.counts[ERROR]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        total = sum(self.counts.values())
        return {
            "ok": self.sound,
            "counts": {severity: self.counts[severity] for severity in SEVERITIES},
            "left_out": total - len(self._kept),
            "findings": [asdict(finding) for finding in self.kept],
        }

    def _add(self, finding: Finding) -> None:
        self.counts[finding.severity] += 1
        if len(self._kept) < limits.FINDINGS:
            self._kept.append(finding)
