"""The registry of fuzzers, and what they raise when a verdict is wrong."""

from collections.abc import Callable
from importlib import import_module
from random import Random
from typing import NamedTuple

MODULES = ("urls", "ip_addresses", "policies", "policy_files", "envelopes", "model_streams")

Judge = Callable[[Random], None]


class Wrong(Exception):  # noqa: N818 - a verdict, not an error
    """The code under test judged an input wrongly; the text shows the input and both verdicts."""


class Fuzzer(NamedTuple):
    """`make()` gives a fresh Judge: called with a Random it makes one input and raises Wrong when it is misjudged.
    `share` weighs it against the others."""

    make: Callable[[], Judge]
    share: float


FUZZERS: dict[str, Fuzzer] = {}


def fuzzer(name: str, share: float) -> Callable[[Callable[[], Judge]], Callable[[], Judge]]:
    """Decorator: register a maker of Judges."""

    def register(make: Callable[[], Judge]) -> Callable[[], Judge]:
        FUZZERS[name] = Fuzzer(make, share)
        return make

    return register


def load() -> dict[str, Fuzzer]:
    """All fuzzers by name."""
    for name in MODULES:
        import_module(f"bench.fuzzers.{name}")
    return FUZZERS
