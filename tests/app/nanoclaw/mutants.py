"""Golden cases with one recorded value changed, to see that the judges notice."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.parity.recordings import judged, recording, verdicts


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value below `value` that holds no further ones."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [leaf for key, each in items for leaf in leaves(each, (*path, key))]
    yield from inner or [path]


def changed(value: Any) -> Any:
    """Something else."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return "x"


def mutants(case: dict, keys: tuple[str, ...]) -> Iterator[tuple[tuple, dict]]:
    """(path, case) with one leaf below one of `keys` changed, or the key added."""
    for key in keys:
        for path in leaves(case.get(key), (key,)):
            mutant = copy.deepcopy(case)
            holder = mutant
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = changed(holder.get(key) if holder is mutant else holder[path[-1]])
            yield path, mutant


def judged_by_recording(name: str) -> list[dict]:
    """The cases of a golden file in which no repair acts."""
    return [case for case in recording(name).cases if verdicts(name)[case["id"]]["verdict"] == "passed"]


def unnoticed(name: str, cases: list[dict], keys: tuple[str, ...]) -> tuple[int, list]:
    """How many mutants were judged, and those that were not found to fail."""
    tried = 0
    missed = []
    for case in cases:
        for path, mutant in mutants(case, keys):
            tried += 1
            if judged(name, mutant)["verdict"] != "failed":
                missed.append((case["id"], path))
    return tried, missed
