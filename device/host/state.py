"""Everything the box knows, as plain dicts, changed only by `apply(kind, body)`: deterministic and bounded.

The same records build it live, after a reboot and from a snapshot. Dicts that were put in are never changed afterwards
(only replaced), so the journal, the spool and readers may share them.
"""

from hashlib import sha256

from device.host import limits
from device.host.witness import keep as keep_witness

DEFAULT_SETTINGS = {
    "assistant": "Barnacle",
    "zone": "Europe/Berlin",
    "rule": "CET-1CEST,M3.5.0,M10.5.0/3",
    "slots": limits.SLOTS_DEFAULT,
    "budget_tokens": 0,  # per group and day; 0: no limit
    "budget_micro_usd": 0,
}
CONSOLE = "console:"
ENDED = ("done", "failed", "interrupted")


class State:
    """Read `groups`, `tasks`, `rings`, `cursors`, `runs`, `settings`, `audit`, `results`, `notes`, `spend`,
    `summaries`, `asks` and `overrides` (by id), `policy` (the body of the last policy.set, or None); change by
    `apply` only."""

    def __init__(self):
        self.settings = dict(DEFAULT_SETTINGS)
        self.groups = {}
        self.tasks = {}
        self.rings = {}
        self.cursors = {}
        self.sessions = {}
        self.summaries = {}  # folder -> {"summary", "upto": the last message in it}
        self.notes = {}  # "global" or folder -> note.set body
        self.spend = {}  # folder -> spend.set body of the last day with a call
        self.runs = []
        self.audit = []
        self.results = []
        self.asks = {}
        self.overrides = {}
        self.policy = None
        self.witnesses = []  # heads of the laptop's audit log, newest last
        self.recent = []
        self.next_n = 1
        self.ring_bytes = 0
        self._result_bytes = 0

    def apply(self, kind, body):
        """Take one record in. Kinds without effect on the state (refusals, sync marks, unknown) are passed over."""
        action = _ACTIONS.get(kind)
        if action is not None:
            action(self, body)

    def pending(self, folder):
        """Messages of a group that wait for the agent: after the cursor and not from the assistant itself."""
        cursor = self.cursors.get(folder, 0)
        return [m for m in self.rings.get(folder, ()) if m["n"] > cursor and not m["from_me"]]

    def knows_message(self, jid, id_):
        """True when this message was accepted before (as far back as the bounded memory reaches)."""
        if fingerprint(jid, id_) in self.recent:
            return True
        return any(m["id"] == id_ and m["jid"] == jid for m in self.rings.get(self.addressed(jid), ()))

    def folder_of(self, jid):
        """The folder of the group with this chat address, or None."""
        for folder, group in self.groups.items():
            if group["jid"] == jid:
                return folder
        return None

    def addressed(self, jid):
        """The folder of the group that a message to `jid` is for, or None: the group with this chat address, or the
        folder that follows "console:", by which the owner reaches every group, whatever chat it serves."""
        folder = self.folder_of(jid)
        if folder is None and jid.startswith(CONSOLE) and jid[len(CONSOLE) :] in self.groups:
            return jid[len(CONSOLE) :]
        return folder

    def run(self, id_):
        """The logged run with this id, or None."""
        for run in reversed(self.runs):
            if run["id"] == id_:
                return run
        return None

    def active_run(self, task_id):
        """The queued or running run of a task, or None."""
        for run in self.runs:
            if run["task"] == task_id and run["state"] not in ENDED:
                return run
        return None

    def result(self, command_id):
        """The remembered `cmd.result` body of a command, or None."""
        for body in self.results:
            if body["id"] == command_id:
                return body
        return None

    def open_asks(self):
        """The asks that wait for an answer, oldest first."""
        return [ask for ask in in_order(self.asks) if ask["state"] == "open"]

    def unsettled_bytes(self):
        """What the messages that may not be dropped yet weigh, in the measure of RING_BYTES."""
        return sum(weight(m) for folder in self.rings for m in self.pending(folder))

    def snapshot_records(self):
        """Yield the (kind, body) records that re-create this state when applied to an empty one."""
        yield "settings.set", self.settings
        for group in self.groups.values():
            yield "group.set", group
        for folder in self.sessions:
            session = {"folder": folder, "session": self.sessions[folder]}
            session.update(self.summaries.get(folder, {}))
            yield "session.set", session
        for note in self.notes.values():
            yield "note.set", note
        for spent in self.spend.values():
            yield "spend.set", spent
        for task in self.tasks.values():
            yield "task.set", task
        for folder in self.rings:
            yield "cursor.set", {"folder": folder, "n": self.cursors.get(folder, 0)}
            for message in self.rings[folder]:
                yield "msg.stored", message
        for run in self.runs:
            yield "run.ended", run
        if self.policy is not None:
            yield "policy.set", self.policy
        for ask in in_order(self.asks):
            yield "ask.set", ask
        for override in self.overrides.values():
            yield "override.set", override
        for witness in self.witnesses:
            yield "witness.set", witness
        for entry in self.audit:
            yield "audit", entry
        for result in self.results:
            yield "cmd.result", result
        for start in range(0, len(self.recent), 128):
            yield "!recent", {"first": start == 0, "ids": self.recent[start : start + 128]}
        yield "!counters", {"next_n": self.next_n}

    def _set_settings(self, body):
        self.settings = dict(DEFAULT_SETTINGS)  # what an older box wrote knows fewer
        self.settings.update(body)

    def _set_group(self, body):
        folder = body["folder"]
        self.groups[folder] = body
        if folder not in self.rings:
            self.rings[folder] = []
            self.cursors[folder] = 0

    def _remove_group(self, body):
        folder = body["folder"]
        self.groups.pop(folder, None)
        self.cursors.pop(folder, None)
        for table in (self.sessions, self.summaries, self.notes, self.spend):
            table.pop(folder, None)
        self.ring_bytes -= sum(weight(m) for m in self.rings.pop(folder, ()))
        for id_ in [t["id"] for t in self.tasks.values() if t["folder"] == folder]:
            del self.tasks[id_]

    def _set_session(self, body):
        folder = body["folder"]
        if folder in self.groups:
            self.sessions[folder] = body["session"]
            if "upto" in body:
                self.summaries[folder] = {"summary": body["summary"], "upto": body["upto"]}

    def _set_note(self, body):
        if body["scope"] == "global" or body["scope"] in self.groups:
            self.notes[body["scope"]] = body
        if not body["text"]:
            self.notes.pop(body["scope"], None)

    def _set_spend(self, body):
        if body["folder"] in self.groups:
            self.spend[body["folder"]] = body

    def _set_task(self, body):
        self.tasks[body["id"]] = body

    def _remove_task(self, body):
        self.tasks.pop(body["id"], None)

    def _set_cursor(self, body):
        folder = body["folder"]
        if folder in self.rings and body["n"] > self.cursors.get(folder, 0):
            self.cursors[folder] = body["n"]

    def _store_message(self, body, incoming=True):
        ring = self.rings.get(body["folder"])
        if ring is None or any(m["n"] == body["n"] for m in ring):
            return
        group = self.groups[body["folder"]]
        body["folder"] = group["folder"]  # one string for all messages of a group
        body["jid"] = group["jid"] if group["jid"] == body["jid"] else body["jid"]
        ring.append(body)
        self.ring_bytes += weight(body)
        self.next_n = max(self.next_n, body["n"] + 1)
        if incoming:
            self.recent.append(fingerprint(body["jid"], body["id"]))
            if len(self.recent) > limits.RECENT_IDS:
                del self.recent[0]
        self._trim_rings(ring)

    def _drop_waiting(self, body):
        ring = self.rings.get(body["folder"], [])
        for message in [m for m in ring if m["n"] in body["ns"]]:
            ring.remove(message)
            self.ring_bytes -= weight(message)

    def _store_reply(self, body):
        message = {
            "n": body["n"],
            "id": body["id"],
            "jid": body["jid"],
            "folder": body["folder"],
            "sender": "",
            "sender_name": self.settings["assistant"],
            "text": body["text"],
            "ts_ms": body["ts_ms"],
            "from_me": True,
        }
        self._store_message(message, False)

    def _trim_rings(self, ring):
        if len(ring) > limits.RING_MESSAGES:
            self._drop_settled((ring,))
        while self.ring_bytes > limits.RING_BYTES and self._drop_settled(self.rings.values()):
            pass

    def _drop_settled(self, rings):
        """Drop the oldest message that needs no more handing over; False when there is none."""
        best_ring = best = None
        for ring in rings:
            for index, message in enumerate(ring):
                if message["from_me"] or message["n"] <= self.cursors.get(message["folder"], 0):
                    if best is None or message["n"] < best[0]:
                        best_ring, best = ring, (message["n"], index)
                    break
        if best_ring is None or best is None:
            return False
        self.ring_bytes -= weight(best_ring.pop(best[1]))
        return True

    def _set_run(self, body):
        for index in range(len(self.runs) - 1, -1, -1):
            if self.runs[index]["id"] == body["id"]:
                self.runs[index] = body
                return
        self.runs.append(body)
        if len(self.runs) > limits.RUN_LOG:
            for index, run in enumerate(self.runs):
                if run["state"] in ENDED:
                    del self.runs[index]
                    return

    def _add_audit(self, body):
        self.audit.append(body)
        if len(self.audit) > limits.AUDIT_RING:
            del self.audit[0]

    def _add_witness(self, body):
        self.witnesses = keep_witness(self.witnesses, body)

    def _add_result(self, body):
        if self.result(body["id"]) is not None:
            return
        self.results.append(body)
        self._result_bytes += _result_weight(body)
        while len(self.results) > 1 and (
            len(self.results) > limits.COMMAND_RESULTS or self._result_bytes > limits.COMMAND_RESULT_BYTES
        ):
            self._result_bytes -= _result_weight(self.results.pop(0))

    def _set_policy(self, body):
        self.policy = body

    def _set_ask(self, body):
        self.asks[body["id"]] = body
        closed = [ask for ask in in_order(self.asks) if ask["state"] != "open"]
        for ask in closed[: max(0, len(closed) - limits.ASKS_KEPT)]:
            del self.asks[ask["id"]]

    def _set_override(self, body):
        self.overrides[body["id"]] = body

    def _note_left(self, body):
        for id_ in body["left_ms"]:
            if id_ in self.overrides:
                noted = dict(self.overrides[id_], left_ms=body["left_ms"][id_], noted_ms=body["noted_ms"])
                self.overrides[id_] = noted

    def _end_override(self, body):
        self.overrides.pop(body["id"], None)

    def _set_recent(self, body):
        self.recent = list(body["ids"]) if body["first"] else self.recent + body["ids"]

    def _set_counters(self, body):
        self.next_n = max(self.next_n, body["next_n"])


