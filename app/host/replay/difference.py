"""One difference between what was recorded and what was replayed, and when it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN_CHARS = 400


@dataclass(frozen=True)
class Difference:
    """`phase` counts from 0, `t` is the earliest moment at which it shows; both texts are bounded."""

    phase: int
    t: int
    where: str
    expected: str
    got: str

    @property
    def moment(self) -> tuple[int, int]:
        """For comparing: which is earlier."""
        return self.phase, self.t

    def json(self) -> dict[str, Any]:
        """For machines."""
        return {"phase": self.phase, "t": self.t, "where": self.where, "expected": self.expected, "got": self.got}


def brief(value: Any) -> str:
    """A value as text short enough for a report."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"


def first_of(differences: Sequence[Difference]) -> Difference:
    """The one that shows first."""
    return min(differences, key=lambda difference: difference.moment)
