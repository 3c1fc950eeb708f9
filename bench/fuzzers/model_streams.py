"""Streams of model servers that are nearly right: one known outcome each, wherever the chunks are cut."""

from random import Random

from bench.fuzzers.judged import Judge, Wrong, fuzzer
from tests.imitation.stream_fuzz import stream, verdict


@fuzzer("model_streams", 0.01)
def make() -> Judge:
    """A Judge of whole answers."""
    return _judge


def _judge(rng: Random) -> None:
    api, data = stream(rng)
    cuts = [int(rng.random() * (len(data) + 1)) for _ in range(rng.choice((1, 2, 8)))]
    whole, cut = verdict(api, data), verdict(api, data, cuts)
    if whole != cut:
        raise Wrong(f"{api} {data!r} cut at {sorted(cuts)}: {cut}, not {whole}")
