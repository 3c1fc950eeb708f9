"""What a run over golden files came to: per file, in words and as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.host.parity.interpreters import Verdict


@dataclass(frozen=True)
class FileReport:
    """One file. `skipped` says why its cases were not judged ("" when they were); `failing` whether that is a failure.

    `verdicts` are those of judges/verdict.py, in the order of the cases."""

    name: str
    fixture: str
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    skipped: str = ""
    failing: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """{"passed", "failed", "exempt"}."""
        found = Counter(each["verdict"] for each in self.verdicts)
        return {name: found[name] for name in ("passed", "failed", "exempt")}

    @property
    def failures(self) -> list[Verdict]:
        """The verdicts of the cases that failed."""
        return [each for each in self.verdicts if each["verdict"] == "failed"]

    @property
    def exemptions(self) -> list[dict[str, Any]]:
        """[{"quirk", "marked", "unmarked"}]: how many cases each exempt quirk excuses, marked with it and not."""
        marks = Counter((each["quirk"], each["marked"]) for each in self.verdicts if each["verdict"] == "exempt")
        names = sorted({name for name, _ in marks})
        return [{"quirk": name, "marked": marks[name, True], "unmarked": marks[name, False]} for name in names]


@dataclass(frozen=True)
class Report:
    """All files, judged by `interpreter`."""

    interpreter: str
    files: list[FileReport]

    @property
    def counts(self) -> dict[str, int]:
        """The files' counts together."""
        return {name: sum(file.counts[name] for file in self.files) for name in ("passed", "failed", "exempt")}

    @property
    def agrees(self) -> bool:
        """Nothing failed, no file went without a judge, and something was judged."""
        counts = self.counts
        judged = counts["passed"] + counts["exempt"] > 0
        return judged and not counts["failed"] and not any(file.failing for file in self.files)

    def json(self) -> dict[str, Any]:
        """The machine form."""
        return {
            "interpreter": self.interpreter,
            "agrees": self.agrees,
            **self.counts,
            "files": [*map(_json, self.files)],
        }


def words(counts: dict[str, int]) -> str:
    """ "N passed, M failed, K exempt"."""
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['exempt']} exempt"


def _json(file: FileReport) -> dict[str, Any]:
    return {
        "file": file.name,
        "fixture": file.fixture,
        **file.counts,
        "not_judged": file.skipped or None,
        "failures": [{key: value for key, value in each.items() if key != "verdict"} for each in file.failures],
        "exemptions": file.exemptions,
        "exempt_cases": [
            {key: each[key] for key in ("id", "quirk", "marked")}
            for each in file.verdicts
            if each["verdict"] == "exempt"
        ],
    }
