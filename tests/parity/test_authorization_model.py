"""Barnacle and NanoClaw's rules with the repairs take every sequence of requests alike, well formed or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.host.parity.judges.barnacle_ipc import BarnacleIpc
from app.host.parity.judges.judge_ipc_auth import played, read_ms, seen
from app.host.parity.judges.nanoclaw_ipc import NanoClawIpc
from app.host.parity.judges.outcome import difference
from device.host.tz import Zone
from tests.parity.recordings import document

DOCUMENT = document("ipc_auth")
SEEDS = sorted(DOCUMENT["seeds"])
UTC = Zone("UTC0")
NOON = "2026-02-13T12:00:00.000Z"
ODD = st.sampled_from([None, "", 0, 5, True, False, [], ["x"], ["a", "b"], {}, {"a": 1}])
JIDS = st.sampled_from(["main@g.us", "other@g.us", "third@g.us", "new@g.us", "__proto__", "toString"]) | ODD
FOLDERS = st.sampled_from(["main", "other-group", "third-group", "new-group", "OTHER-group", "../etc", "errors"]) | ODD
TASKS = st.sampled_from([*SEEDS, "task", "none"]) | ODD
KINDS = st.sampled_from(["cron", "interval", "once", "weekly"]) | ODD
CRON = st.sampled_from(["0 9 * * *", "*/10 * * * * *", "61 * * * *", "x"])
VALUES = CRON | st.sampled_from(["60000", "5m", "-1", "9" * 17, "2026-02-14T10:00:00", "2020-01-01", "soon"]) | ODD
TEXTS = st.sampled_from(["do thing", "<internal>x</internal>", "Andy: hi", "\ud83d", "a\nb"]) | ODD


def request(kind: str, **fields) -> st.SearchStrategy:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=fields)


SCHEDULE = st.fixed_dictionaries(
    {
        "type": st.just("schedule_task"),
        "prompt": TEXTS,
        "schedule_type": KINDS,
        "schedule_value": VALUES,
        "targetJid": JIDS,
    },
    optional={"context_mode": st.sampled_from(["group", "isolated", "odd", 1]), "groupFolder": FOLDERS},
)
REGISTER = st.fixed_dictionaries(
    {"type": st.just("register_group"), "jid": JIDS, "name": st.just("New") | ODD, "folder": FOLDERS},
    optional={"trigger": st.just("@Andy") | ODD, "requiresTrigger": st.booleans()},
)
REQUESTS = st.one_of(
    SCHEDULE,
    SCHEDULE,
    REGISTER,
    REGISTER,
    request("pause_task", taskId=TASKS),
    request("resume_task", taskId=TASKS),
    request("cancel_task", taskId=TASKS),
    request("refresh_groups"),
    request("message", chatJid=JIDS, text=TEXTS),
    request("other", prompt=TEXTS),
    st.sampled_from([None, 5, [], "x", {}]),
)
CASES = st.fixed_dictionaries(
    {
        "via": st.just("watcher"),
        "source_group": st.sampled_from(["main", "other-group", "third-group", "unknown", "errors"]),
        "dir": st.sampled_from(["data/ipc/x/messages", "data/ipc/x/tasks"]),
        "files": st.dictionaries(st.sampled_from(["1.json", "2.json", "3.json", "a.txt"]), REQUESTS, min_size=1),
        "seed_tasks": st.just(SEEDS),
    }
)


@settings(max_examples=500, deadline=None)
@given(CASES)
def test_barnacle_does_what_nanoclaws_repaired_rules_do(case: dict) -> None:
    now_ms = read_ms(NOON)
    ours = seen(played(case, BarnacleIpc(DOCUMENT, case, now_ms, UTC, read_ms)))
    repaired = played(case, NanoClawIpc(DOCUMENT, case, now_ms, UTC, True))
    found = difference(seen(repaired), ours)
    assert found is None, (found.where, found.expected, found.got)
    recorded = seen(played(case, NanoClawIpc(DOCUMENT, case, now_ms, UTC, False)))
    assert repaired.defects or recorded == ours
