"""Fills the flash of a box that stands still: what the laptop cannot put there by asking, each kind at its bounds.

micropython -X heapsize=2m bench/on_box/fill.py HOME        (groups and tasks are there already)

Notes and summaries of all groups, rings, runs, audit events and answered asks. None of it is told to the laptop.
Prints JSON: how many groups, tasks, messages, and bytes of notes and summaries the box has now.
"""

import json
import sys

sys.path.insert(0, ".")

from device.host import audit, limits, portable, run_records
from device.host.clock import SystemClock
from device.host.files import Files
from device.host.journal import Journal
from device.host.store import Store
from device.machine_facts import storage
from device.sim import flash

TALKING = ("group-00", "group-01")  # their conversations are as long as a request may hold
TALK_MESSAGES = 26
TALK_BYTES = 780
OTHER_BYTES = 700


def fill(store, clock):
    put = _putter(store)
    folders = list(store.state.groups)
    room = limits.NOTES_BYTES // (len(folders) + 1)
    for folder in ["global"] + folders:
        put("note.set", {"scope": folder, "text": "n" * min(room, limits.NOTE_BYTES), "by": "owner", "ts_ms": 1})
    for folder in folders:
        session = store.state.sessions.get(folder) or run_records.new_id("session", clock.now_ms())
        text = "s" * limits.SUMMARY_BYTES
        put("session.set", {"folder": folder, "session": session, "summary": text, "upto": 0})
    _talk(store, put, clock, folders)
    for number in range(limits.RUN_LOG):
        run = run_records.started_messages(folders[number % len(folders)], [{"n": number}], clock.now_ms(), 1)
        put("run.ended", run_records.ended(run, "done", clock.now_ms(), None, "r" * limits.RESULT_BYTES))
    for number in range(limits.ASKS_KEPT):
        put("ask.set", _ask(number))
    for number in range(limits.AUDIT_RING):
        put("audit", audit.entry(number + 1, "tool.x", "group", "main", "info", "r", "r" * 100, "d" * 200))


def _talk(store, put, clock, folders):
    for folder in TALKING:
        for _ in range(TALK_MESSAGES):
            _message(store, put, clock, folder, TALK_BYTES)
    others = [folder for folder in folders if folder not in TALKING]
    weight = OTHER_BYTES + limits.MESSAGE_OVERHEAD_BYTES
    number = 0
    while store.state.ring_bytes + weight < limits.RING_BYTES:
        _message(store, put, clock, others[number % len(others)], OTHER_BYTES)
        number += 1


def _message(store, put, clock, folder, size):
    n = store.state.next_n
    body = {"id": "filled-%d" % n, "n": n, "jid": store.state.groups[folder]["jid"], "folder": folder, "sender": "ann"}
    body = dict(body, sender_name="Ann", text="m" * size, ts_ms=clock.now_ms(), from_me=False)
    put("msg.stored", body)
    put("cursor.set", {"folder": folder, "n": n})


def _ask(n):
    ask = {"id": "ask-%d" % n, "n": n, "folder": "main", "run": "run-%d" % n, "tool": "http_fetch", "host": "a.example"}
    texts = {"args": "a" * limits.ASK_TEXT_BYTES, "why": "w" * limits.ASK_TEXT_BYTES, "digest": "d" * 64}
    ask.update(texts, port=443, method="POST", url="https://a.example/" + "u" * (limits.URL_BYTES - 18))
    return dict(ask, created_ms=n, expires_ms=n, state="denied", answer="deny", by="owner:screen", presence=True)


def _putter(store):
    def put(kind, body):
        store.put(kind, body, up=False)
        store.commit()
        if store.wants_snapshot:
            store.snapshot()
            while store.drop_old():
                pass

    return put


def main(home):
    portable.collect_often(limits.GARBAGE_BYTES)
    path = flash.mount(flash.Flash(home + "/flash.img"))
    clock = SystemClock()
    store = Store(Journal(Files(path + "/journal")), clock)
    store.recover()
    fill(store, clock)
    state = store.state
    found = {"groups": len(state.groups), "tasks": len(state.tasks), "ring_bytes": state.ring_bytes}
    found["messages"] = sum([len(ring) for ring in state.rings.values()])
    found["notes_bytes"] = sum([len(note["text"]) for note in state.notes.values()])
    found["summary_bytes"] = sum([len(kept["summary"]) for kept in state.summaries.values()])
    store.close()
    found["storage_used"], found["storage_free"] = storage(path)
    print(json.dumps(found))


main(sys.argv[1])