_ACTIONS = {
    "settings.set": State._set_settings,
    "group.set": State._set_group,
    "group.remove": State._remove_group,
    "task.set": State._set_task,
    "task.remove": State._remove_task,
    "cursor.set": State._set_cursor,
    "queue.dropped": State._drop_waiting,
    "session.set": State._set_session,
    "note.set": State._set_note,
    "spend.set": State._set_spend,
    "msg.stored": State._store_message,
    "msg.out": State._store_reply,
    "run.queued": State._set_run,
    "run.started": State._set_run,
    "run.ended": State._set_run,
    "audit": State._add_audit,
    "cmd.result": State._add_result,
    "policy.set": State._set_policy,
    "witness.set": State._add_witness,
    "ask.set": State._set_ask,
    "override.set": State._set_override,
    "override.left": State._note_left,
    "override.end": State._end_override,
    "!recent": State._set_recent,
    "!counters": State._set_counters,
}


def in_order(asks):
    """The asks of a dict by number, the oldest first."""
    return sorted(asks.values(), key=_ask_number)


def weight(message):
    """What a kept message counts against RING_BYTES: its text in UTF-8 and the object around it."""
    return len(message["text"].encode()) + limits.MESSAGE_OVERHEAD_BYTES


def fingerprint(jid, id_):
    """56 bits that stand for a message's address and id: a small integer on every platform's heap budget."""
    return int.from_bytes(sha256((jid + "\n" + id_).encode()).digest()[:7], "big")


def _ask_number(ask):
    return ask["n"]


def _result_weight(body):
    """Rough size of a remembered result: its longest parts."""
    result = body["result"]
    if isinstance(result, dict):
        return 128 + sum(len(v) for v in result.values() if isinstance(v, str))
    return 128
