"""The verdict on a replayed NanoClaw case: passed, failed or exempt.

passed   everything is as recorded (see compare.py) and the invariants hold
exempt   it is as recorded up to the moment at which a behaviour of NanoClaw's acts that Barnacle does not share (see
         defects.py; its name and reason are in the table of exemptions), and the invariants hold throughout
failed   anything else
"""

from dataclasses import dataclass, field
from typing import Any

from app.host.parity.judges.exemptions import EXEMPT
from app.host.replay.compare import phase_differences
from app.host.replay.defects import Acting
from app.host.replay.difference import Difference, first_of
from app.host.replay.invariants import violations
from app.host.replay.recording import Recording

PASSED, FAILED, EXEMPTED = "passed", "failed", "exempt"
Entry = dict[str, Any]


@dataclass
class Verdict:
    """`quirks`: what makes it exempt. `differences`: what failed, or how an exempt case differs."""

    id: str
    name: str
    verdict: str
    where: str = ""  # the host that was replayed on: "desktop" or "box"
    quirks: list[str] = field(default_factory=list[str])
    differences: list[Difference] = field(default_factory=list[Difference])

    def json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "id": self.id,
            "name": self.name,
            "on": self.where,
            "verdict": self.verdict,
            "quirks": self.quirks,
            "differences": [difference.json() for difference in self.differences],
        }


def judge_case(case: Entry, timeline: Entry, trace: Entry) -> Verdict:
    """The verdict on a case of a replay.json, given its timeline and the trace of a replay."""
    verdict = Verdict(str(case["id"]), str(timeline["name"]), PASSED)
    if "fault" in trace:
        return _failed(verdict, [Difference(0, 0, "replay", "a trace", str(trace["fault"]))])
    differences: list[Difference] = []
    acting: list[tuple[tuple[int, int], str]] = []
    for number, phase in enumerate(case["phases"]):
        recording, timeline_phase = Recording(phase), timeline["phases"][number]
        end_ms = int(timeline_phase["end_ms"])
        differences.extend(phase_differences(number, recording, trace["phases"][number], end_ms))
        acting.extend(Acting(number, timeline_phase, recording).moments())
    broken = violations(timeline, trace)
    if broken:
        return _failed(verdict, broken + differences)
    if not differences:
        return verdict
    excused = [(moment, name) for moment, name in acting if name in EXEMPT]
    if not excused or first_of(differences).moment < min(moment for moment, _ in excused):
        return _failed(verdict, differences)
    first = first_of(differences).moment
    verdict.verdict, verdict.differences = EXEMPTED, differences
    verdict.quirks = _names(excused, first)
    return verdict


def _names(acting: list[tuple[tuple[int, int], str]], first: tuple[int, int]) -> list[str]:
    """What acts up to the first difference comes first: it is the cause. Then the others, each once."""
    ordered = sorted(acting, key=lambda one: (one[0] > first, one[0]))
    return list(dict.fromkeys(name for _, name in ordered))


def _failed(verdict: Verdict, differences: list[Difference]) -> Verdict:
    verdict.verdict, verdict.differences = FAILED, differences
    return verdict
