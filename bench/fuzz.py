"""Fuzzing: seeded inputs by the million through the URL parser, the policy, addresses, envelopes and streams.

`make fuzz COUNT=10000000`, or `python -m bench.fuzz --count N --seed S --only url`. Prints as JSON how many inputs were
judged wrongly or crashed, with the first few; exit code 1 when there are any.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from random import Random
from typing import Any

from bench.figures import show
from bench.fuzzers import judged

COUNT = 200_000
PROCESSES = 2
EXAMPLES = 5
EXAMPLE_CHARS = 2000


def run(name: str, count: int, seed: str) -> dict[str, Any]:
    """`count` inputs of one fuzzer: {"inputs", "wrong", "crashes", "examples"}. The same seed makes the same inputs."""
    judge, rng = judged.load()[name].make(), Random(seed)
    wrong = crashes = 0
    examples: list[str] = []
    for number in range(count):
        try:
            judge(rng)
        except judged.Wrong as error:
            wrong += 1
            example = f"{name} {seed} #{number}: {error}"
        except Exception as error:
            crashes += 1
            example = f"{name} {seed} #{number}: {type(error).__name__}: {error}"
        else:
            continue
        if len(examples) < EXAMPLES:
            examples.append(example[:EXAMPLE_CHARS])
    return {"inputs": count, "wrong": wrong, "crashes": crashes, "examples": examples}


def main(argv: Sequence[str] | None = None) -> int:
    """Share the inputs among fuzzers and processes, print the sums."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help=f"inputs in all, {COUNT} by default")
    parser.add_argument("--seed", default="barnacle", help="the same seed makes the same inputs")
    parser.add_argument("--only", choices=sorted(judged.load()), help="one fuzzer alone")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    args = parser.parse_args(argv)
    began = time.monotonic()
    figures = _figures(_jobs(args), args.processes)
    seconds = time.monotonic() - began
    total = sum(one["inputs"] for one in figures["fuzzers"].values())
    rate = {"seconds": round(seconds, 1), "inputs_per_s": round(total / seconds), "seed": args.seed}
    show("fuzz", {"inputs": total, **figures, **rate, "processes": args.processes})
    return 1 if figures["wrong"] or figures["crashes"] else 0


def _jobs(args: argparse.Namespace) -> list[tuple[str, int, str]]:
    """(fuzzer, inputs, seed) for every process."""
    chosen = {name: one.share for name, one in judged.load().items() if args.only in (None, name)}
    whole = sum(chosen.values())
    jobs: list[tuple[str, int, str]] = []
    for name, share in chosen.items():
        count = round(args.count * share / whole / args.processes)
        jobs += [(name, count, f"{args.seed}-{part}") for part in range(args.processes)]
    return jobs


def _figures(jobs: list[tuple[str, int, str]], processes: int) -> dict[str, Any]:
    fuzzers: dict[str, dict[str, Any]] = {}
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        done = pool.starmap(run, jobs, chunksize=1)
    for (name, _, _), one in zip(jobs, done, strict=True):
        sums = fuzzers.setdefault(name, {"inputs": 0, "wrong": 0, "crashes": 0, "examples": []})
        for key in sums:
            sums[key] += one[key]
    found = {key: sum(one[key] for one in fuzzers.values()) for key in ("wrong", "crashes")}
    return {**found, "fuzzers": fuzzers}


if __name__ == "__main__":
    sys.exit(main())
