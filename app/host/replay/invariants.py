"""What must hold in every replay, whatever was recorded: nothing lost, nothing answered twice, one run per group.

A message is settled by a run that is done, or that failed or was cut short by a stop after output had gone out. Every
stored message that counts is settled once or still pending; settled in the order of arrival; and what is pending and
wakes its group has a reason: a run that goes on, or a failed one that is tried again.
"""

from collections.abc import Iterator
from typing import Any

from app.host.replay.device_rules import wakes
from app.host.replay.difference import Difference, brief

Entry = dict[str, Any]


def violations(timeline: Entry, trace: Entry) -> list[Difference]:
    """All that is broken, in the form of differences."""
    found: list[Difference] = []
    for number, (phase, played) in enumerate(zip(timeline["phases"], trace["phases"], strict=True)):
        found.extend(_overlaps(number, phase, played))
        found.extend(_stuck(number, phase, played))
    found.extend(_lost_or_twice(timeline, trace))
    return found


def _lost_or_twice(timeline: Entry, trace: Entry) -> Iterator[Difference]:
    last = len(trace["phases"]) - 1
    end_ms = timeline["phases"][last]["end_ms"]
    pending = {(row["folder"], id_) for row in trace["phases"][last]["final"]["pending"] for id_ in row["ids"]}
    settled: dict[tuple[str, str], int] = {}
    arrival: dict[tuple[str, str], int] = {}
    newest: dict[str, int] = {}
    for number, played in enumerate(trace["phases"]):
        for message in played["stored"]:
            if not message["from_me"]:
                arrival[(message["folder"], message["id"])] = message["n"]
        spoke = {out["run"] for out in played["out"]}
        for index, run in enumerate(played["runs"]):
            cut_short = run["state"] is None and number < last
            settles = run["state"] == "done" or (index in spoke and (run["state"] == "failed" or cut_short))
            if run["kind"] != "messages" or not settles:
                continue
            keys = [(run["folder"], id_) for id_ in run["messages"]]
            for key in keys:
                settled[key] = settled.get(key, 0) + 1
            numbers = [arrival[key] for key in keys if key in arrival]
            if numbers and min(numbers) <= newest.get(run["folder"], 0):
                yield Difference(number, run["t"], "invariant.order", "in the order of arrival", brief(run["messages"]))
            newest[run["folder"]] = max([newest.get(run["folder"], 0), *numbers])
    for key in arrival:
        times = settled.get(key, 0) + (key in pending)
        if times != 1:
            what = "neither settled nor pending" if times == 0 else "settled more than once, or settled and pending"
            yield Difference(last, end_ms, f"invariant.message.{key[1]}", "settled once or pending", what)


def _overlaps(number: int, phase: Entry, played: Entry) -> Iterator[Difference]:
    slots = phase.get("settings", {}).get("slots")
    going_on: list[Entry] = []
    for run in played["runs"]:
        going_on = [other for other in going_on if other["ended"] is None or other["ended"] > run["t"]]
        if any(other["folder"] == run["folder"] for other in going_on):
            yield Difference(number, run["t"], "invariant.overlap", "one run per group", f"two of {run['folder']}")
        going_on.append(run)
        if slots is not None and len(going_on) > slots:
            yield Difference(number, run["t"], "invariant.slots", f"at most {slots} runs", f"{len(going_on)} runs")


def _stuck(number: int, phase: Entry, played: Entry) -> Iterator[Difference]:
    """Pending work without a reason at the end of a phase that was not stopped."""
    if any(event["kind"] == "stop" for event in phase.get("events", [])) or any(
        run["state"] is None for run in played["runs"]
    ):
        return
    end_ms = phase["end_ms"]
    looked_ms = end_ms - (phase["looks"]["messages_ms"] if phase.get("looks") else 0)
    stored = {(message["folder"], message["id"]): message for message in played["stored"]}
    groups = {group["folder"]: group for group in played["final"]["groups"]}
    for row in played["final"]["pending"]:
        group = groups[row["folder"]]
        waking = [
            stored[(row["folder"], id_)]
            for id_ in row["ids"]
            if (row["folder"], id_) in stored and wakes(group, stored[(row["folder"], id_)]["text"])
        ]
        runs = [run for run in played["runs"] if run["folder"] == row["folder"] and run["kind"] == "messages"]
        retried = bool(runs) and runs[-1]["state"] == "failed"
        if [message for message in waking if message["t"] < looked_ms] and not retried and not group["paused"]:
            yield Difference(number, end_ms, f"invariant.stuck.{row['folder']}", "work goes on", brief(row["ids"]))
