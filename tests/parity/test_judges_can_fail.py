"""The judges notice: a recording that says anything else, in any place that is compared, fails.

Every recorded value of every case is changed, one at a time. Cases that are marked with an exempt defect are left out:
there Barnacle is not judged by what NanoClaw did, but by what the repair leads to.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.parity.recordings import judged, recording, verdicts

RECORDED = {
    "trigger": ("matches",),
    "format": ("output",),
    "schedule": ("accepted", "next_run", "next5", "ran", "status"),
    "queue": ("trace", "max_active", "ipc_files"),
    "ipc_auth": ("effects", "throws", "tables", "files_left", "error_files"),
    "db": ("tables", "steps"),
    "mounts": ("result", "validated"),
    "runner": ("outputs", "result", "result_t", "never_resolved", "spawn", "stdin", "execs", "kills", "log_files"),
}
# What Barnacle does not have or keeps elsewhere (in db.json it has all), what is no outcome, and the words of an error.
NOT_COMPARED = {
    "ipc_auth": (
        "last_run",
        "last_result",
        "container_config",
        "containerConfig",
        "snapshots_written",
        "task_run_logs",
    ),
    "db": ("op", "args", "error", "error_code", "undefined"),
    "runner": ("error",),
}


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value that is no object, and of every list and object, whose size can change."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from places(item, (*path, at))


def changed(value: Any) -> Any:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [*value, changed(value[-1])] if value else [{"jid": "else", "group": {}, "text": "else"}]
    if isinstance(value, dict):
        return {key: changed(item) for key, item in value.items()} or {"more": 1}
    if isinstance(value, str) and value.endswith("Z") and value[:2] == "20":
        return "2039" + value[4:]
    return "2039-01-01T00:00:00.000Z" if value is None else value + "else"


def mutants(name: str, case: dict) -> Iterator[tuple[tuple, dict]]:
    for key in RECORDED[name]:
        for path in places(case[key], (key,)) if key in case else ():
            errors_folder = path[0] == "error_files" and case["source_group"] == "errors"  # is no group's
            if set(path) & set(NOT_COMPARED.get(name, ())) or errors_folder:
                continue
            mutant = copy.deepcopy(case)
            holder = mutant
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = changed(holder[path[-1]])
            yield path, mutant


def sampled(name: str) -> list[dict]:
    """Cases that are judged by their recording; of the large ones one of each kind."""
    found = {}
    for case in recording(name).cases:
        if verdicts(name)[case["id"]].get("marked") or may_differ_by_clock(case):
            continue
        found.setdefault(kind_of(name, case), case)
    return list(found.values())


def kind_of(name: str, case: dict) -> object:
    if name == "queue":
        return frozenset(op["op"] for op in case["ops"]), "random" in case, verdicts(name)[case["id"]].get("quirk")
    if name == "ipc_auth":
        return case["via"], case["effect"], case.get("data", {}).get("type"), len(case.get("files", ()))
    if name == "db":
        return frozenset(step["op"] for step in case["steps"])
    return case["id"]


def may_differ_by_clock(case: dict) -> bool:
    """Marked cases in which clocks change are judged by the wall clock as well."""
    return "quirk" in case and case.get("tz", "UTC") not in ("UTC", "Asia/Kolkata")


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_changed_recording_fails_wherever_it_is_changed(name: str) -> None:
    tried, unnoticed = 0, []
    for case in sampled(name):
        for path, mutant in mutants(name, case):
            tried += 1
            found = judged(name, mutant)
            # an expression that Barnacle refuses, had NanoClaw accepted it: that would be its defect
            if found["verdict"] != "failed" and not (path == ("accepted",) and mutant["accepted"]):
                unnoticed.append((case["id"], path))
    assert unnoticed == []
    assert tried >= len(RECORDED[name])
