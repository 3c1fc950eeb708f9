"""Percentiles and the JSON form of what a bench measured."""

import json
import platform
import sys
from collections.abc import Sequence
from typing import Any


def percentiles(values_ms: Sequence[float]) -> dict[str, float | int]:
    """p50, p95, p99 and max in milliseconds, and how many values there were."""
    ordered = sorted(values_ms)
    if not ordered:
        raise ValueError("nothing was measured")

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return {"n": len(ordered), "p50": at(0.50), "p95": at(0.95), "p99": at(0.99), "max": round(ordered[-1], 2)}


def show(name: str, figures: dict[str, Any]) -> None:
    """Print one bench's figures as JSON on standard output."""
    machine = {"machine": platform.machine(), "python": platform.python_version()}
    json.dump({"bench": name, **machine, **figures}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    sys.stdout.flush()
