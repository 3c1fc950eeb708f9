"""Files replayed: NanoClaw's replay.json, Barnacle's timelines and incident bundles.

Each NanoClaw case is replayed as it was recorded (the host looks when the recorded one looked), and once more without
the recorded host's polling, where only the invariants can be judged. With two hosts, both must do the same.
"""

import json
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from app.errors import UsageError
from app.host.limits import TIMELINE_BYTES
from app.host.parity.judges.outcome import difference
from app.host.replay.difference import Difference
from app.host.replay.invariants import violations
from app.host.replay.judge import EXEMPTED, FAILED, PASSED, Verdict, judge_case
from app.host.replay.nanoclaw import timeline_of
from app.host.replay.own import judge_own
from app.host.replay.player import HOSTS, check_host, play
from app.host.replay.timeline import REMEDY, Timeline, check, read_json

TIMELINE_IN_BUNDLE = "timeline.json"
_MADE_ID = re.compile(r"\b([a-z]+)-(\d{10,})-[0-9a-z]{6}\b")
Entry = dict[str, Any]


@dataclass
class Source:
    """What a file holds: `case` is None for a timeline of Barnacle's own."""

    id: str
    timeline: Timeline
    case: Entry | None = None


@dataclass
class FileReport:
    """The verdicts on one file."""

    name: str
    verdicts: list[Verdict] = field(default_factory=list[Verdict])

    def count(self, verdict: str) -> int:
        """How many cases fared so."""
        return sum(1 for one in self.verdicts if one.verdict == verdict)

    @property
    def words(self) -> str:
        """ "14 passed, 0 failed, 10 exempt"."""
        return ", ".join(f"{self.count(verdict)} {verdict}" for verdict in (PASSED, FAILED, EXEMPTED))

    def json(self) -> Entry:
        """For machines."""
        counts = {verdict: self.count(verdict) for verdict in (PASSED, FAILED, EXEMPTED)}
        return {"file": self.name, "counts": counts, "cases": [verdict.json() for verdict in self.verdicts]}


def replay_files(paths: Sequence[Path], on: str, only: Sequence[str] = ()) -> list[FileReport]:
    """Replay all cases of the files (or those in `only`) on the hosts of `on`. Raises UsageError, ProblemError."""
    for where in HOSTS[on]:
        check_host(where)
    sources = [(path.name, _chosen(read_sources(path), only)) for path in paths]
    if not any(found for _, found in sources):
        raise UsageError("there is no such case", "see the ids with: barnacle replay FILE --json")
    return [FileReport(name, replay_sources(found, on)) for name, found in sources]


def read_sources(path: Path) -> list[Source]:
    """What the file holds. Raises UsageError."""
    if tarfile.is_tarfile(path) if path.is_file() else False:
        return [Source(path.name, _from_bundle(path))]
    document = read_json(path)
    if isinstance(document, dict) and isinstance(cast("Entry", document).get("cases"), list):
        return _cases(cast("Entry", document), path)
    return [Source(path.stem, check(document, str(path)))]


def replay_sources(sources: Sequence[Source], on: str) -> list[Verdict]:
    """One verdict per source: of the hosts' verdicts the worst, and a failure when they did different things."""
    plays = [source.timeline for source in sources] + [_unpolled(source.timeline) for source in sources if source.case]
    traces = {where: play(plays, where) for where in HOSTS[on]}
    verdicts: list[Verdict] = []
    live = len(sources)
    for index, source in enumerate(sources):
        judged = [_judge(source, traces[where][index], where) for where in HOSTS[on]]
        if source.case is not None:
            for where, verdict in zip(HOSTS[on], judged, strict=True):
                _judge_live(verdict, plays[live], traces[where][live])
            live += 1
        verdict = min(judged, key=lambda one: (FAILED, EXEMPTED, PASSED).index(one.verdict))
        if on == "both" and verdict.verdict != FAILED:
            _judge_same(verdict, *(traces[where][index] for where in HOSTS[on]))
        verdicts.append(verdict)
    return verdicts


def _chosen(sources: list[Source], only: Sequence[str]) -> list[Source]:
    return [source for source in sources if not only or source.id in only]


def _cases(document: Entry, path: Path) -> list[Source]:
    cases = document.pop("cases")
    if document.get("fixture", "replay") != "replay":
        raise UsageError(f"{path} is a recording of {document['fixture']}", "judge it with: barnacle parity golden")
    for case in cases:
        if not isinstance(case, dict) or "phases" not in case or "id" not in case:
            raise UsageError(f"{path}: a case has no id or no phases", REMEDY)
    return [Source(str(case["id"]), timeline_of(case, document), case) for case in cases]


def _from_bundle(path: Path) -> Timeline:
    try:
        with tarfile.open(path) as bundle:
            names = [name for name in bundle.getnames() if name.rsplit("/", 1)[-1] == TIMELINE_IN_BUNDLE]
            member = bundle.getmember(names[0]) if names else None
            file = bundle.extractfile(member) if member else None
            if member is None or file is None:
                raise UsageError(f"{path} has no {TIMELINE_IN_BUNDLE}", REMEDY)
            if member.size > TIMELINE_BYTES:
                raise UsageError(f"the timeline in {path} is larger than {TIMELINE_BYTES >> 20} MiB", "export less")
            return check(json.loads(file.read()), f"{path}: {TIMELINE_IN_BUNDLE}")
    except (tarfile.TarError, ValueError, EOFError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}", REMEDY) from None


def _unpolled(timeline: Timeline) -> Timeline:
    return {**timeline, "phases": [{**phase, "looks": None} for phase in timeline["phases"]]}


def _judge(source: Source, trace: Entry, where: str) -> Verdict:
    if source.case is not None:
        verdict = judge_case(source.case, source.timeline, trace)
    else:
        verdict = judge_own(source.timeline, trace, source.id)
    verdict.where = where
    return verdict


def _judge_live(verdict: Verdict, timeline: Timeline, trace: Entry) -> None:
    """Without polling only the invariants can be judged."""
    broken = (
        [Difference(0, 0, "replay", "a trace", str(trace["fault"]))]
        if "fault" in trace
        else violations(timeline, trace)
    )
    if broken:
        verdict.verdict = FAILED
        verdict.differences = [
            Difference(one.phase, one.t, "unpolled." + one.where, one.expected, one.got) for one in broken
        ]


def _judge_same(verdict: Verdict, desktop: Entry, box: Entry) -> None:
    one, other = (json.loads(_MADE_ID.sub(r"\1-\2", json.dumps(trace, sort_keys=True))) for trace in (desktop, box))
    found = difference(one, other)
    if found is not None:
        verdict.verdict = FAILED
        verdict.differences.append(Difference(0, 0, f"desktop and box: {found.where}", found.expected, found.got))
