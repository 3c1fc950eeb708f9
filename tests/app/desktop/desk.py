"""The device's store over the SQLite journal, on a clock moved by hand."""

from app.host.desktop.journal import SqliteJournal
from device.host.clock import ManualClock
from device.host.store import Store
from tests.app.desktop.nanoclaw_file import NOW_MS


class Desk:
    """`with Desk(path) as desk:` a recovered store; leaving closes it as the process's end does."""

    def __init__(self, path, assistant="Andy", start_ms=NOW_MS):
        self.clock = ManualClock(start_ms)
        self.journal = SqliteJournal(path, assistant, self.clock.now_ms)
        self.store = Store(self.journal, self.clock)
        self.store.recover()
        if self.state.settings["assistant"] != assistant:  # as the host does at its first boot
            self.put(("settings.set", self.state.settings | {"assistant": assistant}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    @property
    def state(self):
        return self.store.state

    def put(self, *records):
        """Store records and commit; acknowledge them, so that the spool never fills."""
        for kind, body in records:
            self.store.put(kind, body)
        self.store.commit()
        self.store.acked(self.store.next_out() - 1)

    def add_group(self, folder="main", jid=None, **more):
        body = {"folder": folder, "jid": jid or f"{folder}@g.us", "name": folder.title(), "trigger": "@Andy"}
        body |= {"requires_trigger": folder != "main", "added_ms": self.clock.now_ms(), "paused": False}
        self.put(("group.set", body | more))

    def say(self, text, folder="main", ts_ms=None, jid=None, **more):
        """A message arrives; returns its number."""
        n = self.state.next_n
        body = {"n": n, "id": f"m{n}", "jid": jid or self.state.groups[folder]["jid"], "folder": folder}
        body |= {"sender": "ann", "sender_name": "Ann", "text": text, "from_me": False}
        self.put(("msg.stored", body | {"ts_ms": self.clock.now_ms() + n if ts_ms is None else ts_ms} | more))
        return n

    def reply(self, text, folder="main"):
        n = self.state.next_n
        body = {"id": f"out-{n}", "n": n, "jid": self.state.groups[folder]["jid"], "folder": folder, "text": text}
        self.put(("msg.out", body | {"run": None, "prefix": True, "ts_ms": self.clock.now_ms() + n}))

    def add_task(self, id_="task-1", folder="main", **more):
        body = {"id": id_, "folder": folder, "jid": self.state.groups[folder]["jid"], "prompt": "water the plants"}
        body |= {"kind": "cron", "value": "30 8 * * 1-5", "context": "isolated", "missed": "skip", "status": "active"}
        body |= {"next_ms": self.clock.now_ms() + 60_000, "last_ms": None, "last_result": None}
        self.put(("task.set", body | {"created_ms": self.clock.now_ms()} | more))

    def run_of(self, task_id, id_="run-1", folder="main", **more):
        """The record of a task's run that ended well after two seconds."""
        now_ms = self.clock.now_ms()
        body = {"id": id_, "folder": folder, "kind": "task", "task": task_id, "due_ms": now_ms, "queued_ms": now_ms}
        body |= {"started_ms": now_ms, "ended_ms": now_ms + 2000, "state": "done", "upto": None, "result": "done it"}
        return body | {"error": None, "attempt": 1} | more
