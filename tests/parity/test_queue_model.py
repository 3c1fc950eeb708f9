"""Dispatch and NanoClaw's rules with the repairs run every random timeline alike."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.host.parity.judges.nanoclaw_queue import RepairedQueue
from app.host.parity.judges.queue_player import Player

GROUPS = st.sampled_from("ABCDE")
TIMES = st.integers(0, 120) | st.integers(0, 120_000)
DURATIONS = st.fixed_dictionaries({"ms": st.integers(1, 9000), "ok": st.booleans()})
MESSAGES = st.fixed_dictionaries({"t": TIMES, "op": st.just("enqueueMessageCheck"), "group": GROUPS})
TASKS = st.fixed_dictionaries(
    {"t": TIMES, "op": st.just("enqueueTask"), "group": GROUPS, "task": st.sampled_from("xyz"), "run": DURATIONS}
)
CASES = st.fixed_dictionaries(
    {
        "id": st.just("random"),
        "max_concurrent": st.integers(1, 4),
        "ops": st.lists(MESSAGES | TASKS, max_size=30),
        "runs": st.dictionaries(GROUPS, st.lists(DURATIONS, max_size=12)),
        "default_run": DURATIONS,
        "end_ms": st.just(400_000),
    }
)


@settings(max_examples=300, deadline=None)
@given(CASES)
def test_dispatch_runs_what_nanoclaws_repaired_rules_run(case) -> None:
    ours, judge = Player(case), Player(case, RepairedQueue)
    ours.play()
    judge.play()
    assert ours.trace == judge.trace
    assert ours.max_active <= case["max_concurrent"]
