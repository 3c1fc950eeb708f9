"""The state's bounds, each driven past, and what may never be dropped."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false
from device.host import limits
from device.host.state import State
from tests.device.host.box import canonical


def group(folder):
    return {
        "folder": folder,
        "jid": "c:" + folder,
        "name": folder,
        "trigger": "@B",
        "requires_trigger": False,
        "added_ms": 1,
        "paused": False,
    }


def message(n, folder="main", text="hi", from_me=False):
    return {
        "n": n,
        "id": "m%d" % n,
        "jid": "c:" + folder,
        "folder": folder,
        "sender": "ann",
        "sender_name": "Ann",
        "text": text,
        "ts_ms": n,
        "from_me": from_me,
    }


def with_groups(*folders):
    state = State()
    for folder in folders:
        state.apply("group.set", group(folder))
    return state


def run(id_, state):
    return {"id": id_, "task": None, "state": state, "folder": "main"}


def test_a_ring_drops_its_oldest_settled_messages():
    state = with_groups("main")
    for n in range(1, 100):
        state.apply("msg.stored", message(n))
        state.apply("cursor.set", {"folder": "main", "n": n})
    assert len(state.rings["main"]) == limits.RING_MESSAGES
    assert state.rings["main"][-1]["n"] == 99


def test_messages_that_wait_are_never_dropped():
    state = with_groups("main")
    for n in range(1, limits.RING_MESSAGES + 10):
        state.apply("msg.stored", message(n))
    assert len(state.pending("main")) == limits.RING_MESSAGES + 9


def test_all_rings_together_are_bounded_in_bytes():
    folders = ["g%d" % i for i in range(10)]
    state = with_groups(*folders)
    n = 0
    for _ in range(30):
        for folder in folders:
            n += 1
            state.apply("msg.stored", message(n, folder, "t" * 3000))
            state.apply("cursor.set", {"folder": folder, "n": n})
    assert state.ring_bytes <= limits.RING_BYTES
    kept = [m["n"] for ring in state.rings.values() for m in ring]
    assert max(kept) == n and min(kept) > n - 62
    assert state.ring_bytes == sum(3000 + limits.MESSAGE_OVERHEAD_BYTES for _ in kept)


def test_a_known_message_is_known_after_its_ring_dropped_it():
    state = with_groups("main")
    for n in range(1, 200):
        state.apply("msg.stored", message(n))
        state.apply("cursor.set", {"folder": "main", "n": n})
    assert state.knows_message("c:main", "m1")
    assert not state.knows_message("c:main", "m200")
    for n in range(200, 200 + limits.RECENT_IDS):
        state.apply("msg.stored", message(n))
        state.apply("cursor.set", {"folder": "main", "n": n})
    assert not state.knows_message("c:main", "m1")
    assert len(state.recent) == limits.RECENT_IDS


def test_the_run_log_drops_ended_runs_only():
    state = with_groups("main")
    state.apply("run.queued", run("first", "queued"))
    for n in range(limits.RUN_LOG + 20):
        state.apply("run.ended", run("r%d" % n, "done"))
    assert len(state.runs) == limits.RUN_LOG
    assert state.run("first") is not None and state.run("r0") is None


def test_the_audit_ring_keeps_the_newest():
    state = State()
    for n in range(limits.AUDIT_RING + 5):
        state.apply("audit", {"n": n})
    assert len(state.audit) == limits.AUDIT_RING and state.audit[0] == {"n": 5}


def test_command_results_are_bounded_in_number_and_bytes():
    state = State()
    for n in range(limits.COMMAND_RESULTS + 5):
        state.apply("cmd.result", {"id": "c%d" % n, "ok": True, "result": None, "error": None})
    assert len(state.results) == limits.COMMAND_RESULTS and state.result("c4") is None
    for n in range(30):
        body = {"id": "d%d" % n, "ok": True, "result": {"prompt": "p" * 2048}, "error": None}
        state.apply("cmd.result", body)
    assert len(state.results) * 2048 <= limits.COMMAND_RESULT_BYTES
    assert state.result("d29") is not None


def test_the_cursor_never_goes_back():
    state = with_groups("main")
    state.apply("cursor.set", {"folder": "main", "n": 5})
    state.apply("cursor.set", {"folder": "main", "n": 3})
    assert state.cursors == {"main": 5}


def test_a_record_applied_twice_changes_nothing():
    state = with_groups("main")
    for kind, body in (("msg.stored", message(1)), ("run.ended", run("r", "done"))):
        state.apply(kind, body)
        once = canonical(state)
        state.apply(kind, dict(body))
        assert canonical(state) == once


def test_removing_a_group_removes_what_belongs_to_it():
    state = with_groups("main", "home")
    state.apply("msg.stored", message(1, "home"))
    state.apply("task.set", {"id": "t", "folder": "home"})
    state.apply("group.remove", {"folder": "home"})
    assert list(state.groups) == ["main"] and state.tasks == {} and state.ring_bytes == 0
    state.apply("msg.stored", message(2, "home"))
    assert "home" not in state.rings


def test_a_snapshot_recreates_the_state():
    state = with_groups("main", "home")
    for n in range(1, 50):
        state.apply("msg.stored", message(n, "home" if n % 3 else "main"))
    state.apply("cursor.set", {"folder": "home", "n": 20})
    state.apply("msg.out", dict(message(50), run="r", prefix=True))
    state.apply("run.queued", run("a", "queued"))
    state.apply("audit", {"n": 1})
    other = State()
    for kind, body in state.snapshot_records():
        other.apply(kind, body)
    assert canonical(other) == canonical(state)
    assert other.next_n == 51


def test_every_group_is_reached_from_the_console_unless_another_has_that_address():
    state = with_groups("main", "family")
    assert state.addressed("c:family") == "family"
    assert state.addressed("console:family") == "family"
    assert state.addressed("console:nobody") is None and state.addressed("x:family") is None
    state.apply("group.set", dict(group("odd"), jid="console:family"))
    assert state.addressed("console:family") == "odd"


def test_a_message_from_the_console_is_known_when_it_comes_again():
    state = with_groups("family")
    state.apply("msg.stored", dict(message(1, "family"), jid="console:family"))
    state.recent = []
    assert state.knows_message("console:family", "m1") and not state.knows_message("c:family", "m1")
