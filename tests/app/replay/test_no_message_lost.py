"""No message lost and none answered twice: made-up timelines with equal, late and far-off time stamps, several groups,
agents that fail, hang, stay and speak before they fail, and power that goes at any moment. On both hosts."""

import random

import pytest

from app.host.replay.invariants import violations
from app.host.replay.player import BOX, DESKTOP, play

START_MS = 1770984000000
GROUPS = (("main", True), ("family", True), ("solo", False))
TIMELINES = 24
PHASE_MS = 300_000


def _script(rng):
    speaks = {"after": rng.randrange(1, 4000), "output": {"status": "success", "result": "said"}}
    fails = {"after": rng.randrange(1, 4000), "output": {"status": "error", "result": None, "error": "bad"}}
    return rng.choice(
        [
            {"steps": [speaks], "exit": 4500},
            {"steps": [fails], "exit": 4500, "code": 1},
            {"steps": [{**speaks, "after": 10}, fails], "exit": 4600},
            {"steps": [], "exit": rng.randrange(100)},
            {"steps": [speaks] if rng.random() < 0.5 else [], "exit": None},
            {"chat": True, "think": rng.randrange(1, 3000)},
        ]
    )


def _message(rng, t, number):
    folder, _ = rng.choice(GROUPS)
    stamp = START_MS + rng.choice([t, t - t % 1000, 5000, rng.randrange(-100_000, 100_000)])
    texts = ("hello", "@Andy please", "@andy", "chatter @Andy", "Andy: echo")
    body = {"jid": folder + "@x", "id": f"m{number}", "sender": "s", "sender_name": "S", "ts_ms": stamp}
    text = rng.choice(texts)
    return {"t": t, "kind": "message", "body": {**body, "text": text, "from_me": text.startswith("Andy:")}}


def _phase(rng, index, first_number, looks):
    times = sorted(rng.randrange(0, 20_000) for _ in range(rng.randrange(5, 14)))
    events = [_message(rng, t, first_number + at) for at, t in enumerate(times)]
    events += [dict(event) for event in events if rng.random() < 0.1]  # delivered twice
    if index == 0:
        events.append({"t": rng.randrange(0, 25_000), "kind": "stop"})
    groups = [
        {
            "folder": f,
            "jid": f + "@x",
            "name": f,
            "trigger": "@Andy",
            "requires_trigger": n,
            "added_ms": 0,
            "paused": False,
        }
        for f, n in GROUPS
    ]
    return {
        "start_ms": START_MS + index * PHASE_MS,
        "end_ms": PHASE_MS,
        "settings": {"assistant": "Andy", "zone": "UTC", "rule": "UTC0", "slots": rng.randrange(1, 4)},
        "looks": {"messages_ms": 2000, "ipc_ms": 1000, "schedule_ms": 60_000} if looks else None,
        "initial": {"groups": groups} if index == 0 else {},
        "events": sorted(events, key=lambda event: event["t"]),
        "agents": {
            "scripts": {folder: [_script(rng) for _ in range(8)] for folder, _ in GROUPS},
            "default": {"steps": [], "exit": 1},
            "timeout_ms": 10_000,
            "idle_ms": 8000,
        },
    }


@pytest.fixture(scope="module")
def timelines():
    made = []
    for seed in range(TIMELINES):
        rng = random.Random(seed)
        made.append({"phases": [_phase(rng, 0, 0, seed % 2), _phase(rng, 1, 100, seed % 2)]})
    return made


@pytest.fixture(scope="module")
def traces(timelines):
    return {where: play(timelines, where) for where in (DESKTOP, BOX)}


@pytest.mark.parametrize("where", [DESKTOP, BOX])
def test_every_message_is_settled_once_or_still_pending_whatever_happens(timelines, traces, where):
    for seed, (timeline, trace) in enumerate(zip(timelines, traces[where], strict=True)):
        assert (seed, trace.get("fault"), violations(timeline, trace)) == (seed, None, [])


def test_the_timelines_are_hard_enough(timelines, traces):
    runs = [run for trace in traces[DESKTOP] for phase in trace["phases"] for run in phase["runs"]]
    assert {"done", "failed", None} <= {run["state"] for run in runs}
    assert max(run["attempt"] for run in runs) > 2
    interrupted = [
        trace for trace in traces[DESKTOP] if any(run["state"] is None for run in trace["phases"][0]["runs"])
    ]
    assert len(interrupted) > TIMELINES // 4
    assert any(phase["out"] for trace in traces[DESKTOP] for phase in trace["phases"])


def test_both_hosts_do_the_same(traces):
    for desktop, box in zip(traces[DESKTOP], traces[BOX], strict=True):
        for one, other in zip(desktop["phases"], box["phases"], strict=True):
            for part in ("runs", "out", "stored"):
                assert one[part] == other[part]
