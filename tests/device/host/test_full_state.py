"""Everything that the agent and the owner can fill, full: it boots, fits the heap, and stays as large as it is."""

# pyright: reportOptionalSubscript=false, reportAttributeAccessIssue=false
import gc

from device.host import audit, limits, portable
from device.host.clock import ManualClock
from device.host.journal import Journal
from device.host.state import State
from device.host.store import Store
from tests.device.host.box import START_MS, Box
from tests.device.host.memory_files import MemoryFiles

TURNS = 3
NEW_KINDS = ("note.set", "spend.set", "session.set", "policy.set", "ask.set", "override.set", "witness.set")
MOST_HEAP_BYTES = 600 * 1024
MOST_BYTES = 360 * 1024  # of these records in a snapshot, all full


def _fill(put, turn):
    """Each new kind at its largest, more often than is kept; `turn` makes every record another."""
    folders = ["main"] + ["g%d" % n for n in range(limits.GROUPS - 1)]
    for folder in folders:
        put("group.set", _group(folder))
        put("note.set", {"scope": folder, "text": _text(limits.NOTE_BYTES, turn), "by": "owner", "ts_ms": turn})
        session = {"folder": folder, "session": "session-%d" % turn}
        put("session.set", dict(session, summary=_text(limits.SUMMARY_BYTES, turn), upto=turn))
        for day in range(3):
            spent = {"input": 10**9, "output": 10**9, "micro_usd": 10**12, "calls": 10**6}
            put("spend.set", dict(spent, folder=folder, day="2026-01-%02d" % (10 * turn + day + 1)))
    put("note.set", {"scope": "global", "text": _text(limits.NOTE_BYTES, turn), "by": "owner", "ts_ms": turn})
    put("policy.set", {"version": "v%d" % turn, "rules": [_rule(n) for n in range(20)], "problem": None})
    for n in range(limits.ASKS_KEPT + limits.ASKS + 5):
        put("ask.set", _ask(turn * 100 + n))
    for n in range(limits.WITNESSES + 5):
        put("witness.set", {"chain": "host", "n": turn * 100 + n, "hash": "f" * 64, "ts_ms": turn})
    for n in range(limits.OVERRIDES):
        if turn:
            put("override.end", {"id": "override-%d-%d" % (turn - 1, n), "why": "x"})
        put("override.set", _override("override-%d-%d" % (turn, n)))
    put("override.left", {"left_ms": {"override-%d-0" % turn: 5, "unknown": 7}, "noted_ms": turn})


def _group(folder):
    group = {"folder": folder, "jid": "console:" + folder, "name": folder, "trigger": "@B", "requires_trigger": True}
    return dict(group, added_ms=1, paused=False)


def _text(size, turn):
    return ("%d " % turn + "x" * size)[:size]


def _rule(n):
    return {"name": "rule-%d" % n, "effect": "allow", "host": "host-%d.example" % n, "note": "n" * 200}


def _ask(n):
    ask = {"id": "ask-%d" % n, "n": n, "folder": "main", "run": "run-%d" % n, "tool": "http_fetch", "host": "a.example"}
    texts = {"args": "a" * limits.ASK_TEXT_BYTES, "why": "w" * limits.ASK_TEXT_BYTES, "digest": "d" * 64}
    ask.update(texts, port=443, method="POST", url="https://a.example/" + "u" * (limits.URL_BYTES - 18))
    return dict(ask, created_ms=n, expires_ms=n, state="denied", answer="deny", by="owner:screen", presence=True)


def _override(id_):
    override = {"id": id_, "group": None, "host": "a.example", "port": None, "methods": None, "by": "owner:cli"}
    times = {"start_ms": START_MS, "end_ms": START_MS + 10**7, "left_ms": 10**7, "noted_ms": START_MS}
    return dict(override, reason="r" * limits.RESULT_BYTES, **times)


def _measure(state):
    sizes = {}
    for kind, body in state.snapshot_records():
        sizes[kind] = sizes.get(kind, 0) + len(portable.dumps(body))
    return sizes


def test_each_new_kind_of_record_keeps_its_size_however_often_it_is_written():
    state, seen = State(), []
    for turn in range(TURNS):
        _fill(state.apply, turn)
        sizes = _measure(state)
        seen.append([sizes[kind] for kind in NEW_KINDS])
    for number, kind in enumerate(NEW_KINDS):
        first, last = seen[1][number], seen[-1][number]
        assert abs(last - first) <= first // 20, (kind, seen)
    assert sum(seen[-1]) <= MOST_BYTES, seen[-1]
    assert len(state.asks) == limits.ASKS_KEPT and len(state.overrides) == limits.OVERRIDES
    assert len(state.witnesses) <= limits.WITNESSES and len(state.spend) == limits.GROUPS


def test_all_of_them_together_take_little_of_the_heap():
    state = State()
    before = _live()
    _fill(state.apply, 1)
    for n in range(limits.AUDIT_RING):
        state.apply("audit", audit.entry(n, "x", "box", None, "info", "r", "r" * 100, "d" * 200))
    assert _live() - before <= MOST_HEAP_BYTES, _live() - before


def _filled():
    """(what each kind weighs, the files): a store that was filled and is gone, as its memory is at a boot."""
    files = MemoryFiles()
    store = Store(Journal(files), ManualClock(START_MS))
    store.recover()

    def put(kind, body):
        store.put(kind, body, up=False)
        store.commit()

    _fill(put, 1)
    return _measure(store.state), files.contents  # all of it is durable


def test_a_box_that_is_full_of_them_boots_with_all_of_them():
    sizes, contents = _filled()
    gc.collect()
    again = Box(contents)
    now = _measure(again.state)
    assert [now[kind] for kind in NEW_KINDS[:5]] == [sizes[kind] for kind in NEW_KINDS[:5]]
    assert len(again.state.notes) == limits.GROUPS + 1 and again.host.policy.rules.version == "v1"
    assert len(again.state.asks) == limits.ASKS_KEPT and len(again.host.overrides.live()) == limits.OVERRIDES - 1


def _live():
    gc.collect()
    return gc.mem_alloc() if portable.MICROPYTHON else 0


def test_a_journal_of_an_older_box_boots_without_them_and_an_older_box_passes_them_over():
    old = Store(Journal(MemoryFiles()), ManualClock(START_MS))
    old.recover()
    old.put("settings.set", {"assistant": "Andy", "zone": "UTC", "rule": "UTC0", "slots": 1}, up=False)
    old.put("group.set", _group("main"), up=False)
    old.put("session.set", {"folder": "main", "session": "s-1"}, up=False)
    old.commit()
    box = Box(old._journal._files.survivors())
    assert box.state.settings["budget_tokens"] == 0 and box.state.summaries == {} and box.state.notes == {}
    assert box.state.policy is None and box.host.policy.rules.problem and box.host.glance()["ask"] is None
    before = _measure(box.state)
    box.state.apply("kind.of.a.later.box", {"anything": 1})
    assert _measure(box.state) == before
