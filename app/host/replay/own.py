"""Barnacle's own timelines: what they say should happen (`expected`) against what a replay did.

    runs    per group: kind and the ids of the messages handed over (a task's run: its task), in order
    out     per chat: the texts, in order; times within TIME_MS
    audit   the decision trail: who asked for what, what was decided and by which rule, in order
    state   groups, tasks and cursors at the end, as far as `expected` has them (rows and fields)

Made ids (of tasks that a run adds) are random: they count by the order in which they appear.
"""

import re
from collections.abc import Iterator
from typing import Any

from app.host.replay.difference import Difference, brief
from app.host.replay.invariants import violations
from app.host.replay.judge import FAILED, Verdict
from app.host.replay.timeline import Timeline

TIME_MS = 2000
_AUDIT = ("what", "actor", "folder", "decision", "rule")
_MADE_ID = re.compile(r"\b([a-z]+)-\d{10,}-[0-9a-z]{6}\b")
Entry = dict[str, Any]


def judge_own(timeline: Timeline, trace: Entry, id_: str) -> Verdict:
    """The verdict on a replay of a recorded timeline; one without `expected` only has to keep the invariants."""
    verdict = Verdict(id_, str(timeline.get("name", id_)), "passed")
    if "fault" in trace:
        found = [Difference(0, 0, "replay", "a trace", str(trace["fault"]))]
    else:
        found = violations(timeline, trace)
        for number, phase in enumerate(timeline["phases"]):
            found.extend(_phase(number, phase, trace["phases"][number]))
    if found:
        verdict.verdict, verdict.differences = FAILED, sorted(found, key=lambda one: one.moment)
    return verdict


def _phase(number: int, phase: Entry, played: Entry) -> Iterator[Difference]:
    expected: Entry = phase.get("expected") or {}
    end_ms = int(phase["end_ms"])
    if "runs" in expected:
        for folder in _keys("folder", expected["runs"], played["runs"]):
            wanted = [_run(run) for run in expected["runs"] if run["folder"] == folder]
            got = [_run(run) for run in played["runs"] if run["folder"] == folder]
            yield from _first(number, end_ms, f"runs.{folder}", wanted, got)
    if "out" in expected:
        for jid in _keys("jid", expected["out"], played["out"]):
            wanted = [(out["t"], _made(out["text"])) for out in expected["out"] if out["jid"] == jid]
            got = [(out["t"], _made(out["text"])) for out in played["out"] if out["jid"] == jid]
            yield from _texts(number, end_ms, f"out.{jid}", wanted, got)
    if "audit" in expected:
        wanted = [_decision(record) for record in expected["audit"]]
        got = [_decision(record) for record in played["audit"] if record["decision"] != "info"]
        yield from _first(number, end_ms, "audit", wanted, got)
    for part in ("groups", "tasks", "cursors"):
        if part in expected:
            wanted = sorted((_row(row) for row in expected[part]), key=str)
            keys = {key for row in wanted for key in row}
            got = sorted((_row({k: row[k] for k in row if k in keys}) for row in played["final"][part]), key=str)
            yield from _first(number, end_ms, part, wanted, got)


def _first(number: int, t: int, where: str, wanted: list[Any], got: list[Any]) -> Iterator[Difference]:
    for index in range(max(len(wanted), len(got))):
        want = wanted[index] if index < len(wanted) else None
        have = got[index] if index < len(got) else None
        if want != have:
            yield Difference(number, t, f"{where}[{index}]", brief(want), brief(have))
            return


def _texts(
    number: int, t: int, where: str, wanted: list[tuple[int, str]], got: list[tuple[int, str]]
) -> Iterator[Difference]:
    yield from _first(number, t, where, [text for _, text in wanted], [text for _, text in got])
    for index, (want, have) in enumerate(zip(wanted, got, strict=False)):
        if abs(want[0] - have[0]) > TIME_MS and want[1] == have[1]:
            yield Difference(number, min(want[0], have[0]), f"{where}[{index}].t", str(want[0]), str(have[0]))
            return


def _keys(name: str, *lists: list[Entry]) -> list[str]:
    return sorted({str(entry[name]) for entries in lists for entry in entries})


def _run(run: Entry) -> tuple[str, Any]:
    return (run["kind"], run["messages"] if run["kind"] == "messages" else _made(str(run["task"])))


def _decision(record: Entry) -> tuple[str, ...]:
    return tuple(_actor(record[key]) if key == "actor" else str(record[key] or "") for key in _AUDIT)


def _actor(actor: Any) -> str:
    """An actor is told as text or as the object that it was."""
    return str(actor if not isinstance(actor, dict) else actor.get("name") or actor.get("folder") or "")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _row(row: Entry) -> Entry:
    """A row in one order, without the random part of ids."""
    return {key: _made(value) if isinstance(value, str) else value for key, value in sorted(row.items())}


def _made(text: str) -> str:
    return _MADE_ID.sub(r"\1-…", text)
