"""Whatever timeline NanoClaw's rules would have recorded, Dispatch runs it, repairs aside, and the judge sees it so."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.host.parity.judges.judge_queue import judge, seen
from app.host.parity.judges.nanoclaw_queue import NanoClawQueue, RepairedQueue
from app.host.parity.judges.outcome import Context
from app.host.parity.judges.queue_player import Player

GROUPS = st.sampled_from("ABCDE")
TIMES = st.integers(0, 120) | st.integers(0, 120_000)
RUNS = st.fixed_dictionaries(
    {"ms": st.none() | st.integers(0, 9000), "ok": st.booleans()},
    optional={"throws": st.booleans(), "register": st.sampled_from(["fa", "fb"])},
)


def operation(name: str, **fields: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({"t": TIMES, "op": st.just(name), **fields})


MESSAGES = operation("enqueueMessageCheck", group=GROUPS)
TASKS = operation("enqueueTask", group=GROUPS, task=st.sampled_from("xyz"), run=RUNS)
PIPES = st.one_of(
    operation("sendMessage", group=GROUPS, text=st.just("hi")),
    operation("closeStdin", group=GROUPS),
    operation("registerProcess", group=GROUPS, folder=st.sampled_from(["fa", "fb"])),
    operation("shutdown"),
)
CASES = st.fixed_dictionaries(
    {
        "id": st.just("random"),
        "max_concurrent": st.integers(1, 5),
        "ops": st.lists(st.one_of(MESSAGES, MESSAGES, TASKS, TASKS, PIPES), max_size=30),
        "runs": st.dictionaries(GROUPS, st.lists(RUNS, max_size=12)),
        "default_run": RUNS,
        "end_ms": st.just(400_000),
    },
    optional={"no_process_fn": st.just(True)},
)


@settings(max_examples=400, deadline=None)
@given(CASES)
def test_dispatch_runs_what_nanoclaw_would_have_recorded_or_what_its_repaired_rules_run(case) -> None:
    recorded = seen(played(case, NanoClawQueue))
    context = Context({})
    found = judge({**case, **recorded}, context)
    assert found is None, (found.where, found.expected, found.got)
    assert context.repairs or seen(played(case, RepairedQueue)) == recorded


def played(case: dict, queue: type) -> Player:
    player = Player(case, queue)
    player.play()
    assert player.max_active <= case["max_concurrent"]
    return player
