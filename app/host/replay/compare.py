"""A replayed phase against its recording: prompts, replies, order and times, message for message.

Times: the replayed host looks when the recorded one looked, so a run starts at the same moment, give or take JITTER_MS
(a stopped container takes 5 ms to end). A follow-up was read by the recorded agent up to FOLLOWUP_MS after the host had
written it; Barnacle's run starts when the host does. Tables: see tables.py.
"""

from collections.abc import Iterator
from typing import Any

from app.host.replay.difference import Difference, brief
from app.host.replay.recording import NEVER_MS, RecordedRun, Recording
from app.host.replay.tables import table_differences

JITTER_MS = 50
FOLLOWUP_MS = 2000
Entry = dict[str, Any]


def phase_differences(number: int, recording: Recording, trace: Entry, end_ms: int) -> list[Difference]:
    """All differences of one phase that started at 0 and ended at `end_ms`."""
    found = [*_runs(number, recording, trace), *_order(number, recording, trace), *_out(number, recording, trace)]
    if trace["left_off"]:
        found.append(Difference(number, end_ms, "trace", "a trace that fits", f"{trace['left_off']} entries left off"))
    return found or list(table_differences(number, recording, trace, end_ms))


def _runs(number: int, recording: Recording, trace: Entry) -> Iterator[Difference]:
    folders = sorted({run.folder for run in recording.runs} | {run["folder"] for run in trace["runs"]})
    for folder in folders:
        wanted = [run for run in recording.runs if run.folder == folder]
        got = [run for run in trace["runs"] if run["folder"] == folder]
        for index in range(max(len(wanted), len(got))):
            want = wanted[index] if index < len(wanted) else None
            have = got[index] if index < len(got) else None
            problem = _run_difference(number, f"runs.{folder}[{index}]", want, have)
            if problem is not None:
                yield problem
                break  # what follows in this group is shifted


def _run_difference(number: int, where: str, want: RecordedRun | None, have: Entry | None) -> Difference | None:
    t = min(want.t if want else NEVER_MS, have["t"] if have else NEVER_MS)
    if want is None or have is None:
        return Difference(
            number, t, where, _shown(want.t, want.prompt) if want else "no run", _started(have) if have else "no run"
        )
    if (want.kind, want.prompt) != (have["kind"], have["prompt"]):
        return Difference(number, t, where + ".prompt", brief(want.prompt), brief(have["prompt"]))
    late = want.t - have["t"]
    if not -JITTER_MS <= late <= (FOLLOWUP_MS if want.start is None else JITTER_MS):
        return Difference(number, t, where + ".t", str(want.t), str(have["t"]))
    if want.start is None:
        return None
    wanted = (want.start, want.session)
    if wanted != (have["start"], have["session"]):
        return Difference(
            number, t, where + ".start_and_session", brief(wanted), brief((have["start"], have["session"]))
        )
    return None


def _order(number: int, recording: Recording, trace: Entry) -> Iterator[Difference]:
    """Which run started after which, over all groups; those of one moment in any order."""
    wanted = sorted((run.t, run.folder, run.kind, run.prompt) for run in recording.runs if run.start is not None)
    got = sorted((r["t"], r["folder"], r["kind"], str(r["prompt"])) for r in trace["runs"] if r["start"] is not None)
    for want, have in zip(wanted, got, strict=False):
        if want[1:] != have[1:] and abs(want[0] - have[0]) > JITTER_MS:
            yield Difference(number, min(want[0], have[0]), "order", _shown(want[0], want[1]), _shown(have[0], have[1]))
            return


def _out(number: int, recording: Recording, trace: Entry) -> Iterator[Difference]:
    sent = [out for out in trace["out"] if not _held_for_ever(out["t"], recording)]
    for jid in sorted({str(out["jid"]) for out in [*recording.out, *sent]}):
        wanted = [out for out in recording.out if out["jid"] == jid]
        got = [out for out in sent if out["jid"] == jid]
        for index in range(max(len(wanted), len(got))):
            want = wanted[index] if index < len(wanted) else None
            have = got[index] if index < len(got) else None
            if want is None or have is None or want["text"] != have["text"] or not _in_time(want, have, recording):
                t = min(want["t"] if want else NEVER_MS, have["t"] if have else NEVER_MS)
                where = f"out.{jid}[{index}]"
                yield Difference(number, t, where, _sent(want), _sent(have))
                break


def _in_time(want: Entry, have: Entry, recording: Recording) -> bool:
    if -JITTER_MS <= want["t"] - have["t"] <= FOLLOWUP_MS:
        return True
    return any(outage.from_ms <= have["t"] <= want["t"] == outage.to_ms for outage in recording.outages)


def _held_for_ever(t: int, recording: Recording) -> bool:
    return any(outage.to_ms == NEVER_MS and t >= outage.from_ms for outage in recording.outages)


def _started(run: Entry) -> str:
    return _shown(run["t"], str(run["prompt"]))


def _sent(out: Entry | None) -> str:
    return "nothing sent" if out is None else _shown(out["t"], str(out["text"]))


def _shown(t: int, text: str) -> str:
    return f"at {t} ms: {brief(text)}"
